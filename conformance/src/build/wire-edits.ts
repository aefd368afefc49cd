/** Edits of whole requests that no list of fields can say: framing, fragments, trailers (RFC 9112). @module */
import { concat, utf8 } from './bytes.ts'
import type { WireRequest } from './types.ts'

/** What an edit makes of a request; `bytes` serialises one. */
export type WireEdit = (request: WireRequest, bytes: (request: WireRequest) => Uint8Array, value: unknown) => WireRequest

/** Edits by name. */
export const WIRE_EDITS: Readonly<Record<string, WireEdit>> = {
  // The content in chunks of 7 bytes, which is another framing of the same bytes.
  chunked: (request, bytes) => ({ ...request, raw: chunked(request, bytes, '') }),
  // A trailer field after the content.
  trailers: (request, bytes) => ({ ...request, raw: chunked(request, bytes, 'X-Late: 1\r\n') }),
}

function chunked(request: WireRequest, bytes: (request: WireRequest) => Uint8Array, trailers: string): Uint8Array {
  const head = bytes({ ...request, fields: [...request.fields, ['Transfer-Encoding', 'chunked']], content: new Uint8Array(0) })
  const parts: Uint8Array[] = []
  for (let at = 0; at < request.content.length; at += 7) {
    const part = request.content.slice(at, at + 7)
    parts.push(utf8(`${part.length.toString(16)}\r\n`), part, utf8('\r\n'))
  }
  return concat(head, ...parts, utf8(`0\r\n${trailers}\r\n`))
}
