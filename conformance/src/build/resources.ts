/** What the suite host serves: status lists and DID documents of the parties of a world (spec chapters 2.7 and 9). @module */
import { documentAt } from './documents.ts'
import { statusListAt } from './status.ts'
import type { World } from './types.ts'

/** One answer with status 200. */
export interface HostResource {
  readonly type: string
  readonly bytes: Uint8Array
}

/** What is at a path of the suite host, as of now; undefined when nothing is. */
export function resourceOf(world: World, path: string): HostResource | undefined {
  return statusListAt(world, path) ?? documentAt(world, path)
}
