/** Turns a request into exactly the bytes that go on the wire: nothing is repaired, sorted or joined. @module */
import type { WireRequest } from '../build/index.ts'
import { concat, utf8 } from '../bytes.ts'

/**
 * The request as bytes (RFC 9112, section 2), or its raw bytes where a case brings them. `Host`, `Connection: close` and `Content-Length`
 * are put in front when no field line of the case is about them.
 */
export function bytesOf(request: WireRequest, authority: string): Uint8Array {
  if (request.raw !== undefined) return request.raw
  const { method, target, fields, content } = request
  const named = new Set(fields.map(([name]) => name.toLowerCase()))
  const added: (readonly [string, string])[] = []
  if (!named.has('host')) added.push(['Host', authority])
  if (!named.has('connection')) added.push(['Connection', 'close'])
  const hasContent = content.length > 0 || /^(?:POST|PUT|PATCH)$/.test(method)
  if (hasContent && !named.has('content-length') && !named.has('transfer-encoding'))
    added.push(['Content-Length', String(content.length)])
  const lines = [...added, ...fields].map(([name, value]) =>
    concat(utf8(`${name}: `), typeof value === 'string' ? utf8(value) : value, utf8('\r\n')),
  )
  return concat(utf8(`${method} ${target} HTTP/1.1\r\n`), ...lines, utf8('\r\n'), content)
}
