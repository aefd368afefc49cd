/** Starts the receiver of `--exec` with its trust bundle and a port, and ends it with all that it started. @module */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { SetupError } from './setup.ts'

/** A receiver that the suite started. */
export interface Child {
  /** A sentence when it has ended by itself, else `undefined`. */
  ended(): string | undefined
  /** The last lines that it wrote. */
  output(): string
  /** Sends the signal, and after two seconds one that nobody can ignore. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface ChildOptions {
  readonly command: string
  readonly port: number
  readonly trust: string
  readonly state: string
  /** What else it finds in its environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

const MAX_OUTPUT = 4096

/** Starts `command` in a shell, in a process group of its own. */
export function startChild({ command, port, trust, state, environment }: ChildOptions): Child {
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, PORT: String(port), AIEGIS_TRUST: trust, AIEGIS_STATE: state },
  })
  let output = ''
  let sentence: string | undefined
  let stopping = false
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      sentence = `The receiver could not be started: ${error.message}`
      resolve()
    })
    child.once('exit', (code, signal) => {
      if (!stopping) sentence = `The receiver ended by itself (${signal ?? `exit code ${code}`})`
      resolve()
    })
  })
  return {
    ended: () => sentence,
    output: () => output,
    async stop(signal) {
      stopping = true
      kill(child.pid, signal)
      await Promise.race([gone, pause(2000)])
      kill(child.pid, 'SIGKILL')
    },
  }
}

/** A port of loopback that nobody uses now. */
export function freePort(): Promise<number> {
  return freePorts(1)
}

/** The first of `count` ports in a row that nobody uses now, below those that systems give to clients: one of these could be taken any time. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const first = 12_000 + randomInt(20_000 - count)
    if (await isFree(first, count)) return first
  }
  throw new SetupError('no ports are free')
}

async function isFree(first: number, count: number): Promise<boolean> {
  const servers: Server[] = []
  try {
    for (let port = first; port < first + count; port += 1) {
      const server = createServer()
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      servers.push(server)
    }
    return true
  } catch {
    return false
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** Waits until something listens on the port, the child has ended, or the time is over; tells whether something listens. */
export async function untilListening(port: number, child: Child, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000
  while (performance.now() < end && child.ended() === undefined) {
    if (await isOpen(port)) return true
    await pause(100)
  }
  return false
}

/**
 * Waits until nothing listens on the port, or the time is over. The shell of a receiver that was killed has ended before the receiver
 * has: for a moment the kernel still takes connections for it, and breaks them when it is gone.
 */
export async function untilSilent(port: number, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (performance.now() < end && (await isOpen(port))) await pause(50)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const timer = setTimeout(() => socket.destroy(), 1000)
    socket.once('connect', () => {
      resolve(true)
      socket.end()
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}

/** The whole group, or nothing when it is gone. */
function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
