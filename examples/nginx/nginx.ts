/** Starts an nginx with the configuration that @aiegis/gate ships, on free ports and in a folder of its own. @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listen } from '@aiegis/testing'

/** Path of the program; `undefined` where nobody has looked for one (`node scripts/nginx.mjs`). */
export const NGINX: string | undefined = process.env['AIEGIS_TEST_NGINX'] || undefined

/** The files that are copied to /etc/nginx/aiegis. */
const SHIPPED = join(dirname(fileURLToPath(import.meta.resolve('@aiegis/gate/package.json'))), 'nginx')

/** An nginx that answers. */
export interface Nginx {
  /** HTTP/1.1. */
  readonly port: number
  /** HTTP/2 without TLS. */
  readonly http2: number
  close(): Promise<void>
}

/** The locations of an example, with these addresses of gate and application; `extra` stands beside the application's. */
export function locationsOf(file: string, gate: string, app: string, extra = ''): string {
  const text = readFileSync(file, 'utf8')
  return text.replace('http://127.0.0.1:18085', gate).replace('proxy_pass http://127.0.0.1:3000;', `${extra} proxy_pass ${app};`)
}

/** Starts one server with these locations; `http` stands beside it. Rejects with what nginx says when it does not start. */
export async function startNginx(program: string, locations: string, http = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-nginx-'))
  cpSync(SHIPPED, join(folder, 'aiegis'), { recursive: true })
  const [port, http2] = [await freePort(), await freePort()]
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
  const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString('utf8')))
  const gone = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${complaints}`)
    await sleep(20)
  }
  return {
    port,
    http2,
    async close() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
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
