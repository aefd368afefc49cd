/** Requests as a server has them. @module */
import type { ReceivedRequest } from '@aiegis/verifier'

/** The request with strings as an HTTP parser makes them, each in one piece of memory of its own; those of the mint are put together from parts. */
export function asParsed(request: ReceivedRequest): ReceivedRequest {
  return { ...request, headers: request.headers.map((text) => Buffer.from(text, 'latin1').toString('latin1')) }
}
