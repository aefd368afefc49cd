/** Receivers that answer with bytes that are no HTTP, without end, or not at all: one sentence that says what to look at, and the right exit code. @module */
import { spawnSync } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { call, runAgainst } from './program.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
let server: Server | undefined
const sockets = new Set<Socket>()

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server?.close()
})

/** Answers whatever comes first on a connection. */
async function answering(answer: (socket: Socket, asked: string) => void): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (asked) => answer(socket, asked.toString('latin1')))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const OPEN = '{"ok":true}'

/** Again and again, as long as somebody reads. */
function flood(socket: Socket, text: string): void {
  while (!socket.destroyed && socket.write(text));
  socket.once('drain', () => flood(socket, text))
}

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['closes at once', (socket) => socket.end(), /open: the connection was closed\./],
  [
    'sends 10 MB',
    (socket) => flood(socket.write(`${HEAD}Content-Length: 10000000\r\n\r\n`) ? socket : socket, 'x'.repeat(65_536)),
    /answered more than 65536 bytes/,
  ],
  [
    'sends a header without end',
    (socket) => flood(socket.write(HEAD) ? socket : socket, `X-A: ${'y'.repeat(1000)}\r\n`),
    /the header of the answer is longer than 16 KiB/,
  ],
  [
    'sends less than it announced',
    (socket) => socket.end(`${HEAD}Content-Length: 1000\r\n\r\n${OPEN}`),
    /did not come whole, the connection was closed/,
  ],
  ['waits in the middle', (socket) => socket.write(`${HEAD}Content-Length: 1000\r\n\r\n${OPEN}`), /no answer in time/],
  ['announces less than it sends', (socket) => socket.end(`${HEAD}Content-Length: 3\r\n\r\n${OPEN}`), /text that is not JSON/],
  [
    'announces a length that is none',
    (socket) => socket.end(`${HEAD}Content-Length: abc\r\n\r\n${OPEN}`),
    /not HTTP\/1\.1 \(Invalid character in Content-Length\)/,
  ],
  [
    'announces two lengths',
    (socket) => socket.end(`${HEAD}Content-Length: 11\r\nContent-Length: 12\r\n\r\n${OPEN}`),
    /longer or shorter than its Content-Length|not HTTP\/1\.1/,
  ],
  [
    'names a time that cannot be',
    (socket) => socket.end(`${HEAD}Date: Sat, 13 Sep 275760 00:00:00 GMT\r\nContent-Length: 11\r\n\r\n${OPEN}`),
    /its Date is "Sat, 13 Sep 275760 00:00:00 GMT", a time for which no evidence can be made\./,
  ],
  [
    'names a time long ago',
    (socket) => socket.end(`${HEAD}Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 11\r\n\r\n${OPEN}`),
    /its Date is "Thu, 01 Jan 1970 00:00:00 GMT"/,
  ],
  ['speaks another protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), /the answer is not HTTP\/1\.1 \(Expected HTTP/],
])('one that %s is told in one sentence', async (_what, answer, sentence) => {
  const { code, shown } = await runAgainst(await answering(answer))
  expect(shown).toMatch(
    /^\nThere is no receiver with the fixture at http:\S+: GET \/conformance\/open\b.*\.\n\nNothing was scored\.\n$/,
  )
  expect(shown).toMatch(sentence)
  expect(shown).not.toMatch(/UND_ERR|HPE_|\n\s+at /)
  expect(code).toBe(3)
})

test.each([
  ['answers with interim responses', 'HTTP/1.1 103 X\r\n\r\n', /cannot be read as HTTP\/1\.1: interim responses without end\./],
  [
    'sends the first line of a response',
    'HTTP/1.1 200 OK\r\n',
    /cannot be read as HTTP\/1\.1: a header of more than the 65536 bytes that are read\./,
  ],
])('one that lives and %s for ever is told why it is not judged', async (_what, text, sentence) => {
  const url = await answering((socket, asked) => {
    if (asked.includes('/open')) socket.end(`${HEAD}Content-Length: 11\r\n\r\n${OPEN}`)
    else flood(socket, text.repeat(4000))
  })
  const { code, shown } = await runAgainst(url)
  expect(shown).toMatch(/^\nA request without a token to \S+ was not answered: the response cannot be read/)
  expect(shown).toMatch(sentence)
  expect(code).toBe(3)
})

test('one that ends when it is first asked is told to have ended', async () => {
  const script = `require('node:http').createServer(() => process.exit(7)).listen(process.env.PORT, '127.0.0.1')`
  const { code, shown } = await call('run', '--exec', `exec node -e "${script}"`)
  expect(shown).toBe('\nThe receiver ended by itself (exit code 7).\n\nNothing was scored.\n')
  expect(code).toBe(3)
})

test('one that listens nowhere is told where it has to listen', { timeout: 60_000 }, async () => {
  const { code, shown } = await call('run', '--exec', 'exec sleep 100')
  expect(shown).toMatch(
    /^\nThe receiver runs and does not listen on 127\.0\.0\.1:\d+, 20 seconds after its start: .* PORT says\.\n/,
  )
  expect(code).toBe(3)
})

test('whoever reads only the first lines of a list sees no error', () => {
  const { stdout, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" list | head -1`], { encoding: 'utf8' })
  expect(stdout.trim().split('\n')).toHaveLength(1)
  expect(stderr).toBe('')
})
