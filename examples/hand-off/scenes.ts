/** The scenes: what planner, worker and others do with a hand-off, honestly and not, in the order of the telling. @module */
import { outcomeOf, permit, send, type Sent } from '../story/attempt.ts'
import { act, fetchOf } from './act.ts'
import { brought, dropped, elsewhere, reused, unreadable, widened } from './attacks.ts'
import { pathOf, planner, postTask, read, told, type Scene } from './task.ts'
import type { World } from './world.ts'

/** Every scene in the order of the telling. */
export function scenes(): readonly Scene[] {
  let handed = ''
  let spared: Sent | undefined
  /** A token of the planner that it has not used; no scene may use it up. */
  const own = async (world: World): Promise<Sent> => (spared ??= await permit(planner(world), read(world)))

  return [
    {
      name: 'planner reads an order',
      who: 'planner for itself',
      status: 200,
      code: 'done',
      says: (world) => [pathOf(world, 'planner')],
      play: async (world) => told(world, await act(fetchOf(planner(world)), read(world).url, 'GET')),
    },
    {
      name: 'planner hands the task to the worker',
      who: 'worker for planner',
      status: 200,
      code: 'done',
      says: (world) => [pathOf(world, 'planner', 'worker'), 'with the chain itself'],
      play: async (world) => {
        handed = (await world.handOff()).handOff
        return told(world, await postTask(world, handed))
      },
    },
    {
      name: 'the same task, its chain by reference',
      who: 'worker for planner',
      status: 200,
      code: 'done',
      says: (world) => [pathOf(world, 'planner', 'worker'), 'with a reference'],
      play: async (world) => told(world, await postTask(world, handed)),
    },
    ...reused(own),
    ...widened,
    ...dropped,
    ...elsewhere,
    ...brought,
    ...unreadable,
    {
      name: 'planner sends the token that others tried',
      who: 'planner for itself',
      status: 200,
      code: 'done',
      play: async (world) => outcomeOf(await send(await own(world))),
    },
  ]
}
