/** Reads a request that was kept in a file, as it stood on the wire: request line, field lines, an empty line, content. @module */
import { readFileSync } from 'node:fs'
import { Refusal } from '@aiegis/protocol'
import type { ReceivedRequest } from '../../request.ts'
import { Usage } from './usage.ts'

/** More than a receiver reads. */
const MAX_BYTES = 4_194_304

/** The request in `file`. Throws `Usage` with a sentence when there is none. */
export function readCaptured(file: string): ReceivedRequest {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new Usage(`${file} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'no file'})`)
  }
  if (bytes.length > MAX_BYTES) throw new Usage(`${file} is larger than ${MAX_BYTES} bytes`)
  return parseCaptured(bytes)
}

/** The request in `bytes`. Lines may end with CR LF or with LF alone, as editors leave them. */
export function parseCaptured(bytes: Buffer): ReceivedRequest {
  const { head, content } = splitHead(bytes)
  const [first = '', ...lines] = head.split(/\r?\n/)
  const request = /^(\S+) (\S+) HTTP\/1\.[01]$/.exec(first)
  if (request === null)
    throw new Usage(
      `the first line is not a request line such as "POST /orders HTTP/1.1"; keep the request as it stood on the wire`,
    )
  const headers = lines.filter((line) => line !== '').flatMap(fieldOf)
  const body = bodyOf(headers, content)
  return {
    method: request[1] ?? '',
    target: request[2] ?? '',
    headers,
    content: ({ maxBytes }) => {
      if (body.length > maxBytes) throw new Refusal('content_too_large', `${body.length} bytes, at most ${maxBytes}`)
      return body
    },
  }
}

function splitHead(bytes: Buffer): { readonly head: string; readonly content: Buffer } {
  const text = bytes.toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null) return { head: text, content: Buffer.alloc(0) }
  return { head: text.slice(0, end.index), content: bytes.subarray(end.index + end[0].length) }
}

/** Values without the white space around them, as every server reads them (RFC 9110 §5.5). */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1 || /\s/.test(line.slice(0, colon))) throw new Usage('a field line is not "Name: value"; lines must not be folded')
  return [line.slice(0, colon), line.slice(colon + 1).replaceAll(/^[ \t]+|[ \t]+$/g, '')]
}

/** What an editor added at the end is not content; of a chunked request the file is taken to hold the chunks. */
function bodyOf(headers: readonly string[], content: Buffer): Buffer {
  const length = valueOf(headers, 'content-length')
  if (length !== undefined) return content.subarray(0, Number(length))
  return valueOf(headers, 'transfer-encoding') === undefined ? Buffer.alloc(0) : unchunked(content)
}

function unchunked(content: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const line = content.indexOf('\n', at)
    const size = line === -1 ? Number.NaN : Number.parseInt(content.subarray(at, line).toString('latin1'), 16)
    if (Number.isNaN(size)) throw new Usage('the content is not in chunks, though Transfer-Encoding says so')
    if (size === 0) return Buffer.concat(parts)
    parts.push(content.subarray(line + 1, line + 1 + size))
    at = content.indexOf('\n', line + 1 + size) + 1
  }
}

function valueOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name)
  return at === -1 ? undefined : headers[at + 1]
}
