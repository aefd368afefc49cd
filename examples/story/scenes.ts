/** The scenes: what an agent tries, and how it must end. @module */
import { signPossession } from '@aiegis/agent'
import {
  createSigner,
  encodeBase64url,
  encodeJwsInput,
  parseJson,
  utf8,
  decodeBase64url,
  isObject,
  type SyncSigner,
} from '@aiegis/protocol'
import { randomBytes } from 'node:crypto'
import { attempt, outcomeOf, send, type Sent, type Shown, type Tampering } from './attempt.ts'
import type { Outcome } from './print.ts'
import type { World } from './world.ts'

/** One scene with the end that it must have. */
export interface Scene {
  readonly name: string
  readonly status: number
  readonly code: string
  play(world: World): Promise<Outcome>
  /** Show what the ledger stored. */
  readonly showsEntry?: true
}

const read = (world: World): Shown => ({ url: `${world.orders}/orders/7`, action: 'orders.read' })
const write = (world: World, item = 'a chair'): Shown => ({
  method: 'POST',
  url: `${world.orders}/orders`,
  action: 'orders.create',
  contentType: 'application/json',
  content: JSON.stringify({ item }),
})

/** Every scene in the order of the telling. */
export const SCENES: readonly Scene[] = [
  { name: 'allowed read', status: 200, code: 'done', play: (world) => attempt(world.agent, read(world)) },
  { name: 'allowed write', status: 201, code: 'done', play: (world) => attempt(world.agent, write(world)) },
  {
    name: 'no token',
    status: 401,
    code: 'token_missing',
    play: async (world) => outcomeOf(await fetch(read(world).url)),
  },
  {
    name: 'an e-mail address in the body',
    status: 401,
    code: 'decision_block',
    showsEntry: true,
    play: (world) => attempt(world.agent, write(world, 'a letter to ada@example.com')),
  },
  {
    name: 'a tool that is not on the list',
    status: 401,
    code: 'decision_block',
    play: (world) => attempt(world.agent, { method: 'DELETE', url: `${world.orders}/orders/7`, action: 'orders.delete' }),
  },
  tampered('body changed after the decision', 'content_mismatch', write, (sent) => ({ ...sent, content: '{"item":"a yacht"}' })),
  tampered('content type changed', 'content_type_mismatch', write, (sent) => withHeader(sent, 'Content-Type', 'text/plain')),
  tampered('another path', 'uri_mismatch', read, (sent) => ({ ...sent, url: sent.url.replace('/orders/7', '/orders/8') })),
  tampered('another query', 'uri_mismatch', read, (sent) => ({ ...sent, url: `${sent.url}?all=1` })),
  {
    name: 'policy asked about one thing, another sent',
    status: 403,
    code: 'action_mismatch',
    play: (world) => attempt(world.agent, { ...write(world), action: 'orders.read' }),
  },
  tampered('stolen token, without the agent’s key', 'possession_invalid', read, async (sent, world) => {
    const thief = createSigner(randomBytes(32), world.agent.signer.kid)
    const token = sent.headers.get('X-AEGIS-Token') ?? ''
    const signed = await signPossession(
      { ...thief, publicKey: world.agent.signer.publicKey },
      { method: sent.method, url: sent.url, token, created: 0 },
    )
    return withHeader(withHeader(sent, 'Signature-Input', signed['Signature-Input']), 'Signature', signed.Signature)
  }),
  {
    name: 'the same request again',
    status: 409,
    code: 'token_replayed',
    play: async (world) => outcomeOf(await send(await evidenceOf(world, read(world)))),
  },
  {
    name: 'expired: a harness whose clock is behind',
    status: 401,
    code: 'token_expired',
    play: (world) => world.withLateHarness((late) => attempt(late, read(world))),
  },
  tampered('forged proof: that of another decision', 'inclusion_invalid', read, async (sent, world) => {
    const other = await evidenceOf(world, read(world))
    return withHeader(sent, 'X-AEGIS-Proof', other.headers.get('X-AEGIS-Proof') ?? '')
  }),
  tampered(
    'token for another receiver',
    'audience_mismatch',
    () => ({ url: 'https://api.example.com/orders/7', action: 'orders.read' }),
    (sent, world) => ({ ...sent, url: read(world).url }),
  ),
  tampered('a harness that the passport does not name', 'harness_not_named', read, (sent, world) =>
    withHeader(sent, 'X-AEGIS-Token', resigned(sent.headers.get('X-AEGIS-Token') ?? '', world.otherHarness)),
  ),
  {
    name: 'a revoked agent',
    status: 401,
    code: 'passport_revoked',
    play: async (world) => {
      const agent = await world.newAgent()
      const before = await attempt(agent.actor, read(world))
      if (before.status !== 200) return before
      // The token was issued before the passport was revoked: the receiver has to notice.
      return attempt(agent.actor, read(world), async (sent) => {
        await agent.revoke()
        return sent
      })
    },
  },
]

/** A scene in which the harness allows `shown` and `tamper` sends something else. */
function tampered(
  name: string,
  code: string,
  shown: (world: World) => Shown,
  tamper: (sent: Sent, world: World) => Sent | Promise<Sent>,
): Scene {
  const apply =
    (world: World): Tampering =>
    (sent) =>
      tamper(sent, world)
  return { name, status: 401, code, play: (world) => attempt(world.agent, shown(world), apply(world)) }
}

/** A request that was sent, and served, with its evidence. */
export async function evidenceOf(world: World, shown: Shown): Promise<Sent> {
  let sent: Sent | undefined
  const { status } = await attempt(world.agent, shown, (honest) => (sent = honest))
  if (sent === undefined || status !== 200) throw new Error(`an honest request was not served: ${status}`)
  return sent
}

function withHeader(sent: Sent, name: string, value: string): Sent {
  const headers = new Headers(sent.headers)
  headers.set(name, value)
  return { ...sent, headers }
}

/** The same claims under the name and the key of another harness, which the receiver trusts too. */
function resigned(token: string, harness: SyncSigner): string {
  const [did = ''] = harness.kid.split('#')
  const claims = parseJson(decodeBase64url(token.split('.')[1] ?? ''), { maxBytes: 4096 })
  const input = encodeJwsInput(
    { alg: 'Ed25519', typ: 'aegis-token+jwt', kid: harness.kid },
    { ...(isObject(claims) ? claims : {}), iss: did },
  )
  return `${input}.${encodeBase64url(harness.sign(utf8(input)))}`
}
