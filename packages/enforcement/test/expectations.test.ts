/** Who announces content with `Expect` is answered by the server's own rules, and asked for it only when it will be read. @module */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createRoom, withContent } from '../src/read-content.ts'
import { listen } from '../src/server.ts'
import { createDesk, type Desk } from './desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await createDesk()
})
afterAll(async () => {
  await desk.close()
  if (desk.faults.length > 0) throw new Error(desk.faults.join('; '))
})

const QUESTION = '{"action":"http.get","target":"x"}'
const JSON_TYPE = 'Content-Type: application/json'

interface Heard {
  readonly seen: () => string
  readonly send: (text: string) => void
  readonly ended: Promise<void>
}

/** A connection that has sent this head, each line without its end. */
function open(lines: readonly string[], port = desk.server().port): Heard {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let seen = ''
  socket.on('data', (data) => (seen += data.toString('latin1')))
  socket.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write([...lines, '', ''].join('\r\n'))
  return { seen: () => seen, send: (text) => void socket.write(text), ended }
}

const CONTINUE = 'Expect: 100-continue'
const post = (path: string, length: number, ...more: readonly string[]): readonly string[] => [
  `POST ${path} HTTP/1.1`,
  'Host: x',
  `Content-Length: ${length}`,
  ...more,
]

describe('AHP-ASK-20 content that is announced with 100-continue', () => {
  test.each(['100-continue', '100-Continue'])('%s is invited once, and read', async (expectation) => {
    const heard = open(post('/api/protect', QUESTION.length, JSON_TYPE, `Expect: ${expectation}`))
    await vi.waitFor(() => expect(heard.seen()).toBe('HTTP/1.1 100 Continue\r\n\r\n'))
    heard.send(QUESTION)
    await vi.waitFor(() =>
      expect(heard.seen()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*"decision":"ALLOW"/),
    )
    expect(heard.seen().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200'])
  })

  test.each<[string, readonly string[], string]>([
    ['for no path', post('/nowhere', 10, CONTINUE), '404 route_unknown'],
    [
      'with another method',
      [...post('/api/protect', 10, CONTINUE)].map((line) => line.replace('POST', 'PUT')),
      '405 method_not_allowed',
    ],
    ['beyond the limit', post('/api/protect', 1_572_865, JSON_TYPE, CONTINUE), '413 ask_too_large'],
    ['by nobody who may revoke', post('/api/agent/revoke', 10, JSON_TYPE, CONTINUE), '401 operator_required'],
    [
      'by nobody with a code',
      post('/api/agent/issue', 10, JSON_TYPE, 'Authorization: Bearer x', CONTINUE),
      '401 enrolment_unknown',
    ],
    ['in another form', post('/api/agent/verify', 10, 'Content-Type: text/plain', CONTINUE), '415 ask_media_type'],
  ])('%s is refused and never invited', async (_, head, expected) => {
    const heard = open(head)
    await heard.ended
    expect(refusalOf(heard.seen())).toBe(expected)
    expect(heard.seen()).toMatch(/^Connection: close\r$/im)
  })

  test.each(['suspend', 'resume'])('for which there is no room at %s is refused and never invited', async (act) => {
    const path = `/api/agent/${act}`
    const bearer = `Authorization: Bearer ${desk.operator}`
    for (let count = 0; count < 16; count += 1)
      open(post(path, 131_072, JSON_TYPE, bearer)).send(' '.repeat(act === 'suspend' ? 131_071 : 131_000))
    // The room is full, or lacks one byte for what is announced.
    const announced = act === 'suspend' ? 17 : 16 * 72 + 1
    await vi.waitFor(
      async () => {
        const heard = open(post(path, announced, JSON_TYPE, bearer, CONTINUE))
        await vi.waitFor(() => expect(heard.seen()).not.toBe(''))
        expect(refusalOf(heard.seen())).toBe('503 overloaded')
      },
      { timeout: 20_000, interval: 200 },
    )
    const fitting = open(post(path, announced - 1, JSON_TYPE, bearer, CONTINUE))
    await vi.waitFor(() => expect(fitting.seen()).toBe('HTTP/1.1 100 Continue\r\n\r\n'))
  })
})

test('AHP-ASK-20 content is not invited while as many wait for their answer as may', async () => {
  const room = createRoom(100, 1)
  const server = await listen(0)
  onTestFinished(() => server.close(0))
  server.serve((request, response) => {
    withContent(request, 10, room, async (content) => response.end(content)).catch((error: unknown) =>
      response.end(String(error)),
    )
  })
  const ask = (): Heard => open(post('/', 10, 'Connection: close', CONTINUE), server.port)
  room.asked = 1
  const refused = ask()
  await refused.ended
  expect(refused.seen()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*overloaded/)
  room.asked = 0
  const invited = ask()
  await vi.waitFor(() => expect(invited.seen()).toBe('HTTP/1.1 100 Continue\r\n\r\n'))
  invited.send('0123456789')
  await invited.ended
  expect(invited.seen()).toMatch(/0123456789/)
})

describe('AHP-ASK-20 an expectation that nobody knows', () => {
  test.each(['x', 'x, 100-continue', '100-continue, 100-continue', '100-continue;x'])(
    '%s is refused with a problem',
    async (expectation) => {
      const heard = open(post('/api/protect', QUESTION.length, JSON_TYPE, `Expect: ${expectation}`))
      await heard.ended
      expect(refusalOf(heard.seen())).toBe('417 expectation_unknown')
      expect(heard.seen()).toMatch(/^Content-Type: application\/problem\+json\r$/im)
      expect(heard.seen()).toMatch(/^Cache-Control: no-store\r$/im)
    },
  )

  test('and one in HTTP/1.0 means nothing', async () => {
    const heard = open(['GET /health HTTP/1.0', 'Host: x', 'Expect: x'])
    await heard.ended
    expect(heard.seen()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})

/** Status and code of the one answer; whatever came before it is part of the status. */
function refusalOf(answer: string): string {
  const [, status = answer, code = '-'] = /^HTTP\/1\.1 (\d+) [^]*"code":"([a-z_]+)"/.exec(answer) ?? []
  return `${status} ${code}`
}
