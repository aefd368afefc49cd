// Runs a command with the services that its tests need: node scripts/services.mjs npm test
// A service whose variable is set is used as it is. Any other is started here, on a free port of the loopback interface and in a
// temporary folder, and ended with the command. AIEGIS_TEST_NGINX is the path of an nginx, found by nginx.mjs.
// Exit codes: that of the command, 2 without a command, 3 when a service cannot be started or found.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findNginx } from './nginx.mjs'

const SERVICES = [
  {
    variable: 'AIEGIS_TEST_REDIS',
    program: 'redis-server',
    cure: 'install it (Debian: apt-get install redis-server), or set AIEGIS_TEST_REDIS to the URL of a server whose settings tests may change',
    arguments: (port, folder) => {
      const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction' }
      return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    },
    url: (port) => `redis://127.0.0.1:${port}`,
  },
  {
    variable: 'AIEGIS_TEST_POSTGRES',
    program: 'postgres',
    cure: 'install it and put its programs on the path (Debian: apt-get install postgresql, /usr/lib/postgresql/*/bin), or set AIEGIS_TEST_POSTGRES to the URL of a superuser of a server whose roles and databases tests may make',
    // Written to the disk as in production (fsync is on): what a crash leaves is what tests look at.
    prepare: async (folder) => {
      const secret = join(folder, 'secret')
      writeFileSync(secret, randomBytes(16).toString('hex'), { mode: 0o600 })
      giveAway(secret)
      const child = spawn(
        'initdb',
        ['-D', join(folder, 'data'), '-U', 'aiegis', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C'],
        { stdio: ['ignore', 'ignore', 'inherit'], ...unprivileged() },
      )
      const [status] = await once(child, 'exit')
      if (status !== 0) throw new Error(`initdb ended with ${status}`)
    },
    arguments: (port, folder) => {
      const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200 }
      const named = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      return ['-D', join(folder, 'data'), ...named]
    },
    // It says so itself: it listens before it has recovered.
    isReady: (port, folder) => {
      const lines = readText(join(folder, 'data', 'postmaster.pid')).split('\n')
      return lines[3] === String(port) && lines[7]?.trim() === 'ready'
    },
    url: (port, folder) => `postgres://aiegis:${readText(join(folder, 'secret'))}@127.0.0.1:${port}/postgres`,
    // Fast shutdown: the usual signal waits for whoever is connected.
    end: 'SIGINT',
    // It writes every statement there that a test tries in vain.
    stderr: 'ignore',
  },
]
const ATTEMPTS = 3
/** Debian's `nobody` and `nogroup`. */
const NOBODY = 65_534

const [command, ...rest] = process.argv.slice(2)
if (command === undefined) {
  console.error('services: no command; write node scripts/services.mjs npm test')
  process.exit(2)
}
const ends = []
let code = 3
try {
  const env = { ...process.env }
  for (const service of SERVICES) env[service.variable] ||= await start(service)
  // Tests start it themselves, each with a configuration of its own.
  env['AIEGIS_TEST_NGINX'] ||= findNginx()
  code = await run(env)
} catch (error) {
  console.error(error.message)
} finally {
  for (const end of ends) await end()
}
process.exit(code)

/** Starts a service and resolves to its URL; tries another port when one was taken meanwhile. */
async function start(service) {
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-service-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const { prepare, isReady = answers, end = 'SIGTERM', stderr = 'inherit' } = service
  giveAway(folder)
  await prepare?.(folder).catch((error) => {
    throw new Error(`services: ${service.program} cannot be prepared (${error.code ?? error.message}); ${service.cure}`)
  })
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort()
    const child = spawn(service.program, service.arguments(port, folder), {
      stdio: ['ignore', 'ignore', stderr],
      ...unprivileged(),
    })
    const failure = await new Promise((resolve) => {
      child.on('error', resolve).on('spawn', () => resolve(undefined))
    })
    if (failure) throw new Error(`services: ${service.program} cannot be started (${failure.code}); ${service.cure}`)
    const gone = once(child, 'exit')
    ends.unshift(() => (child.kill(end), gone))
    while (child.exitCode === null && child.signalCode === null) {
      if (await isReady(port, folder)) return service.url(port, folder)
      await sleep(50)
    }
  }
  throw new Error(`services: ${service.program} ended ${ATTEMPTS} times when it was started; ${service.cure}`)
}

/** Runs the command to its end and resolves to its exit code. A signal goes on to it, and services end after it. */
async function run(env) {
  const child = spawn(command, rest, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const [status] = await once(child, 'exit')
  return status ?? 1
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

/** PostgreSQL does not run as root, and no service needs to. */
function unprivileged() {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
}

function giveAway(path) {
  if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY)
}

/** Empty where there is no file yet. */
function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
