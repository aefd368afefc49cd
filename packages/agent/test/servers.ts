/** Loopback servers for tests: a harness that checks the question and an API that records what reaches it. @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  checkComponents,
  createSigner,
  defaultCrypto,
  equal,
  findSignature,
  formatDidKey,
  parseContentDigest,
  signatureBase,
  thumbprint,
  utf8,
  verifyEd25519,
  type SignatureMember,
  type Signer,
  type SyncSigner,
} from '@aiegis/protocol'
import { listen } from '@aiegis/testing'

export const agent: SyncSigner = createSigner(defaultCrypto().sha256(utf8('agent')), (key) => `${formatDidKey(key)}#key`)
export const PASSPORT = 'eyJhbGciOiJFZDI1NTE5In0.e30.AAAA'
export const TOKEN = 'eyJhbGciOiJFZDI1NTE5In0.eyJhIjoxfQ.BBBB'
export const PROOF = 'YzJzcC5vcmc'

/** One request as it arrived. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Names in order, as sent; a name that occurs twice is two lines. */
  readonly names: readonly string[]
  readonly content: Buffer
}

/** Answers one request. */
export type Answer = (seen: Seen, response: ServerResponse) => void

/** A server on a free port that keeps what it has seen. */
export interface Recorder {
  readonly origin: string
  readonly seen: Seen[]
  answer: Answer
  close(): Promise<void>
}

export async function startRecorder(answer: Answer): Promise<Recorder> {
  const server: Server = createServer((request, response) => void receive(request, response))
  const recorder: { origin: string; seen: Seen[]; answer: Answer; close: () => Promise<void> } = {
    origin: '',
    seen: [],
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
    const headers = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]))
    const seen = { method: request.method ?? '', target: request.url ?? '', headers, names, content: Buffer.concat(chunks) }
    recorder.seen.push(seen)
    recorder.answer(seen, response)
  }
  recorder.origin = `http://127.0.0.1:${await listen(server)}`
  return recorder
}

/** An answer as JSON. */
export const json =
  (status: number, body: unknown): Answer =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }

/** The public members of an answer. */
export const decided = (decision: string, more: object = {}): object => ({
  decision,
  reason: null,
  layer: null,
  deciding_pack: null,
  deciding_rule: null,
  decision_ms: 1,
  agent_did: 'did:key:z6Mk',
  receipt_id: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C',
  ...more,
})

/** Allows everything. */
export const allow: Answer = json(200, decided('ALLOW', { token: TOKEN, proof: PROOF, obligations: [] }))

/** The question's signature, checked as chapter 15 says; throws or returns the member. */
export async function checkQuestion(origin: string, seen: Seen, signer: Signer = agent): Promise<SignatureMember> {
  const { headers } = seen
  const repeated = 'idempotency-key' in headers
  const components = ['@method', '@target-uri', 'content-digest', 'x-aegis-passport', ...(repeated ? ['idempotency-key'] : [])]
  const member = findSignature(headers['signature-input'] ?? '', headers['signature'] ?? '', 'aegis-ask')
  if (member === undefined) throw new Error('no aegis-ask')
  checkComponents(member, components)
  if (!equal(parseContentDigest(headers['content-digest'] ?? ''), defaultCrypto().sha256(seen.content))) throw new Error('digest')
  const values = components.map((name) => {
    const derived = name === '@method' ? seen.method : name === '@target-uri' ? `${origin}${seen.target}` : headers[name]
    return [name, derived ?? ''] as const
  })
  await checkSignature(member, values, signer)
  return member
}

/** The possession signature over what really arrived; throws or returns the member. */
export async function checkPossession(origin: string, seen: Seen): Promise<SignatureMember> {
  const member = findSignature(seen.headers['signature-input'] ?? '', seen.headers['signature'] ?? '', 'aegis-pop')
  if (member === undefined) throw new Error('no aegis-pop')
  checkComponents(member, ['@method', '@target-uri', 'x-aegis-token'])
  const values = [
    ['@method', seen.method],
    ['@target-uri', `${origin}${seen.target}`],
    ['x-aegis-token', seen.headers['x-aegis-token'] ?? ''],
  ] as const
  await checkSignature(member, values, agent)
  return member
}

async function checkSignature(
  member: SignatureMember,
  values: readonly (readonly [string, string])[],
  { publicKey }: Signer,
): Promise<void> {
  if (member.params.keyid !== thumbprint(defaultCrypto(), publicKey)) throw new Error('keyid')
  const base = signatureBase(values, member.paramsText)
  if (!(await verifyEd25519(defaultCrypto(), publicKey, base, member.signature))) throw new Error('signature')
}
