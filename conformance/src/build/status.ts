/** Status lists that the suite host serves (spec chapter 9). @module */
import type { World } from './types.ts'

/** URLs of the lists of the listed issuer; none without a host. */
export function statusLists(world: World): readonly string[] {
  return world.hostUrl === null ? [] : [`${world.hostUrl.origin}/status/main/1`]
}
