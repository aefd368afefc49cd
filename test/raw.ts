/** Requests as bytes, for whoever sends them; knows no test framework. @module */
import { withLine, type RawRequest } from '@aiegis/testing'

/** A request of somebody who has no evidence. */
export function bare(method: string, target: string = '/orders/7'): RawRequest {
  return { method, target, lines: [['Host', 'api.example.com']], body: new Uint8Array() }
}

/** The request with its content in chunks of so many bytes. */
export function inChunks(request: RawRequest, size: number): RawRequest {
  const content = Buffer.from(request.body)
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += size) {
    const part = content.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  const body = Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
  return { ...withLine(withLine(request, 'Content-Length'), 'Transfer-Encoding', 'chunked'), body }
}

/** Request line and fields, to the empty line. */
export function headOf({ method, target, lines }: RawRequest): string {
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
