/** Loads one module of a receiver with a defect in it; registered by register.ts. @module */
import type { LoadHook } from 'node:module'
import { pathToFileURL } from 'node:url'
import { defective, pathOf, type Mutant } from './mutant.ts'

let mutant: Mutant | undefined
let url = ''

/** Takes the mutant before anything is loaded. */
export function initialize(data: Mutant): void {
  mutant = data
  url = pathToFileURL(pathOf(data.file)).href
}

/** Hands every module on as it is but for the one. */
export const load: LoadHook = async (address, context, nextLoad) => {
  const loaded = await nextLoad(address, context)
  return mutant === undefined || address !== url ? loaded : { ...loaded, source: defective(mutant) }
}
