/** A real nginx for tests: the program that AIEGIS_TEST_NGINX names, in front of an application, with the configuration that the package ships. @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listen } from '@aiegis/testing'

/** The program; where it is unset, tests that need it are skipped. */
export const NGINX: string | undefined = process.env['AIEGIS_TEST_NGINX'] || undefined

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

/** A whole configuration for each way of asking; `extra` stands in the location of the application. */
export const LOCATIONS = {
  'accel-redirect': (gate: string, app: string, extra = ''): string => `
    location / { include aiegis/ask-by-redirect.conf; proxy_pass ${gate}; }
    location @aiegis_allowed { include aiegis/allowed-by-redirect.conf; ${extra} proxy_pass ${app}; }`,
  'auth-request': (gate: string, app: string, extra = ''): string => `
    location / { include aiegis/allowed-by-subrequest.conf; ${extra} proxy_pass ${app}; }
    location = /_aiegis { include aiegis/ask-by-subrequest.conf; proxy_pass ${gate}; }
    location @aiegis_refused { include aiegis/refused-by-subrequest.conf; }`,
} as const

/** Starts nginx with one server of these locations; resolves to the port of HTTP/1.1 and that of HTTP/2 without TLS. */
export async function startNginx(locations: string, http = '') {
  if (NGINX === undefined) throw new Error('AIEGIS_TEST_NGINX is not set: run the tests with node scripts/services.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-nginx-'))
  cpSync(fileURLToPath(new URL('../nginx', import.meta.url)), join(folder, 'aiegis'), { recursive: true })
  const port = await freePort()
  const http2 = await freePort()
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 8m; client_body_timeout 2s; ${places.join(' ')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${http2} http2;
    ${locations}
  }
}
`,
  )
  const child = spawn(NGINX, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString('utf8')))
  const gone = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${complaints}`)
    await sleep(20)
  }
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, http2, close }
}

async function freePort(): Promise<number> {
  const server = createSocketServer()
  const port = await listen(server)
  server.close()
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => (socket.destroy(), resolve(true))).on('error', () => resolve(false))
  })
}
