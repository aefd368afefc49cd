/** The receiver of `withAiegis`, for a server under it that gives a `Request`; on any runtime. @module */
import { findAiegis, withAiegis } from '@aiegis/fetch'
import type { AiegisContext, Presence } from '@aiegis/verifier'
import { askedOf, quiet, type Note, type Shape } from './shape.ts'

/** Answers requests; `rest` is what the runtime gives besides. */
export function fetchReceiver(
  { verifier, route, receiver, reportsOnly }: Shape,
  note: Note,
): (request: Request, ...rest: readonly unknown[]) => Promise<Response> {
  const handler = async (request: Request, context: AiegisContext | undefined): Promise<Response> => {
    const known = reportsOnly === true ? findAiegis(request) : context
    note(known, new Uint8Array(await request.arrayBuffer()), (name) => request.headers.has(name), askedOf(request))
    return new Response('served')
  }
  const again = { 'narrowing-route': { action: 'orders.read' }, 'checked-twice': { maxDepth: 0 }, 'parser-first': undefined }
  const second = receiver === undefined ? undefined : again[receiver]
  const inner = second === undefined ? handler : withAiegis({ verifier, ...second, ...quiet }, handler)
  const checked = withAiegis<readonly unknown[], unknown, Presence>({ verifier, ...quiet, ...route }, inner)
  return async (request, ...rest) => {
    if (receiver === 'parser-first') await request.json()
    return checked(request, ...rest)
  }
}
