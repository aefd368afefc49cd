/** An application behind a real nginx for tests, with the configuration that the package ships. @module */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { listen } from '@aiegis/testing'
import { locationsOf, NGINX, startNginx as start, type Nginx } from '../../../examples/nginx/nginx.ts'

export { NGINX }

/** What the application was sent. */
export interface Received {
  readonly method: string
  readonly target: string
  readonly headers: NodeJS.Dict<string | string[]>
  /** As many characters as bytes. */
  readonly content: string
}

/** What an application answers: status 200 and no fields of its own, unless said otherwise; `'nothing'` closes the connection. */
export type Reply = { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } | 'nothing'

/** An application that serves whatever it is sent, as those do that rely on their proxy. */
export async function startApplication(replyTo: (received: Received) => Reply = () => ({})) {
  const received: Received[] = []
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { method = '', url: target = '', headers } = request
        const one = { method, target, headers, content: Buffer.concat(chunks).toString('latin1') }
        received.push(one)
        const reply = replyTo(one)
        if (reply === 'nothing') return request.socket.destroy()
        return response.writeHead(reply.status ?? 200, { 'Content-Length': 6, ...reply.headers }).end('served')
      })
  })
  const port = await listen(server)
  return { address: `http://127.0.0.1:${port}`, received, close: () => void server.close() }
}

/** The examples of both ways of asking. */
const FILES = { 'accel-redirect': 'redirect.conf', 'auth-request': 'subrequest.conf' } as const
/** One way of asking that nginx has. */
export type NginxProxy = keyof typeof FILES

/** The configuration that the README shows; `extra` stands in the location of the application. */
export function configuration(proxy: NginxProxy, gate: string, app: string, extra?: string): string {
  return locationsOf(fileURLToPath(new URL(`../../../examples/nginx/${FILES[proxy]}`, import.meta.url)), gate, app, extra)
}

/** As that of the examples, with the program that AIEGIS_TEST_NGINX names. */
export async function startNginx(locations: string, http?: string): Promise<Nginx> {
  if (NGINX === undefined) throw new Error('AIEGIS_TEST_NGINX is not set: run the tests with node scripts/services.mjs')
  return start(NGINX, locations, http)
}
