/** Verifies who asks: the chain of passports and the agent's signature under exactly this question (spec chapter 15.2). @module */
import {
  checkComponents,
  equal,
  findSignature,
  Malformed,
  parseContentDigest,
  Refusal,
  signatureBase,
  verifyEd25519,
  type CryptoPort,
  type SignatureMember,
} from '@aiegis/protocol'
import type { VerifiedChain } from '@aiegis/verifier'
import type { AskHeaders } from './ask.ts'
import type { Chains } from './chains.ts'

/** An agent that proved who it is, and the question it signed. */
export interface Asker {
  /** From whom it got the task to itself, the last; just itself when nobody handed off. */
  readonly chain: VerifiedChain
  /** RFC 7638 thumbprint of the agent's key. */
  readonly jkt: string
  /** With `jkt` unique for all time that this harness remembers. */
  readonly nonce: string
  /** When the question was signed, epoch seconds, as the agent says. */
  readonly created: number
}

/** What verification needs. */
export interface AskerOptions {
  /** URL of the endpoint as this harness is configured with it, never one made of headers. */
  readonly endpoint: string
  readonly chains: Chains
  readonly crypto: CryptoPort
}

const TAG = 'aegis-ask'
const FRESH_SECONDS = 60

/**
 * The agent, or null for a question that has neither passport nor signature. Throws `ask_untrusted` for everything that does not
 * verify: a question that tried is never taken for an unsigned one. Throws `ask_stale` for times. `now` is epoch seconds.
 * Does not remember nonces: the caller claims them.
 */
export async function verifyAsker(
  headers: AskHeaders,
  content: Uint8Array,
  options: AskerOptions,
  now: number,
): Promise<Asker | null> {
  const member = findAsk(headers)
  if (headers.passport === undefined && member === undefined) return null
  if (headers.passport === undefined || member === undefined)
    throw new Refusal('ask_untrusted', 'a passport without a signature, or the reverse')
  const chain = await verifyChain(headers.passport, options.chains, now)
  const { jkt, passport } = chain.presenter
  checkParams(member, jkt, now)
  checkDigest(headers.contentDigest, content, options.crypto)
  const base = baseOf(member, headers, headers.passport, options.endpoint)
  if (!(await verifyEd25519(options.crypto, passport.key, base, member.signature)))
    throw new Refusal('ask_untrusted', 'the signature does not verify')
  const { created, nonce = '' } = member.params
  return { chain, jkt, nonce, created }
}

function findAsk({ signatureInput, signature }: AskHeaders): SignatureMember | undefined {
  if (signatureInput === undefined) return undefined
  return distrust('Signature-Input', () => findSignature(signatureInput, signature ?? '', TAG))
}

/** What an agent may not do with the chain is for a decision to say; whether the chain is good is said here. */
async function verifyChain(text: string, chains: Chains, now: number): Promise<VerifiedChain> {
  try {
    const chain = await chains.read(text, now)
    chains.checkRoles(chain)
    chains.checkStanding(chain, now)
    return chain
  } catch (error) {
    throw asUntrusted('X-AEGIS-Passport', error)
  }
}

/** What may have changed since the question came. Throws `ask_untrusted`. `now` is epoch seconds. */
export function checkStillGood({ chain }: Asker, chains: Chains, now: number): void {
  distrust('X-AEGIS-Passport', () => chains.checkStanding(chain, now))
}

function checkParams({ params }: SignatureMember, jkt: string, now: number): void {
  if (params.keyid !== jkt) throw new Refusal('ask_untrusted', '"keyid" is not the thumbprint of the passport key')
  if (params.nonce === undefined || params.nonce === '') throw new Refusal('ask_untrusted', 'no "nonce"')
  if (Math.abs(now - params.created) > FRESH_SECONDS) throw new Refusal('ask_stale', `created ${params.created}, now ${now}`)
  if (params.expires !== undefined && params.expires <= now)
    throw new Refusal('ask_stale', `expires ${params.expires}, now ${now}`)
}

function checkDigest(header: string | undefined, content: Uint8Array, crypto: CryptoPort): void {
  const digest = distrust('Content-Digest', () => parseContentDigest(header ?? ''))
  if (!equal(digest, crypto.sha256(content))) throw new Refusal('ask_untrusted', 'Content-Digest is not the hash of the content')
}

/** `Idempotency-Key` is covered exactly when it is there: one that was not signed could be changed on the way. */
function baseOf(member: SignatureMember, headers: AskHeaders, passport: string, endpoint: string): Uint8Array {
  const components: (readonly [string, string])[] = [
    ['@method', 'POST'],
    ['@target-uri', endpoint],
    ['content-digest', headers.contentDigest ?? ''],
    ['x-aegis-passport', passport],
  ]
  if (headers.idempotencyKey !== undefined) components.push(['idempotency-key', headers.idempotencyKey])
  return distrust('the signature', () => {
    checkComponents(
      member,
      components.map(([name]) => name),
    )
    return signatureBase(components, member.paramsText)
  })
}

/** Whatever is wrong with evidence has one public code here. */
function distrust<T>(what: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw asUntrusted(what, error)
  }
}

function asUntrusted(what: string, error: unknown): unknown {
  const refused = error instanceof Malformed || error instanceof Refusal
  return refused ? new Refusal('ask_untrusted', `${what}: ${error.message}`, { cause: error }) : error
}
