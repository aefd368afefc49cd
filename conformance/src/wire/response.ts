/** Reads one HTTP/1.1 response from its bytes, strictly and with bounds (RFC 9112): what is lenient here would hide a fault. @module */

/** A response that was complete. */
export interface Response {
  readonly status: number
  /** Names in lower case, in the order of arrival. */
  readonly fields: readonly (readonly [string, string])[]
  readonly content: Uint8Array
  /** Interim responses before it (100, 103). */
  readonly interim: readonly number[]
  /** Bytes that came after its end: a second response, or content where none may be. */
  readonly surplus: number
}

/** What some bytes are: a response, the start of one, or neither. */
export type Reading =
  | { readonly kind: 'complete'; readonly response: Response }
  | { readonly kind: 'partial' }
  | { readonly kind: 'malformed'; readonly why: string }

/** Bounds of what is read of one response. */
export const MAX_HEADER = 65_536
export const MAX_CONTENT = 1_048_576
const MAX_INTERIM = 8

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/

interface Head {
  readonly status: number
  readonly fields: Response['fields']
  readonly end: number
}

/** Reads `bytes`; `ended` says that the peer closed the connection, `head` that the request was HEAD, whose response has no content. */
export function readResponse(bytes: Buffer, ended: boolean, head: boolean): Reading {
  const interim: number[] = []
  let from = 0
  for (;;) {
    const found = readHead(bytes, from)
    if (found === undefined)
      return partial(bytes.length - from > MAX_HEADER ? `a header of more than the ${MAX_HEADER} bytes that are read` : undefined)
    if (typeof found === 'string') return { kind: 'malformed', why: found }
    if (found.status >= 200) return readContent(bytes, found, ended, head, interim)
    if (found.status === 101) return { kind: 'malformed', why: 'an upgrade (101) that nobody asked for' }
    interim.push(found.status)
    if (interim.length > MAX_INTERIM) return { kind: 'malformed', why: 'interim responses without end' }
    from = found.end
  }
}

/** Values of a field, one per line. */
export function valuesOf(response: Pick<Response, 'fields'>, name: string): readonly string[] {
  return response.fields.filter(([each]) => each === name).map(([, value]) => value)
}

function readHead(bytes: Buffer, from: number): Head | string | undefined {
  const end = bytes.indexOf('\r\n\r\n', from, 'latin1')
  if (end < 0) {
    const start = bytes.toString('latin1', from, from + 5)
    return 'HTTP/'.startsWith(start) || start === 'HTTP/' ? undefined : 'bytes that are not an HTTP/1.1 response'
  }
  if (end - from > MAX_HEADER) return `a header of more than the ${MAX_HEADER} bytes that are read`
  const [first = '', ...lines] = bytes.toString('latin1', from, end).split('\r\n')
  const status = STATUS_LINE.exec(first)?.[1]
  if (status === undefined) return `a status line that is none: ${JSON.stringify(first.slice(0, 60))}`
  const fields: [string, string][] = []
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined) return `a field line that is none: ${JSON.stringify(line.slice(0, 60))}`
    fields.push([name.toLowerCase(), value ?? ''])
  }
  return { status: Number(status), fields, end: end + 4 }
}

function readContent(bytes: Buffer, head: Head, ended: boolean, isHead: boolean, interim: readonly number[]): Reading {
  const { status, fields, end } = head
  const complete = (content: Uint8Array, next: number): Reading => ({
    kind: 'complete',
    response: { status, fields, content, interim, surplus: bytes.length - next },
  })
  if (isHead || status === 204 || status === 304) return complete(new Uint8Array(), end)
  const codings = valuesOf(head, 'transfer-encoding')
  const lengths = valuesOf(head, 'content-length')
  if (codings.length > 0) {
    if (lengths.length > 0) return { kind: 'malformed', why: 'both Content-Length and Transfer-Encoding' }
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked')
      return { kind: 'malformed', why: 'a Transfer-Encoding other than chunked' }
    return readChunks(bytes, end, complete)
  }
  if (lengths.length > 1) return { kind: 'malformed', why: 'two Content-Length lines' }
  const [text] = lengths
  if (text !== undefined) {
    if (!/^\d+$/.test(text)) return { kind: 'malformed', why: `a Content-Length that is no number: ${text.slice(0, 20)}` }
    if (Number(text) > MAX_CONTENT)
      return { kind: 'malformed', why: `a Content-Length of ${text.slice(0, 20)}, more than the ${MAX_CONTENT} that are read` }
    const next = end + Number(text)
    return bytes.length < next ? { kind: 'partial' } : complete(bytes.subarray(end, next), next)
  }
  if (bytes.length - end > MAX_CONTENT)
    return { kind: 'malformed', why: `content of more than the ${MAX_CONTENT} bytes that are read` }
  return ended ? complete(bytes.subarray(end), bytes.length) : { kind: 'partial' }
}

function readChunks(bytes: Buffer, from: number, complete: (content: Uint8Array, next: number) => Reading): Reading {
  const parts: Uint8Array[] = []
  let at = from
  let total = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at, 'latin1')
    if (line < 0) return partial(bytes.length - at > 1024 ? 'a chunk size without end' : undefined)
    const size = /^([0-9A-Fa-f]{1,8})(?:;.*)?$/.exec(bytes.toString('latin1', at, line))?.[1]
    if (size === undefined) return { kind: 'malformed', why: 'a chunk size that is none' }
    const length = Number.parseInt(size, 16)
    total += length
    if (total > MAX_CONTENT) return { kind: 'malformed', why: `content of more than the ${MAX_CONTENT} bytes that are read` }
    const next = line + 2 + length
    if (bytes.length < next + 2) return { kind: 'partial' }
    if (bytes.toString('latin1', next, next + 2) !== '\r\n') return { kind: 'malformed', why: 'a chunk without its end' }
    if (length === 0) return complete(Buffer.concat(parts), next + 2)
    parts.push(bytes.subarray(line + 2, next))
    at = next + 2
  }
}

function partial(fault: string | undefined): Reading {
  return fault === undefined ? { kind: 'partial' } : { kind: 'malformed', why: fault }
}
