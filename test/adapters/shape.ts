/** What a receiver of the table is made of, and what its handlers note; on any runtime. @module */
import type { Broken } from '@aiegis/testing'
import type { Actions, AiegisContext, AnyRoute, Verifier } from '@aiegis/verifier'

/** What a handler did: each run is one effect. */
export interface Effect {
  readonly receiptId: string
  /** As many characters as bytes. */
  readonly content: string
  /** Names of evidence, `cookie` and `authorization` that the handler was shown. */
  readonly seen: readonly string[]
  /** Method and target that the handler was shown. */
  readonly asked: string
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

/** A handler ran, with this context if there was one and this content, and was shown this method and target, and the headers of which `header` says so. */
export type Note = (
  context: AiegisContext | undefined,
  content: Uint8Array,
  header: (name: string) => boolean,
  asked: string,
) => void

/** Actions of every receiver of the table. */
export const ACTIONS: Actions = {
  'POST /named/:id': 'orders.create',
  'POST /strict/:id': { action: 'orders.create', body: { presence: 'required' } },
}

export const quiet = { log: (): void => {} }

/** What came of one run of a handler. */
export function effectOf(...[context, content, header, asked]: Parameters<Note>): Effect {
  const receiptId = context?.receiptId ?? `none ${++without}`
  const characters = Array.from(content, (byte) => String.fromCharCode(byte)).join('')
  return { receiptId, content: characters, seen: WATCHED.filter(header), asked }
}

/** Method and target of a `Request`, as its text stands there. */
export function askedOf({ method, url }: Request): string {
  return `${method} ${/^[a-z]+:\/\/[^/]*(.*)$/s.exec(url)?.[1]}`
}

/** Handlers that ran without a context. */
let without = 0

const WATCHED = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', 'cookie', 'authorization']
