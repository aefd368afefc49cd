/** Reads one HTTP/1.1 response from its bytes, strictly and with bounds (RFC 9112): what is lenient here would hide a fault. @module */

/** A response that was complete. */
export interface Response {
  readonly status: number
  /** What stands behind the status in its line. */
  readonly reason: string
  /** Names in lower case, in the order of arrival. */
  readonly fields: readonly (readonly [string, string])[]
  readonly content: Uint8Array
  /** Field lines behind chunked content: part of what a client is shown, and no field of the response (RFC 9110, section 6.5). */
  readonly trailers: Response['fields']
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
export const MAX_CONTENT = 65_536
const MAX_INTERIM = 8
export const MAX_CHUNKS = 1024
const MAX_LINE = 1024
const LONG_HEADER = `a header of more than the ${MAX_HEADER} bytes that are read`
const TOO_MUCH = `content of more than the ${MAX_CONTENT} bytes that are read`

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

interface Head {
  readonly status: number
  readonly reason: string
  readonly fields: Response['fields']
  readonly end: number
}

/** Reads all bytes that have come so far; `ended` says that the peer closed the connection. */
export type ResponseReader = (bytes: Buffer, ended: boolean) => Reading

/** Reads `bytes` once; `head` says that the request was HEAD, whose response has no content. */
export function readResponse(bytes: Buffer, ended: boolean, head: boolean): Reading {
  return createResponseReader(head)(bytes, ended)
}

/** As `readResponse` for bytes to which more come: what was read is not read again, however small the parts are in which they come. */
export function createResponseReader(isHead: boolean): ResponseReader {
  const interim: number[] = []
  let from = 0
  // Up to here there is no end of the header.
  let searched = 0
  let content: ResponseReader | undefined
  return (bytes, ended) => {
    while (content === undefined) {
      const found = readHead(bytes, from, searched)
      if (found === undefined) {
        searched = Math.max(from, bytes.length - 3)
        return bytes.length - from > MAX_HEADER ? malformed(LONG_HEADER) : { kind: 'partial' }
      }
      if (typeof found === 'string') return malformed(found)
      if (found.status === 101) return malformed('an upgrade (101) that nobody asked for')
      from = found.end
      searched = from
      if (found.status >= 200) content = contentReader(found, isHead, interim)
      else interim.push(found.status)
      if (interim.length > MAX_INTERIM) return malformed('interim responses without end')
    }
    return content(bytes, ended)
  }
}

/** Values of a field, one per line. */
export function valuesOf(response: Pick<Response, 'fields'>, name: string): readonly string[] {
  return response.fields.filter(([each]) => each === name).map(([, value]) => value)
}

function readHead(bytes: Buffer, from: number, searched: number): Head | string | undefined {
  const end = bytes.indexOf('\r\n\r\n', searched, 'latin1')
  if (end < 0) {
    const start = bytes.toString('latin1', from, from + 5)
    return 'HTTP/'.startsWith(start) || start === 'HTTP/' ? undefined : 'bytes that are not an HTTP/1.1 response'
  }
  if (end - from > MAX_HEADER) return LONG_HEADER
  const [first = '', ...lines] = bytes.toString('latin1', from, end).split('\r\n')
  const [, status, reason = ''] = STATUS_LINE.exec(first) ?? []
  if (status === undefined) return `a status line that is none: ${JSON.stringify(first.slice(0, 60))}`
  const fields = readFields(lines)
  return typeof fields === 'string' ? fields : { status: Number(status), reason, fields, end: end + 4 }
}

/** Names and values of field lines, or what is wrong with one of them. */
function readFields(lines: readonly string[]): Response['fields'] | string {
  const fields: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    const value = trimmed(line.slice(colon + 1))
    if (!NAME.test(name) || !VALUE.test(value)) return `a field line that is none: ${JSON.stringify(line.slice(0, 60))}`
    fields.push([name.toLowerCase(), value])
  }
  return fields
}

/** Without the spaces and tabs around it. */
function trimmed(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && isBlank(text, from)) from += 1
  while (to > from && isBlank(text, to - 1)) to -= 1
  return text.slice(from, to)
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}

