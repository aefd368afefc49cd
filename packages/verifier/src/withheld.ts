/** What handlers get in place of a context while a receiver only reports: nothing that could be read (spec chapter 13.5). @module */
import type { AiegisContext } from './context.ts'

/** Why there is none. */
export const WITHHELD =
  'no AiEGIS context: this receiver only reports (reportOnly), so no handler may rely on one; ask with findAiegis()'

/** Throws for whatever is read of it, so that code which relies on a context fails instead of going on without. */
export const withheld: AiegisContext = new Proxy<AiegisContext>(Object.create(null), {
  get: refuse,
  ownKeys: refuse,
  getOwnPropertyDescriptor: refuse,
})

function refuse(): never {
  throw new Error(WITHHELD)
}
