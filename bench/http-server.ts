/** The processes of `npm run bench -- http`: servers, each in one of its own, and the keys that they fetch. @module */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { listen } from '@aiegis/testing'
import { Pool } from 'undici'

/** What one request carries besides what all have. */
export type Evidence = Readonly<Record<string, string>>

/** A server in a process of its own, and connections to it. */
export interface Served {
  readonly origin: string
  /** Status of the answer to one order. */
  order(evidence: Evidence): Promise<number>
  /** CPU time that the process of the server has used, in microseconds. */
  cpu(): Promise<number>
  close(): Promise<void>
}

/** What every request asks for. */
export const ORDER = {
  method: 'POST',
  path: '/orders',
  contentType: 'application/json',
  content: '{"item":7,"quantity":1}',
} as const

/** Connections to each server, one request at a time on each. */
export const CONNECTIONS = 8
const PEERS = fileURLToPath(new URL('../peers/', import.meta.url))

/** Whether `npm run bench:setup` has installed what the servers are made of. */
export function hasPeers(): boolean {
  return existsSync(`${PEERS}node_modules/express-oauth2-jwt-bearer/package.json`)
}

/** Serves the JWK Set that the peers fetch; gives its URL. */
export async function serveKeys(keys: readonly object[]): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  const url = `http://127.0.0.1:${await listen(server)}/jwks.json`
  return {
    url,
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Starts the server called `name` in `bench/peers/server.mjs`. */
export async function serve(name: string, settings: readonly string[]): Promise<Served> {
  const child = fork(`${PEERS}server.mjs`, [name, ...settings], { env: { ...process.env, NODE_ENV: 'production' } })
  const origin = String(await answer(child))
  const pool = new Pool(origin, { connections: CONNECTIONS })
  return {
    origin,
    async order(evidence) {
      const { statusCode, body } = await pool.request({
        method: ORDER.method,
        path: ORDER.path,
        headers: { 'content-type': ORDER.contentType, ...evidence },
        body: ORDER.content,
      })
      await body.dump()
      return statusCode
    },
    async cpu() {
      child.send('cpu')
      const usage = (await answer(child)) as NodeJS.CpuUsage
      return usage.user + usage.system
    },
    async close() {
      await pool.close()
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** The next message of a process. Rejects when it ends instead. */
async function answer(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const onExit = (): void => ended.abort(new Error('a server of the benchmark ended'))
  child.once('exit', onExit)
  try {
    const [message]: readonly unknown[] = await once(child, 'message', { signal: ended.signal })
    return message
  } finally {
    child.off('exit', onExit)
  }
}