type Complete = (bytes: Buffer, content: Uint8Array, next: number, trailers?: Response['fields']) => Reading

function contentReader(head: Head, isHead: boolean, interim: readonly number[]): ResponseReader {
  const { status, reason, fields, end } = head
  const complete: Complete = (bytes, content, next, trailers = []) => ({
    kind: 'complete',
    response: { status, reason, fields, content, trailers, interim, surplus: bytes.length - next },
  })
  if (isHead || status === 204 || status === 304) return (bytes) => complete(bytes, new Uint8Array(), end)
  const codings = valuesOf(head, 'transfer-encoding')
  const lengths = valuesOf(head, 'content-length')
  if (codings.length > 0) {
    if (lengths.length > 0) return () => malformed('both Content-Length and Transfer-Encoding')
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked')
      return () => malformed('a Transfer-Encoding other than chunked')
    return chunkReader(end, complete)
  }
  if (lengths.length > 1) return () => malformed('two Content-Length lines')
  const [text] = lengths
  if (text !== undefined) {
    if (!/^\d+$/.test(text)) return () => malformed(`a Content-Length that is no number: ${text.slice(0, 20)}`)
    if (Number(text) > MAX_CONTENT)
      return () => malformed(`a Content-Length of ${text.slice(0, 20)}, more than the ${MAX_CONTENT} that are read`)
    const next = end + Number(text)
    return (bytes) => (bytes.length < next ? { kind: 'partial' } : complete(bytes, bytes.subarray(end, next), next))
  }
  return (bytes, ended) => {
    if (bytes.length - end > MAX_CONTENT) return malformed(TOO_MUCH)
    return ended ? complete(bytes, bytes.subarray(end), bytes.length) : { kind: 'partial' }
  }
}

function chunkReader(from: number, complete: Complete): ResponseReader {
  const parts: (readonly [from: number, to: number])[] = []
  let at = from
  let total = 0
  let trailers: ResponseReader | undefined
  return (bytes, ended) => {
    while (trailers === undefined) {
      const line = bytes.indexOf('\r\n', at, 'latin1')
      if ((line < 0 ? bytes.length : line) - at > MAX_LINE) return malformed('a chunk size without end')
      if (line < 0) return { kind: 'partial' }
      const size = /^0*([0-9A-Fa-f]{1,8})(?:[ \t]*;.*)?$/.exec(bytes.toString('latin1', at, line))?.[1]
      if (size === undefined) return malformed('a chunk size that is none')
      const length = Number.parseInt(size, 16)
      if (total + length > MAX_CONTENT) return malformed(TOO_MUCH)
      if (length === 0) {
        trailers = trailerReader(line, (all, next, fields) =>
          complete(all, Buffer.concat(parts.map((part) => all.subarray(...part))), next, fields),
        )
        break
      }
      const next = line + 2 + length
      if (bytes.length < next + 2) return { kind: 'partial' }
      if (bytes.toString('latin1', next, next + 2) !== '\r\n') return malformed('a chunk without its end')
      if (parts.length === MAX_CHUNKS) return malformed(`more than the ${MAX_CHUNKS} chunks that are read`)
      parts.push([line + 2, next])
      total += length
      at = next + 2
    }
    return trailers(bytes, ended)
  }
}

/** Reads what follows the line of the last chunk, whose end is at `line`: field lines, or at once the empty line. */
function trailerReader(
  line: number,
  complete: (bytes: Buffer, next: number, trailers: Response['fields']) => Reading,
): ResponseReader {
  let searched = line
  return (bytes) => {
    const end = bytes.indexOf('\r\n\r\n', searched, 'latin1')
    if ((end < 0 ? bytes.length : end) - line > MAX_HEADER) return malformed(LONG_HEADER)
    if (end < 0) {
      searched = Math.max(line, bytes.length - 3)
      return { kind: 'partial' }
    }
    const fields = end === line ? [] : readFields(bytes.toString('latin1', line + 2, end).split('\r\n'))
    return typeof fields === 'string' ? malformed(fields) : complete(bytes, end + 4, fields)
  }
}

function malformed(why: string): Reading {
  return { kind: 'malformed', why }
}
