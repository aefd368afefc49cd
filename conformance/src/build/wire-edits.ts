/** Edits of fields and of whole requests that no list of fields can say: framing, fragments, trailers (RFC 9112). @module */
import { concat, fromLatin1, hashOf, latin1, utf8 } from './bytes.ts'
import { textOf, type JsonObject } from './json.ts'
import type { WireRequest } from './types.ts'

/** One field line. */
export type Field = readonly [string, string | Uint8Array]

/** What an edit makes of a request; `bytes` serialises one. */
export type WireEdit = (request: WireRequest, bytes: (request: WireRequest) => Uint8Array, value: JsonObject) => WireRequest

type FieldEdit = (fields: readonly Field[], name: string, value: JsonObject) => readonly Field[]

/** Edits of field lines by name. */
export const FIELD_EDITS: Readonly<Record<string, FieldEdit>> = {
  // One line more of the same name: with the same value, or before it with `first`.
  twice: (fields, name, { first }) =>
    fields.flatMap((field) => (isNamed(field, name) ? [[name, typeof first === 'string' ? first : field[1]], field] : [field])),
  // The value under another name.
  rename: (fields, name, value) =>
    fields.map((field) =>
      isNamed(field, name) ? [textOf(value, 'to'), `${textOf(value, 'prefix')}${String(field[1])}`] : field,
    ),
  // The value of another field.
  copy: (fields, name, value) => {
    const from = fields.find((field) => isNamed(field, textOf(value, 'from')))
    return fields.map((field) => (isNamed(field, name) ? [name, from?.[1] ?? ''] : field))
  },
  // A reference to the chain in the place of the chain.
  reference: (fields, name) =>
    fields.map((field) => (isNamed(field, name) ? [field[0], `sha-256=${hashOf(String(field[1]))}`] : field)),
  // So many lines more that mean nothing.
  many: (fields, _name, { count }) => [
    ...fields,
    ...Array.from({ length: Number(count) }, (_, index): Field => [`X-Line-${index}`, '1']),
  ],
  'no-evidence': (fields) => fields.filter((field) => !isEvidence(field)),
  // The same signature under a second label, on a line of its own with `lines`: both members are good, and there are two.
  'possession-twice': (fields, _name, { lines }) =>
    fields.flatMap((field): readonly Field[] => {
      const [name, value] = field
      if (!/^signature(?:-input)?$/i.test(name) || typeof value !== 'string') return [field]
      const again = `again${value.slice(value.indexOf('='))}`
      return lines === true ? [field, [name, again]] : [[name, `${value}, ${again}`]]
    }),
  // A member more, so that the value has `to` characters, its line `line` bytes, or all evidence lines together `all` bytes.
  grow: (fields, name, { to, line, all }) =>
    fields.map((field) => {
      if (!isNamed(field, name)) return field
      const size = typeof line === 'number' ? sizeOf(field) : typeof all === 'number' ? evidenceSize(fields) : field[1].length
      const missing = Number(to ?? line ?? all) - size - ', grown=""'.length
      return [field[0], `${String(field[1])}, grown="${'n'.repeat(missing)}"`]
    }),
  // Field names as HTTP/2 writes them.
  'lower-case': (fields) => fields.map(([name, value]) => [name.toLowerCase(), value]),
  'upper-case': (fields) => fields.map(([name, value]) => [name.toUpperCase(), value]),
  // White space around values, which is not part of them.
  spaces: (fields) => fields.map(([name, value]) => [name, typeof value === 'string' ? `  \t${value} \t ` : value]),
  // The other way round: nothing depends on the order of fields.
  reverse: (fields) => fields.toReversed(),
}

