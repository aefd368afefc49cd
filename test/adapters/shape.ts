/** What a receiver of the table is made of, and what its handlers note; on any runtime. @module */
import type { Broken } from '@aiegis/testing'
import type { AiegisContext, AnyRoute, Verifier } from '@aiegis/verifier'

/** What a handler did: each run is one effect. */
export interface Effect {
  readonly receiptId: string
  /** As many characters as bytes. */
  readonly content: string
  /** Names of evidence, `cookie` and `authorization` that the handler was shown. */
  readonly seen: readonly string[]
}

/** What a receiver is made of. */
export interface Shape {
  readonly verifier: Verifier
  readonly route?: AnyRoute | undefined
  readonly receiver?: Broken['receiver'] | 'checked-twice' | undefined
  readonly reportsOnly?: true | undefined
}

/** Whether handlers may find no context. */
export function mayBeWithout({ route, reportsOnly }: Pick<Shape, 'route' | 'reportsOnly'>): boolean {
  return reportsOnly === true || route?.presence === 'optional'
}

/** A handler ran, with this context if there was one and this content, and was shown the headers of which `header` says so. */
export type Note = (context: AiegisContext | undefined, content: Uint8Array, header: (name: string) => boolean) => void

export const quiet = { log: (): void => {} }

/** What came of one run of a handler. */
export function effectOf(...[context, content, header]: Parameters<Note>): Effect {
  const receiptId = context?.receiptId ?? `none ${++without}`
  return { receiptId, content: Array.from(content, (byte) => String.fromCharCode(byte)).join(''), seen: WATCHED.filter(header) }
}

/** Handlers that ran without a context. */
let without = 0

const WATCHED = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', 'cookie', 'authorization']
