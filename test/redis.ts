/** A real Redis for tests: the server that AIEGIS_TEST_REDIS names, clients for it, and a wire between both that can be cut, held or forged. @module */
import { createServer, connect, type Socket } from 'node:net'
import { listen } from '@aiegis/testing'
import { createClient } from 'redis'

/** URL of a server whose settings tests may change; where it is unset, tests that need it are skipped. */
export const REDIS_URL: string | undefined = process.env['AIEGIS_TEST_REDIS'] || undefined

export type Client = Awaited<ReturnType<typeof connectRedis>>

/** A client as a receiver should have it, connected. */
export async function connectRedis(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => 20 } })
  client.on('error', () => {})
  return client.connect()
}

/** What the wire does with bytes: `pass` both ways, `hold` either way until it passes again, `forge` an answer to each request. */
export type Wire = 'pass' | 'hold requests' | 'hold answers' | { readonly forge: string }

export interface Proxy {
  readonly url: string
  set(wire: Wire): void
  /** Breaks all connections and takes no new ones until `mend`. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Listens on loopback in front of a server. */
export async function createProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url)
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []
  let wire: Wire = 'pass'
  let isCut = false

  const open = (near: Socket): void => {
    if (isCut) return void near.destroy()
    const far = connect(port === '' ? 6379 : Number(port), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => (sockets.delete(socket), other.destroy()))
    }
    near.on('data', (bytes) => {
      if (typeof wire === 'object') near.write(wire.forge)
      else if (wire === 'hold requests') held.push(() => far.write(bytes))
      else far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (wire === 'hold answers') held.push(() => near.write(bytes))
      else near.write(bytes)
    })
  }
  const server = createServer(open)
  own.port = String(await listen(server))
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: own.href,
    set(next) {
      wire = next
      if (next === 'pass') for (const send of held.splice(0)) send()
    },
    cut() {
      isCut = true
      destroyAll()
    },
    mend() {
      isCut = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        destroyAll()
      }),
  }
}
