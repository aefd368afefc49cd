/** No view of a request on Node keeps a header that was removed, whoever looked at which view before (spec chapter 7.7). @module */
import { createServer, IncomingMessage, type Server } from 'node:http'
import { connect } from 'node:net'
import { listen } from '@aiegis/testing'
import { expect, onTestFinished, test } from 'vitest'
import { stripHeaders } from '../../src/node/strip-headers.ts'

const LINES = ['Host: a', 'X-Gone: 1', 'X-Kept: 2', 'x-gone: 3', 'X-Kept: 4', 'X-GONE: 5', 'X-Last: 6']
const GONE: ReadonlySet<string> = new Set(['x-gone', 'x-never-sent'])

/** A request as a server has it. */
async function received(server: Server = createServer()): Promise<IncomingMessage> {
  const port = await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise((resolve) => {
    server.once('request', resolve)
    connect(port, '127.0.0.1').write(`GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\n\r\n`)
  })
}

/** Whether `headersDistinct` was made, without asking for it. */
function isDistinctMade(request: IncomingMessage): boolean {
  const key = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'kHeadersDistinct')
  return key !== undefined && Boolean(Reflect.get(request, key))
}

test('AHP-BIND-23 every view that is asked for afterwards lacks what was removed', async () => {
  const request = await received()
  stripHeaders(request, GONE)
  expect(request.rawHeaders).toEqual(['Host', 'a', 'X-Kept', '2', 'X-Kept', '4', 'X-Last', '6'])
  expect(request.headers).toEqual({ host: 'a', 'x-kept': '2, 4', 'x-last': '6' })
  expect({ ...request.headersDistinct }).toEqual({ host: ['a'], 'x-kept': ['2', '4'], 'x-last': ['6'] })
})

test('AHP-BIND-23 so do views that somebody in front asked for and kept', async () => {
  const request = await received()
  const { rawHeaders, headers, headersDistinct } = request
  stripHeaders(request, GONE)
  expect(rawHeaders).toEqual(['Host', 'a', 'X-Kept', '2', 'X-Kept', '4', 'X-Last', '6'])
  expect(headers).toEqual({ host: 'a', 'x-kept': '2, 4', 'x-last': '6' })
  expect({ ...headersDistinct }).toEqual({ host: ['a'], 'x-kept': ['2', '4'], 'x-last': ['6'] })
})

const SECRET = { host: ['a'], 'x-gone': ['1'] }

test('AHP-BIND-23 so does what somebody in front has put in the place of a view', async () => {
  const request = await received()
  Object.defineProperty(request, 'headersDistinct', { value: { ...SECRET } })
  stripHeaders(request, GONE)
  expect(request.headersDistinct).toEqual({ host: ['a'] })
})

test('AHP-BIND-23 so does the view of a server with requests of its own', async () => {
  class Own extends IncomingMessage {}
  const made = { ...SECRET }
  Object.defineProperty(Own.prototype, 'headersDistinct', { get: () => made })
  const request = await received(createServer({ IncomingMessage: Own }))
  stripHeaders(request, GONE)
  expect(request.headersDistinct).toEqual({ host: ['a'] })
})

test('lines that the server does not keep do not come back', async () => {
  const server = createServer()
  // Node 20 drops the lines behind so many; later ones refuse the request.
  if (process.versions.node.startsWith('20.')) server.maxHeadersCount = 4
  const request = await received(server)
  const isCut = request.headers['x-last'] === undefined
  stripHeaders(request, GONE)
  expect({ ...request.headersDistinct }).toEqual(
    isCut ? { host: ['a'], 'x-kept': ['2'] } : { host: ['a'], 'x-kept': ['2', '4'], 'x-last': ['6'] },
  )
})

test('the view that hardly anybody asks for is not made to remove something from it', async () => {
  const request = await received()
  stripHeaders(request, GONE)
  expect(isDistinctMade(request)).toBe(false)
  expect(Object.keys(request.headersDistinct)).toHaveLength(3)
  expect(isDistinctMade(request)).toBe(true)
})
