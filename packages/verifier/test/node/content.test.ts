/** Content that has arrived as a whole before it is read: the same bounds hold, and the next reader finds it untouched (spec chapter 7). @module */
import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '@aiegis/testing'
import { expect, test } from 'vitest'
import { readContent } from '../../src/node/content.ts'

/** Sends one request, waits until all of it is there, and reads its content with a limit of ten bytes; then reads it as a parser behind would. */
async function arrived(framing: string, body: string): Promise<readonly [string, string]> {
  const server = createServer()
  const port = await listen(server)
  const request = await new Promise<IncomingMessage>((resolve) => {
    server.once('request', resolve)
    connect(port, '127.0.0.1').write(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`)
  })
  while (!request.complete) await sleep(1)
  try {
    const first = Buffer.from(await readContent(request, { maxBytes: 10, timeoutMs: 1000 })).toString()
    const again: Buffer[] = []
    for await (const chunk of request) again.push(Buffer.from(chunk as Uint8Array))
    return [first, Buffer.concat(again).toString()]
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test.each([
  ['Content-Length: 10', '0123456789', '0123456789'],
  ['Transfer-Encoding: chunked', '4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n', '0123456789'],
  ['Transfer-Encoding: chunked', '0\r\n\r\n', ''],
])('AHP-BIND-19 %s: all of it is read and put back', async (framing, body, content) => {
  expect(await arrived(framing, body)).toEqual([content, content])
})

test('AHP-BIND-10 trailers that came with the content are refused', async () => {
  const trailers = '4\r\n0123\r\n0\r\nX-More: 1\r\n\r\n'
  await expect(arrived('Transfer-Encoding: chunked', trailers)).rejects.toMatchObject({ code: 'trailer_refused' })
})

test('chunks over the limit are refused', async () => {
  const body = '6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n'
  await expect(arrived('Transfer-Encoding: chunked', body)).rejects.toMatchObject({ code: 'content_too_large' })
})
