/** Evidence from generic libraries, made as spec/ says and accepted by a receiver. Any surprise ends with exit code 1. @module */
import { heading, say, scene } from '../story/print.ts'
import { outcomeOf } from '../story/attempt.ts'
import { headersOf, type Evidence } from './agent.ts'
import { claimsFor, HARNESS, signToken, type Shown } from './harness.ts'
import { createPassport } from './issuer.ts'
import { createPair, sha256, type Pair } from './keys.ts'
import { leafOf, proofOf } from './log.ts'
import { startReceiver } from './receiver.ts'

const keys = { harness: createPair(), issuer: createPair(), status: createPair(), log: createPair() }
const agent = createPair()
const { url, list, effects, close } = await startReceiver(keys)
const passport = await createPassport(keys.issuer, agent, {
  harness: HARNESS,
  mission: [{ action: 'orders.*', target: `${url}/*` }],
  list,
})
const order: Shown = {
  method: 'POST',
  url: `${url}/orders?dry=1`,
  action: 'orders.create',
  contentType: 'application/json',
  content: '{"item":"book"}',
}
// Whatever else the log holds; the receiver never sees it.
const others = Array.from({ length: 12 }, (_, at) => sha256(`entry ${at}`))

interface Scene {
  readonly name: string
  readonly ends: string
  readonly play: () => Promise<Response>
}

let first: Evidence | undefined
const SCENES: readonly Scene[] = [
  { name: 'evidence made from scratch', ends: 'done', play: async () => send(order, (first = await permit())) },
  { name: 'the same token again', ends: 'token_replayed', play: async () => send(order, first ?? (await permit())) },
  {
    name: 'other content than was decided',
    ends: 'content_mismatch',
    play: async () => send({ ...order, content: '{"item":"car"}' }, await permit()),
  },
  { name: 'signed with another key', ends: 'possession_invalid', play: async () => send(order, await permit(), createPair()) },
  {
    name: 'the proof of another decision',
    ends: 'inclusion_invalid',
    play: async () => send(order, { ...(await permit()), proof: (await permit()).proof }),
  },
]

try {
  heading('Evidence from jose, canonicalize, http-message-signatures and node:crypto')
  let good = true
  for (const { name, ends, play } of SCENES) {
    const before = effects()
    const outcome = await outcomeOf(await play())
    const expected = outcome.code === ends && effects() - before === (ends === 'done' ? 1 : 0)
    good &&= expected
    scene(name, outcome, '', expected)
    if (!expected) say(`expected ${ends}; handlers ran ${effects() - before} times`)
  }
  console.log(good ? '\nEvery scene ended as it must.' : '\nSomething ended otherwise than it must.')
  process.exitCode = good ? 0 : 1
} finally {
  await close()
}

/** What harness and log answer when the agent shows them the order. */
async function permit(): Promise<Evidence> {
  const claims = claimsFor(agent, passport, order)
  const token = await signToken(keys.harness, claims)
  const leaves = [...others.slice(0, 5), leafOf(token, claims), ...others.slice(5)]
  return { token, passport, proof: proofOf(keys.log, leaves, 5) }
}

/** Sends `shown` with the evidence; `signer` is the agent unless somebody stole the token. */
async function send(shown: Shown, evidence: Evidence, signer: Pair = agent): Promise<Response> {
  const headers = await headersOf(signer, shown, evidence)
  // The key that the token names is public.
  if (signer !== agent) headers.set('signature-input', (await headersOf(agent, shown, evidence)).get('signature-input') ?? '')
  return fetch(shown.url, { method: shown.method, headers, body: shown.content })
}
