// Runs a command with the services that its tests need: node scripts/services.mjs npm test
// A service whose variable is set is used as it is. Any other is started here, on a free port of the loopback interface and in a
// temporary folder, and ended with the command.
// Exit codes: that of the command, 2 without a command, 3 when a service cannot be started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

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
]
const ATTEMPTS = 3

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
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort()
    const child = spawn(service.program, service.arguments(port, folder), { stdio: ['ignore', 'ignore', 'inherit'] })
    const failure = await new Promise((resolve) => {
      child.on('error', resolve).on('spawn', () => resolve(undefined))
    })
    if (failure) throw new Error(`services: ${service.program} cannot be started (${failure.code}); ${service.cure}`)
    const gone = once(child, 'exit')
    ends.unshift(() => (child.kill(), gone))
    while (child.exitCode === null && child.signalCode === null) {
      if (await answers(port)) return service.url(port)
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

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
