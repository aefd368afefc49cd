/** What the worker tries, and what others try with the worker, each with the code that ends it. @module */
import { signPossession, takeOver } from '@aiegis/agent'
import { decodeBase64url, DELEGATION_TYPE, isObject, parseJson, signJws } from '@aiegis/protocol'
import { attempt, outcomeOf, send, type Actor, type Sent } from '../story/attempt.ts'
import type { Outcome } from '../story/print.ts'
import type { Unasked } from './careless.ts'
import { away, postTask, read, told, worker, write, type Scene } from './task.ts'
import type { World } from './world.ts'

/** What is done with the request that the worker may make under a new hand-off. */
type Play = (world: World, handed: { readonly actor: Actor; readonly txn: string; readonly handOff: string }) => Promise<Outcome>

const under =
  (play: Play): Scene['play'] =>
  async (world) => {
    const { handOff, txn } = await world.handOff()
    return play(world, { actor: worker(world, takeOver(handOff, world.worker.passport)), txn, handOff })
  }

/** The worker is given a token by a harness that does not look. */
async function unasked(world: World, actor: Actor, request: Unasked): Promise<Outcome> {
  return outcomeOf(await send(await world.careless.permit(actor, request)))
}

/** The worker was given a token of the planner, or found it. */
export const reused = (own: (world: World) => Promise<Sent>): readonly Scene[] => [
  {
    name: 'the planner’s token under the whole chain',
    who: 'worker as planner',
    status: 401,
    code: 'token_passed_on',
    play: under(async (world, { actor }) => outcomeOf(await send(await possessed(await own(world), world, actor.passport)))),
  },
  {
    name: 'the planner’s token under the own passport',
    who: 'worker as planner',
    status: 401,
    code: 'passport_digest_mismatch',
    play: async (world) => outcomeOf(await send(await possessed(await own(world), world, world.worker.passport))),
  },
  {
    name: 'the planner’s token and passport, the own key',
    who: 'worker as planner',
    status: 401,
    code: 'possession_key_mismatch',
    play: async (world) => outcomeOf(await send(await possessed(await own(world), world, world.planner.passport))),
  },
]

/** The worker wants more than it was given. */
export const widened: readonly Scene[] = [
  {
    name: 'what was handed, decided by a careless harness',
    who: 'worker for planner',
    status: 200,
    code: 'done',
    play: under((world, { actor, txn }) => unasked(world, actor, { ...read(world), txn })),
  },
  {
    name: 'an action outside the hand-off',
    who: 'worker for planner',
    status: 401,
    code: 'decision_block',
    says: () => ['mission_exceeded'],
    play: under((world, { actor }) => attempt(actor, write(world))),
  },
  {
    name: 'the same, decided by a careless harness',
    who: 'worker for planner',
    status: 403,
    code: 'mission_exceeded',
    play: under((world, { actor, txn }) => unasked(world, actor, { ...write(world), txn })),
  },
  {
    name: 'a wider mission, signed by the worker',
    who: 'worker for planner',
    status: 401,
    code: 'ask_untrusted',
    play: under(async (world, { handOff }) => attempt(worker(world, await wider(world, handOff)), write(world))),
  },
  {
    name: 'the same, decided by a careless harness',
    who: 'worker for planner',
    status: 401,
    code: 'delegation_signature_invalid',
    play: under(async (world, { handOff, txn }) =>
      unasked(world, worker(world, await wider(world, handOff)), { ...write(world), txn }),
    ),
  },
]

/** The worker does not say for whom it acts. */
export const dropped: readonly Scene[] = [
  {
    name: 'the own passport alone',
    who: 'worker for itself',
    status: 401,
    code: 'decision_block',
    says: () => ['delegated_only'],
    play: (world) => attempt(worker(world, world.worker.passport), read(world)),
  },
  {
    name: 'the same, decided by a careless harness',
    who: 'worker for itself',
    status: 403,
    code: 'delegated_only',
    play: under((world, { txn }) => unasked(world, worker(world, world.worker.passport), { ...read(world), txn })),
  },
  {
    name: 'a token for the chain, the passport alone',
    who: 'worker for itself',
    status: 401,
    code: 'passport_digest_mismatch',
    play: under((world, { actor }) =>
      attempt(actor, read(world), (sent) => withHeader(sent, 'X-AEGIS-Passport', world.worker.passport)),
    ),
  },
]

/** The worker uses the hand-off for something that it was not made for. */
export const elsewhere: readonly Scene[] = [
  {
    name: 'the hand-off at another receiver',
    who: 'worker for planner',
    status: 401,
    code: 'decision_block',
    says: () => ['delegation_audience_mismatch'],
    play: under((world, { actor }) => attempt(actor, away(world))),
  },
  {
    name: 'the same, decided by a careless harness',
    who: 'worker for planner',
    status: 401,
    code: 'delegation_audience_mismatch',
    play: under((world, { actor, txn }) => unasked(world, actor, { ...away(world), txn })),
  },
  {
    name: 'the hand-off for another task',
    who: 'worker for planner',
    status: 401,
    code: 'delegation_task_mismatch',
    play: under(async (world, { actor }) => unasked(world, actor, { ...read(world), txn: (await world.handOff()).txn })),
  },
]

/** Somebody sends the worker what is no hand-off, or none for it. */
export const unreadable: readonly Scene[] = [
  {
    name: 'no hand-off at all',
    who: 'anybody to worker',
    status: 400,
    code: 'task_refused',
    play: async (world) => told(world, await postTask(world, 'P0~D1')),
  },
  {
    name: 'a hand-off for another agent',
    who: 'planner to worker',
    status: 400,
    code: 'task_refused',
    play: async (world) => told(world, await postTask(world, (await world.handOff({ to: STRANGER })).handOff)),
  },
]

/** An agent that is not there. */
const STRANGER = 'did:key:z6MkfAJeVpZGN2VAJ9CWPkhrWqqRGRMLaMCXru92LtL7NBhi'

/** The planner's token with a chain and a possession signature of the worker. */
async function possessed(sent: Sent, { worker: { signer } }: World, passport: string): Promise<Sent> {
  const { method, url, headers } = sent
  const token = headers.get('X-AEGIS-Token') ?? ''
  const signed = await signPossession(signer, { method, url, token, created: Math.floor(Date.now() / 1000) })
  return Object.entries({ 'X-AEGIS-Passport': passport, ...signed }).reduce(
    (changed, [name, value]) => withHeader(changed, name, value),
    sent,
  )
}

function withHeader(sent: Sent, name: string, value: string): Sent {
  const headers = new Headers(sent.headers)
  headers.set(name, value)
  return { ...sent, headers }
}

/** The worker's chain with a delegation that allows everything, under the planner's name and the worker's signature. */
async function wider(
  { orders, planner: { signer: named }, worker: { signer, passport } }: World,
  handOff: string,
): Promise<string> {
  const [parent = '', delegation = ''] = handOff.split('~')
  const claims = parseJson(decodeBase64url(delegation.split('.')[1] ?? ''), { maxBytes: 2048 })
  const forger = { kid: named.kid, publicKey: signer.publicKey, sign: (bytes: Uint8Array) => signer.sign(bytes) }
  const forged = await signJws(
    forger,
    { typ: DELEGATION_TYPE },
    { ...(isObject(claims) ? claims : {}), mission: [{ action: '*', target: `${orders}/*` }] },
  )
  return takeOver(`${parent}~${forged}`, passport)
}
