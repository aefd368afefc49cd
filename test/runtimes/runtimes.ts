/** Starts the receiver of this folder on another runtime and asks it over HTTP; knows no test framework. @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClock, createMockHarness, type MockHarness } from '@aiegis/testing'
import { BUN, DENO, programOf } from '../../scripts/installed.mjs'
import { bundle, serve } from '../../scripts/workerd.mjs'
import type { Start, Subject } from '../adapters/run.ts'
import { startHosts, type Hosts } from './hosts.ts'
import type { Noted, Setup } from './receiver.ts'

/** A runtime on which the receiver runs, one case after the other. */
export interface RunningRuntime {
  /** A harness on the clock of this machine, by which stores of runtimes forget. */
  harness(): MockHarness
  start(store: Setup['store'], isCold?: true): Start
  noted(): Promise<Noted>
  /** The same receiver in a second isolate, where the runtime has them. */
  readonly twin: Omit<RunningRuntime, 'twin' | 'end'>
  /** Asks the control of the runtime, or of the twin. */
  ask(path: string, body?: unknown): Promise<unknown>
  end(): Promise<void>
}

interface Program {
  readonly ports: Readonly<Record<string, number>>
  readonly end: () => Promise<void>
}

const SOCKETS = ['receiver', 'control', 'twin', 'twin-control']
const here = fileURLToPath(new URL('.', import.meta.url))

/** How each runtime is started; `ports` are those of `receiver` and `control`. */
export const RUNTIMES = {
  Bun: () => program(programOf(BUN), [`${here}bun.ts`]),
  Deno: () => program(programOf(DENO), [...DENO.options, '--quiet', `${here}deno.ts`]),
  workerd: async () => {
    await bundle(`${here}worker.ts`, `${here}dist/worker.js`)
    const disk = mkdtempSync(join(tmpdir(), 'aiegis-workerd-'))
    const { ports, end } = await serve(`${here}workerd.capnp`, SOCKETS, ['--experimental', '--directory-path', `disk=${disk}`])
    return { ports, end: () => end().then(() => rmSync(disk, { recursive: true })) }
  },
} as const satisfies Readonly<Record<string, () => Promise<Program>>>

export type RuntimeName = keyof typeof RUNTIMES

/** Starts the receiver on one runtime. */
export async function startRuntime(name: RuntimeName): Promise<RunningRuntime> {
  const hosts = await startHosts()
  const { ports, end } = await RUNTIMES[name]()
  return {
    ...isolateOf(name, hosts, ports['receiver'] ?? 0, ports['control'] ?? 0),
    twin: isolateOf(name, hosts, ports['twin'] ?? 0, ports['twin-control'] ?? 0),
    async end() {
      await end()
      hosts.close()
    },
  }
}

function isolateOf(name: RuntimeName, hosts: Hosts, port: number, control: number): RunningRuntime['twin'] {
  const ask = async (path: string, body?: unknown): Promise<Noted> => {
    const response = await fetch(`http://127.0.0.1:${control}${path}`, { method: 'POST', body: JSON.stringify(body) ?? '' })
    if (!response.ok) throw new Error(`${name} answered ${path} with ${response.status}: ${await response.text()}`)
    return response.json() as Promise<Noted>
  }
  return {
    ask,
    noted: () => ask('/noted'),
    harness: () => createMockHarness({ logSize: 20, clock: createClock(Date.now()) }),
    start:
      (store, isCold) =>
      async (harness, { title, trust, route, receiver, reportsOnly }): Promise<Subject> => {
        hosts.speakFor(harness)
        const tick = (): Promise<Noted> => ask('/now', harness.clock.now())
        const setup = { title, trust: harness.trust(trust), hosts: hosts.url, now: harness.clock.now(), store }
        const shape = { ...(route && { route }), ...(receiver && { receiver }), ...(reportsOnly && { reportsOnly }) }
        await ask('/setup', { ...setup, ...shape, ...(isCold && { isCold }) } satisfies Omit<Setup, 'trust'>)
        harness.clock.advance(6)
        await tick()
        return {
          port,
          effects: async () => (await ask('/noted')).effects,
          warm: async () => void (await ask('/warm')),
          ticked: async () => void (await tick()),
          close() {},
        }
      },
  }
}

/** Starts a program that prints its ports as JSON. */
async function program(path: string, options: readonly string[]): Promise<Program> {
  const child = spawn(path, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill()
    await gone
  }
  for await (const line of createInterface({ input: child.stdout })) return { ports: JSON.parse(line), end }
  throw new Error(`${path} ended with ${(await gone)[0]}`)
}
