/** Loads modules of this repository once more for each defect, one of them with the defect in it; registered by look-receiver.ts. @module */
import type { LoadHook, ResolveHook } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import { defective, MUTANTS, pathOf, type Mutant } from './mutant.ts'

/** The defect of a copy; without one the copy is as it was written. */
export interface Copy {
  readonly copy: string
  readonly mutant: Mutant | undefined
}

const ROOT = new URL('../../', MUTANTS).href
let defect: { readonly url: string; readonly mutant: Mutant } | undefined

/** Learns of each copy before it is loaded, and says so. */
export function initialize(port: MessagePort): void {
  port.on('message', ({ copy, mutant }: Copy) => {
    defect = mutant && { url: `${pathToFileURL(pathOf(mutant.file)).href}?copy=${copy}`, mutant }
    port.postMessage('known')
  })
  port.unref()
}

/** What a copy imports of this repository is of the same copy. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context)
  const copy = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get('copy')
  const isOurs = resolved.url.startsWith(ROOT) && !resolved.url.includes('/node_modules/')
  return copy === null || !isOurs ? resolved : { ...resolved, url: `${resolved.url}?copy=${copy}` }
}

/** Hands every module on as it is but for the one. */
export const load: LoadHook = async (address, context, nextLoad) => {
  const loaded = await nextLoad(address, context)
  return address === defect?.url ? { ...loaded, source: defective(defect.mutant) } : loaded
}