/** Edits of requests by name. */
export const WIRE_EDITS: Readonly<Record<string, WireEdit>> = {
  // The token where nobody may look for it.
  'token-into-query': (request) => {
    const [token, fields] = withoutToken(request)
    return { ...request, target: `${request.target}&x-aegis-token=${token}`, fields }
  },
  'token-into-content': (request) => {
    const [token, fields] = withoutToken(request)
    return { ...request, content: utf8(JSON.stringify({ 'X-AEGIS-Token': token, token })), fields }
  },
  'token-in-trailer': (request, bytes) => {
    const [token, fields] = withoutToken(request)
    return { ...request, raw: chunked({ ...request, fields }, bytes, { trailers: `X-AEGIS-Token: ${token}\r\n` }) }
  },
  // The content in chunks of 7 bytes, which is another framing of the same bytes.
  chunked: (request, bytes) => ({ ...request, raw: chunked(request, bytes) }),
  // The same with extensions of chunks.
  'chunk-extensions': (request, bytes) => ({ ...request, raw: chunked(request, bytes, { extension: ';a=b' }) }),
  // One chunk of all the content.
  'big-chunks': (request, bytes) => ({ ...request, raw: chunked(request, bytes, { size: request.content.length }) }),
  // A trailer field after the content.
  trailers: (request, bytes) => ({ ...request, raw: chunked(request, bytes, { trailers: 'X-Late: 1\r\n' }) }),
  // Content-Length beside Transfer-Encoding: two answers to where the content ends.
  'length-and-chunks': (request, bytes) => {
    const length: Field = ['Content-Length', String(request.content.length)]
    return { ...request, raw: chunked({ ...request, fields: [...request.fields, length] }, bytes) }
  },
  // Two lengths, of which the first is right.
  'two-lengths': (request, bytes) => {
    const length = request.content.length
    const lines: readonly Field[] = [
      ['Content-Length', String(length)],
      ['Content-Length', String(length + 1)],
    ]
    return { ...request, raw: bytes({ ...request, fields: [...request.fields, ...lines] }) }
  },
  // A length that the content does not reach before the sender is done.
  'short-content': (request, bytes) => {
    const length: Field = ['Content-Length', String(request.content.length + 7)]
    return { ...request, raw: bytes({ ...request, fields: [...request.fields, length] }), end: true }
  },
  // The content later than the head by so many milliseconds.
  'late-content': (request, bytes, { milliseconds }) => {
    const raw = bytes(request)
    return {
      ...request,
      raw,
      fragments: [{ upTo: raw.length - request.content.length, pauseMs: typeof milliseconds === 'number' ? milliseconds : 0 }],
    }
  },
  // Every byte alone would take long; some dozens of pieces do.
  pieces: (request, bytes) => {
    const raw = bytes(request)
    const fragments = Array.from({ length: 24 }, (_, index) => ({
      upTo: Math.floor((raw.length * (index + 1)) / 25),
      pauseMs: 1,
    }))
    return { ...request, raw, fragments }
  },
  // Another Host than that of the receiver, or one that is none.
  host: (request, _bytes, value) => ({ ...request, fields: [...request.fields, ['Host', textOf(value, 'value')]] }),
  // A request of HTTP/1.0, which needs no Host.
  'http-1-0': (request, bytes) => ({
    ...request,
    raw: replaced(bytes(request), / HTTP\/1\.1\r\nHost: [^\r]*\r\n/, ' HTTP/1.0\r\n'),
  }),
  'no-host': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /\r\nHost: [^\r]*\r\n/, '\r\n') }),
  'two-hosts': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /\r\n(Host: [^\r]*\r\n)/, '\r\n$1$1') }),
  // The token on two lines, as HTTP once allowed (obs-fold).
  folded: (request, bytes) => ({ ...request, raw: replaced(bytes(request), /(X-AEGIS-Token: .{40})/, '$1\r\n ') }),
  // Bytes that no field value may have, inside the token.
  nul: (request, bytes) => ({ ...request, raw: replaced(bytes(request), /(X-AEGIS-Token: .{40})/, '$1\0') }),
  'high-byte': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /(X-AEGIS-Token: .{40})./, '$1\u00ff') }),
  'vertical-tab': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /(X-AEGIS-Token: .{40})./, '$1\u000b') }),
  // White space between name and colon.
  'space-before-colon': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /X-AEGIS-Token:/, 'X-AEGIS-Token :') }),
  // Only line feeds between the lines of the head.
  'bare-lf': (request, bytes) => ({ ...request, raw: replaced(bytes(request), /\r\n(?=[^]*\r\n\r\n)/g, '\n') }),
}

function withoutToken(request: WireRequest): readonly [string, readonly Field[]] {
  const token = request.fields.find((field) => isNamed(field, 'X-AEGIS-Token'))?.[1] ?? ''
  return [String(token), request.fields.filter((field) => !isNamed(field, 'X-AEGIS-Token'))]
}

function isNamed([name]: Field, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase()
}

function isEvidence([name]: Field): boolean {
  return /^(?:x-aegis-|signature)/i.test(name)
}

/** With name, colon and space. */
function sizeOf([name, value]: Field): number {
  return name.length + 2 + value.length
}

function evidenceSize(fields: readonly Field[]): number {
  return fields.filter(isEvidence).reduce((sum, field) => sum + sizeOf(field), 0)
}

function replaced(bytes: Uint8Array, what: RegExp, by: string): Uint8Array {
  return fromLatin1(latin1(bytes).replace(what, by))
}

interface Chunking {
  readonly size?: number
  readonly extension?: string
  readonly trailers?: string
}

function chunked(request: WireRequest, bytes: (request: WireRequest) => Uint8Array, how: Chunking = {}): Uint8Array {
  const { size = 7, extension = '', trailers = '' } = how
  const head = bytes({ ...request, fields: [...request.fields, ['Transfer-Encoding', 'chunked']], content: new Uint8Array(0) })
  const parts: Uint8Array[] = []
  for (let at = 0; at < request.content.length; at += size) {
    const part = request.content.slice(at, at + size)
    parts.push(utf8(`${part.length.toString(16)}${extension}\r\n`), part, utf8('\r\n'))
  }
  return concat(head, ...parts, utf8(`0\r\n${trailers}\r\n`))
}
