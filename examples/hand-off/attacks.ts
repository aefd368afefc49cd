/** What the worker tries, and what others try with the worker, each with the code that ends it. @module */
import { signPossession, takeOver } from '@aiegis/agent'
import { decodeBase64url, DELEGATION_TYPE, isObject, parseJson, signJws } from '@aiegis/protocol'
import { attempt, outcomeOf, permit, send, type Actor, type Sent, type Shown } from '../story/attempt.ts'
import type { Outcome } from '../story/print.ts'
import type { Unasked } from './careless.ts'
import { away, planner, postTask, read, stranger, taskOf, told, worker, write, type Scene } from './task.ts'
import type { World } from './world.ts'

/** What is done with the request that the worker may make under a new hand-off. */
type Play = (world: World, handed: { readonly actor: Actor; readonly txn: string; readonly handOff: string }) => Promise<Outcome>

const under =
  (play: Play): Scene['play'] =>
  async (world) => {
    const { handOff, txn } = await world.handOff()
    return play(world, { actor: worker(world, takeOver(handOff, world.worker.passport).chain), txn, handOff })
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

/** What the harness refuses with the code as its reason, and the receiver itself where a careless harness decides. */
function refusedTwice(name: string, { status, code }: Outcome, shown: (world: World) => Shown): readonly Scene[] {
  return [
    {
      name,
      who: 'worker for planner',
      status: 401,
      code: 'decision_block',
      says: () => [code],
      play: under((world, { actor }) => attempt(actor, shown(world))),
    },
    {
      name: 'the same, decided by a careless harness',
      who: 'worker for planner',
      status,
      code,
      play: under((world, { actor, txn }) => unasked(world, actor, { ...shown(world), txn })),
    },
  ]
}

/** The worker wants more than it was given. */
export const widened: readonly Scene[] = [
  {
    name: 'what was handed, decided by a careless harness',
    who: 'worker for planner',
    status: 200,
    code: 'done',
    play: under((world, { actor, txn }) => unasked(world, actor, { ...read(world), txn })),
  },
  ...refusedTwice('an action outside the hand-off', { status: 403, code: 'mission_exceeded' }, write),
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
  ...refusedTwice('the hand-off at another receiver', { status: 401, code: 'delegation_audience_mismatch' }, away),
  {
    name: 'the hand-off for another task',
    who: 'worker for planner',
    status: 401,
    code: 'delegation_task_mismatch',
    play: under(async (world, { actor }) => unasked(world, actor, { ...read(world), txn: (await world.handOff()).txn })),
  },
]

/** Somebody who saw a good hand-off brings a copy of it to the worker. */
export const brought: readonly Scene[] = [
  {
    name: 'a copied hand-off, without evidence',
    who: 'anybody to worker',
    status: 401,
    code: 'token_missing',
    play: async (world) => outcomeOf(await send(unproven(world, (await world.handOff()).handOff))),
  },
  {
    name: 'a copied hand-off, under the own passport',
    who: 'stranger to worker',
    status: 403,
    code: 'not_its_maker',
    play: async (world) => told(world, await postTask(world, (await world.handOff()).handOff, stranger(world))),
  },
  {
    name: 'a copied hand-off in a task of the planner',
    who: 'stranger as planner',
    status: 401,
    code: 'content_mismatch',
    play: async (world) => {
      const { content } = unproven(world, (await world.handOff()).handOff)
      const sent = await permit(planner(world), taskOf(world, (await world.handOff()).handOff))
      return outcomeOf(await send({ ...sent, content }))
    },
  },
]

/** The planner sends the worker what is no hand-off, or none for it. */
export const unreadable: readonly Scene[] = [
  {
    name: 'no hand-off at all',
    who: 'planner to worker',
    status: 400,
    code: 'task_refused',
    play: async (world) => told(world, await postTask(world, 'P0~D1')),
  },
  {
    name: 'a hand-off for another agent',
    who: 'planner to worker',
    status: 400,
    code: 'task_refused',
    play: async (world) => told(world, await postTask(world, (await world.handOff({ to: world.stranger.did })).handOff)),
  },
  {
    name: 'a task at a receiver that the hand-off omits',
    who: 'planner to worker',
    status: 400,
    code: 'task_refused',
    play: async (world) => told(world, await postTask(world, (await world.handOff({ audience: world.elsewhere })).handOff)),
  },
]

/** A task that nobody shows evidence for. */
function unproven(world: World, handOff: string): Sent {
  const { method, url, contentType, content } = taskOf(world, handOff)
  return { method, url, headers: new Headers({ 'Content-Type': contentType }), content }
}

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
  return takeOver(`${parent}~${forged}`, passport).chain
}
