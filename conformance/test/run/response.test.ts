/** How strictly the suite reads responses: what it is lenient about would hide a fault of a receiver. @module */
import { describe, expect, test } from 'vitest'
import {
  createResponseReader,
  MAX_CHUNKS,
  MAX_CONTENT,
  MAX_HEADER,
  readResponse,
  type Response,
} from '../../src/wire/response.ts'

function read(text: string, { ended = false, head = false } = {}): ReturnType<typeof readResponse> {
  return readResponse(Buffer.from(text, 'latin1'), ended, head)
}

function complete(text: string, options?: { readonly ended?: boolean; readonly head?: boolean }): Response {
  const reading = read(text, options)
  if (reading.kind !== 'complete') throw new Error(`${reading.kind}: ${JSON.stringify(reading)}`)
  return reading.response
}

describe('a response is complete', () => {
  test('with its Content-Length, byte for byte', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd').kind).toBe('partial')
    const response = complete('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde')
    expect([response.status, Buffer.from(response.content).toString(), response.surplus]).toEqual([200, 'abcde', 0])
  })

  test('with its last chunk', () => {
    const text = 'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n'
    for (let end = 0; end < text.length; end += 1) expect(read(text.slice(0, end)).kind).toBe('partial')
    expect(Buffer.from(complete(text).content).toString()).toBe('abcde')
  })

  test('with its trailers, which are no fields of it; with zeros before a size, and blanks before what is behind one', () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000003 ;x=y\r\nabc\r\n000\r\nX-A: b\r\nX-C: d\r\n\r\n'
    for (let end = 0; end < text.length; end += 1) expect(read(text.slice(0, end)).kind).toBe('partial')
    const readAll = createResponseReader(false)
    for (const part of [text.slice(0, -3), text]) readAll(Buffer.from(part), false)
    expect(readAll(Buffer.from(`${text}more`), false)).toMatchObject({ response: { surplus: 4 } })
    const { content, fields, trailers, surplus } = complete(`${text}more`)
    expect(Buffer.from(content).toString()).toBe('abc')
    expect(fields).toEqual([['transfer-encoding', 'chunked']])
    expect(trailers).toEqual([
      ['x-a', 'b'],
      ['x-c', 'd'],
    ])
    expect(surplus).toBe(4)
  })

  test('when the connection ends, where nothing else says its length', () => {
    const text = 'HTTP/1.0 200 OK\r\n\r\nabc'
    expect(read(text).kind).toBe('partial')
    expect(Buffer.from(complete(text, { ended: true }).content).toString()).toBe('abc')
  })

  test('at the end of its header, for HEAD, 204 and 304; what follows is surplus', () => {
    expect(complete('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { head: true }).surplus).toBe(0)
    expect(complete('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde', { head: true }).surplus).toBe(5)
    expect(complete('HTTP/1.1 204 No Content\r\n\r\n').content.length).toBe(0)
    expect(complete('HTTP/1.1 304 Not Modified\r\n\r\n').content.length).toBe(0)
  })

  test('after interim responses, which are counted', () => {
    expect(complete('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').interim).toEqual([100])
  })

  test('and a second one after it is surplus', () => {
    expect(complete('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n').surplus).toBe(19)
  })
})

