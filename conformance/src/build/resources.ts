/** What the suite host serves: status lists, DID documents and logs of the parties of a world (spec chapters 2.7, 9 and 17.3). @module */
import { documentAt } from './documents.ts'
import { logAt } from './logs.ts'
import { statusListAt } from './status.ts'
import type { World } from './types.ts'

/** One answer with status 200, unless its behaviour says otherwise. */
export interface HostResource {
  readonly type: string
  readonly bytes: Uint8Array
  /** How it is served where no case says otherwise, as cases write it. */
  readonly behaviour?: readonly Readonly<Record<string, unknown>>[]
}

/** What is at a path of the suite host, as of now; undefined when nothing is. */
export function resourceOf(world: World, path: string): HostResource | undefined {
  return statusListAt(world, path) ?? documentAt(world, path) ?? logAt(world, path)
}
