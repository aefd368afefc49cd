/** A scene, and the task that scenes are about: the planner wants an order read, and the worker does it. @module */
import { harnessFetch } from '@aiegis/agent'
import type { Actor, Shown } from '../story/attempt.ts'
import type { Outcome } from '../story/print.ts'
import type { Done } from './act.ts'
import { GIVE } from './worker.ts'
import type { World } from './world.ts'

/** One scene with the end that it must have. */
export interface Scene {
  readonly name: string
  /** Who acts for whom. */
  readonly who: string
  readonly status: number
  readonly code: string
  /** What the note must contain. */
  readonly says?: (world: World) => readonly string[]
  readonly play: (world: World) => Promise<Outcome>
}

/** What is handed off. */
export const read = (world: World): Shown => ({ url: `${world.orders}/orders/7`, action: 'orders.read' })
/** What is not. */
export const write = (world: World): Shown => ({ method: 'POST', url: `${world.orders}/orders`, action: 'orders.create' })
/** What is handed off for no such receiver. */
export const away = (world: World): Shown => ({ url: `${world.elsewhere}/orders/7`, action: 'orders.read' })

/** The worker under a chain of its own choice. */
export const worker = ({ protect, worker: { signer } }: World, passport: string): Actor => ({ protect, passport, signer })
/** The planner under its passport. */
export const planner = ({ protect, planner: { signer, passport } }: World): Actor => ({ protect, passport, signer })
/** The stranger under its passport. */
export const stranger = ({ protect, stranger: { signer, passport } }: World): Actor => ({ protect, passport, signer })

/** The request that sends the worker a task: what it was handed and what it shall read. */
export const taskOf = (world: World, handOff: string): Required<Shown> => ({
  method: 'POST',
  url: `${world.tasks}/tasks`,
  action: GIVE,
  contentType: 'application/json',
  content: JSON.stringify({ handOff, method: 'GET', url: read(world).url }),
})

/** Sends the worker a task, as the planner unless another agent is named. */
export async function postTask(world: World, handOff: string, by: Actor = planner(world)): Promise<Done> {
  const { method, url, action, contentType, content } = taskOf(world, handOff)
  const response = await harnessFetch({ ...by, action })(url, { method, headers: { 'Content-Type': contentType }, body: content })
  const done: Done = JSON.parse(await response.text())
  return response.ok ? done : { ...done, status: response.status }
}

/** The end of a scene, with the path as the receiver's context has it. */
export function told(world: World, { status, code, reason, answer }: Done): Outcome {
  const path = Array.isArray(answer?.['path']) ? answer['path'] : []
  const note = path.length > 0 ? `${pathShown(world, path)} · ${world.evidence()}` : reason
  return { status, code, ...(note === undefined ? {} : { note }) }
}

/** The path as a note shows it. */
export function pathOf(world: World, ...names: readonly ('planner' | 'worker')[]): string {
  return pathShown(
    world,
    names.map((name) => world[name].did),
  )
}

function pathShown({ planner: first, worker: second }: World, path: readonly unknown[]): string {
  const nameOf = (did: unknown): string => [first, second].find((agent) => agent.did === did)?.name ?? 'somebody'
  return `path ${path.map((did) => `${nameOf(did)} …${String(did).slice(-6)}`).join(' → ')}`
}