describe('a response is partial', () => {
  test('as long as its bytes may still become one', () => {
    for (const start of ['', 'H', 'HTTP', 'HTTP/1.1 200 OK\r\nA: b\r\n']) expect(read(start).kind).toBe('partial')
    for (const start of ['S', 'HTTQ', 'http/']) expect(read(start).kind).toBe('malformed')
  })

  test('or whole, with a header and interim responses that are just short enough', () => {
    const line = 'HTTP/1.1 204 X\r\nA: '
    expect(read(`${line}${'a'.repeat(MAX_HEADER - line.length)}\r\n\r\n`).kind).toBe('complete')
    expect(read(`${line}${'a'.repeat(MAX_HEADER - line.length + 1)}\r\n\r\n`).kind).toBe('malformed')
    expect(read(`${line}${'a'.repeat(MAX_HEADER - line.length)}`).kind).toBe('partial')
    expect(read(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)}HTTP/1.1 204 X\r\n\r\n`).kind).toBe('complete')
  })
})

describe('content has a bound', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

  test('by its announced length', () => {
    expect(read(`HTTP/1.1 200 OK\r\nContent-Length: ${MAX_CONTENT}\r\n\r\n`).kind).toBe('partial')
    expect(read(`HTTP/1.1 200 OK\r\nContent-Length: ${MAX_CONTENT + 1}\r\n\r\n`).kind).toBe('malformed')
  })

  test('by what came, where only the end of the connection says its length', () => {
    const head = 'HTTP/1.1 200 OK\r\n\r\n'
    expect(read(head + 'a'.repeat(MAX_CONTENT), { ended: true }).kind).toBe('complete')
    expect(read(head + 'a'.repeat(MAX_CONTENT + 1)).kind).toBe('malformed')
  })

  test('by the sum of its chunks, and so has the line of a chunk', () => {
    expect(read(`${chunked}${(MAX_CONTENT - 1).toString(16)}\r\n`).kind).toBe('partial')
    expect(read(`${chunked}1\r\na\r\n${(MAX_CONTENT - 1).toString(16)}\r\n`).kind).toBe('partial')
    expect(read(`${chunked}1\r\na\r\n${MAX_CONTENT.toString(16)}\r\n`).kind).toBe('malformed')
    expect(read(`${chunked}${'0'.repeat(1024)}`).kind).toBe('partial')
    expect(read(`${chunked}${'0'.repeat(1025)}`).kind).toBe('malformed')
  })

  test('and by the number of its chunks', () => {
    const some = (count: number): string => `${chunked}${'1\r\na\r\n'.repeat(count)}0\r\n\r\n`
    expect(complete(some(MAX_CHUNKS)).content.length).toBe(MAX_CHUNKS)
    expect(read(some(MAX_CHUNKS + 1)).kind).toBe('malformed')
    expect(read(`${chunked}1;${'x'.repeat(1023)}\r\na\r\n`).kind).toBe('malformed')
  })

  test('and every chunk its end', () => {
    expect(read(`${chunked}1\r\naXX0\r\n\r\n`).kind).toBe('malformed')
  })
})

describe('a response is malformed', () => {
  test.each([
    ['that is not HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['of HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['with a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['with a status of 600', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['with a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['with a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['with a bare carriage return in a value', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
    ['with a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['with another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['with a length in another notation', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
    ['with a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
    ['with a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n'],
    ['with a blank behind the size of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n'],
    ['with a trailer that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX A: b\r\n\r\n'],
    ['with trailers without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ${'a'.repeat(MAX_HEADER)}`],
    ['that switches protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['with interim responses without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
    ['with more content than is read', `HTTP/1.1 200 OK\r\nContent-Length: ${MAX_CONTENT + 1}\r\n\r\n`],
    ['with a header without end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(MAX_HEADER)}`],
  ])('%s', (_, text) => {
    expect(read(text).kind).toBe('malformed')
  })
})

describe('a response is read in a time that grows with its bytes', () => {
  test.each([
    ['with a header', `HTTP/1.1 204 X\r\n${'A: b\r\n'.repeat(10_000)}\r\n`],
    ['with trailers', `HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(10_000)}\r\n`],
    ['in chunks', `HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'x'.repeat(50)}\r\na\r\n`.repeat(1000)}0\r\n\r\n`],
  ])('%s, also when it comes byte by byte', (_, text) => {
    const readAll = createResponseReader(false)
    const bytes = Buffer.from(text)
    const started = performance.now()
    let partial = 0
    for (let end = 0; end < bytes.length; end += 1) if (readAll(bytes.subarray(0, end), false).kind === 'partial') partial += 1
    expect(partial).toBe(bytes.length)
    expect(readAll(bytes, false).kind).toBe('complete')
    expect(performance.now() - started).toBeLessThan(1500)
  })

  test('with blanks around a value that is none', () => {
    const started = performance.now()
    expect(read(`HTTP/1.1 200 OK\r\nA:${' '.repeat(MAX_HEADER - 100)}\u0001\r\n\r\n`).kind).toBe('malformed')
    expect(performance.now() - started).toBeLessThan(500)
  })
})
