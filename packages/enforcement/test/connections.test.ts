import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createSigner } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createHandler } from '../src/handler.ts'
import { listen } from '../src/server.ts'
import { createScene, NOW, type Scene } from './scene.ts'

/** What a connection is sent here without a reader: more than a kernel takes for it. */
const HUGE = new Uint8Array(24 * 1_048_576)
const TILE = 'GET /tile/entries/000 HTTP/1.1\r\nHost: x\r\n\r\n'
const TURN_MS = 1_000

let scene: Scene
let server: Server

beforeEach(async () => {
  scene = await createScene()
  const key = createSigner(new Uint8Array(32).fill(1), 'did:web:harness.example#1')
  const handler = createHandler({
    enforcement: scene.enforcement,
    answers: { did: 'did:web:harness.example', blockStatus: 401, now: () => NOW },
    keys: { harness: key, log: key, issuer: key, status: key, pack: key },
    onFault: (message, cause) => scene.faults.push(`${message} ${String(cause)}`),
    moreRoutes: () => new Map(),
    turnMs: TURN_MS,
  })
  server = createServer({ connectionsCheckingInterval: 100 }, handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await scene.close()
  if (scene.faults.length > 0) throw new Error(scene.faults.join('; '))
})

function port(): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('no port')
  return address.port
}

/** A connection that sends and reads nothing. */
function deaf(bytes: string): Socket {
  const socket = connect(port(), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(bytes)
  return socket
}

const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port()}${path}`)).status

async function connections(): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
}

describe('AHP-ASK-21 a connection that reads nothing', () => {
  test('gets one answer made, however many it asks for, and is ended', async () => {
    const made = vi.spyOn(scene.enforcement.log, 'entries').mockResolvedValue(HUGE)
    deaf(TILE.repeat(3))
    await vi.waitFor(() => expect(made).toHaveBeenCalled())
    expect(await status('/health')).toBe(200)
    await vi.waitFor(async () => expect(await connections()).toBeLessThanOrEqual(1), { timeout: 5_000 })
    expect(made).toHaveBeenCalledTimes(1)
  })

  test('and sends more requests than a few before the first is answered, is ended at once', async () => {
    const made = vi.spyOn(scene.enforcement.log, 'entries').mockResolvedValue(HUGE)
    deaf(TILE.repeat(1_500))
    await vi.waitFor(() => expect(made).toHaveBeenCalled())
    await vi.waitFor(async () => expect(await connections()).toBe(0))
    expect(made).toHaveBeenCalledTimes(1)
  })

  test('holds part of what all together may hold; who asks for little is still answered', async () => {
    vi.spyOn(scene.enforcement.log, 'entries').mockResolvedValue(HUGE)
    for (let count = 0; count < 2; count += 1) deaf(TILE)
    await vi.waitFor(async () => expect(await connections()).toBe(2))
    const refused = await fetch(`http://127.0.0.1:${port()}/tile/entries/000`)
    expect([refused.status, await refused.json()]).toEqual([503, expect.objectContaining({ code: 'overloaded' })])
    expect([await status('/health'), await status('/checkpoint')]).toEqual([200, 200])
    // Room is made when the deaf are gone.
    await vi.waitFor(async () => expect(await connections()).toBeLessThanOrEqual(1), { timeout: 5_000 })
    expect(await status('/tile/entries/000')).toBe(200)
  })
})

test('AHP-ASK-21 a connection without traffic is ended', async () => {
  const quiet = await listen(0, { silenceMs: 200 })
  onTestFinished(() => quiet.close(0))
  quiet.serve(() => undefined)
  const socket = connect(quiet.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => socket.once('close', resolve))
  expect(socket.destroyed).toBe(true)
})

test('AHP-ASK-21 while nothing is served yet, a bounded number of requests waits', async () => {
  const early = await listen(0)
  onTestFinished(() => early.close(0))
  const socket = connect(early.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(TILE.repeat(1_500))
  await new Promise((resolve) => socket.once('close', resolve))
  const served: string[] = []
  early.serve(({ url = '' }) => served.push(url))
  expect(served).toHaveLength(256)
})
