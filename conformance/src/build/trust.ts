/** The trust bundle of a world (spec chapter 14). @module */
import type { World } from './types.ts'

/** What a receiver of this world trusts. */
export function trustBundle(world: World): Record<string, unknown> {
  throw new Error(`no bundle for ${world.level} yet`)
}
