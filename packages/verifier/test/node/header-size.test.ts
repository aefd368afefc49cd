/** How much header of an answer is read, whatever the process was started with (spec chapters 2.8 and 9.2). @module */
import http from 'node:http'
import { request } from 'undici'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { guardedAgent } from '../../src/node/did-web/guard.ts'
import { httpGet } from '../../src/node/get.ts'
import { GOOD, ROOT } from '../certificates.ts'
import { startServer, type Handler } from '../http-server.ts'

const before = http.maxHeaderSize
// As with `node --max-http-header-size=1048576`, which a server of large cookies may need.
beforeEach(() => void Object.defineProperty(http, 'maxHeaderSize', { value: 1_048_576, configurable: true }))
afterEach(() => void Object.defineProperty(http, 'maxHeaderSize', { value: before, configurable: true }))

/** What Node itself puts into the header counts too. */
const header =
  (length: number): Handler =>
  (_, response) =>
    response.writeHead(200, { 'x-long': 'x'.repeat(length) }).end('content')

test.each([
  [15_000, 'read'],
  [17_000, 'refused'],
])('of lists and logs a header with a value of %i bytes is %s', async (length, expected) => {
  const server = await startServer(header(length))
  onTestFinished(() => server.close())
  const reading = httpGet(server.origin, { maxBytes: 100, timeoutMs: 3000, accept: 'text/plain' })
  expect(await reading.then(() => 'read', codeOf)).toBe(expected === 'read' ? 'read' : 'UND_ERR_HEADERS_OVERFLOW')
})

test.each([
  [15_000, 'read'],
  [17_000, 'refused'],
])('of DID documents a header with a value of %i bytes is %s', async (length, expected) => {
  const server = await startServer(header(length), GOOD)
  const dispatcher = guardedAgent((_name, options, callback) => {
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }, ROOT)
  onTestFinished(async () => {
    await dispatcher.destroy()
    await server.close()
  })
  const reading = request(`https://identity.example:${server.port}/`, { dispatcher }).then(({ body }) => body.text())
  expect(await reading.then(() => 'read', codeOf)).toBe(expected === 'read' ? 'read' : 'UND_ERR_HEADERS_OVERFLOW')
})

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : error
}
