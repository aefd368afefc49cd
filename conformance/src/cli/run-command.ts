/** `run`: finds or starts the receiver, runs the cases against it, writes what was found. @module */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case, Level } from '../build/index.ts'
import { HOST_PORTS, type Host } from '../host/host.ts'
import { resultsOf } from '../report/results.ts'
import { announce, createProgress, printable } from '../report/terminal.ts'
import { openReports, writeReports } from '../report/write.ts'
import { parseBaseline, type Baseline } from '../run/baseline.ts'
import { createStarter, type Starter } from '../run/bundles.ts'
import { freePorts, startChild, untilListening, untilSilent, type Child } from '../run/child.ts'
import { choose, includes, misnamed, readCatalogue, type Catalogue } from '../run/plan.ts'
import { isExpected, type RunResult } from '../run/result.ts'
import { run } from '../run/run.ts'
import { originOf, readSetup, SetupError, worldOf, writeSetup, type Setup } from '../run/setup.ts'
import { FOLDER, UsageError, type Arguments } from './arguments.ts'
import { EXIT, type Surroundings } from './commands.ts'
import { openHost } from './open-host.ts'

/** Seconds that a receiver has to listen after it was started. */
const READY_SECONDS = 20

interface Plan {
  readonly asked: Arguments
  readonly setup: Setup
  readonly level: Level
  readonly catalogue: Catalogue
  readonly chosen: readonly Case[]
  readonly baseline: Baseline
  readonly surroundings: Surroundings
}

/** Resolves to the exit code. Rejects with `UsageError` or `SetupError` before anything was started. */
export async function runCommand(asked: Arguments, surroundings: Surroundings): Promise<number> {
  const catalogue = readCatalogue()
  const baseline = baselineOf(asked, catalogue)
  const setup = asked.exec === undefined ? narrowed(readSetup(asked.folder ?? FOLDER), asked) : await freshSetup(asked)
  const level = asked.level ?? setup.level
  const wrong = misnamed(catalogue.cases, asked.only)
  if (wrong !== undefined) throw new UsageError(wrong)
  const chosen = choose(catalogue.cases, asked.only)
  if (!chosen.some((each) => includes(level, each.level)))
    throw new UsageError(`no case of level ${level} fits --only ${asked.only.join(',')}; list shows all`)
  if (asked.reports !== undefined) openReports(asked.reports)
  const plan: Plan = { asked, setup, level, catalogue, chosen, baseline, surroundings }
  const host = level === 'basic' ? null : await openHost(worldOf(setup, Date.now), setup.hostPort)
  try {
    return asked.exec === undefined ? await runOn(plan, host, FOREIGN) : await runStarted(plan, host, asked.exec)
  } finally {
    await host?.close()
  }
}

/** The suite may claim less than the bundle allows, and reach the receiver only where its audience says. */
function narrowed(written: Setup, { url, level, seed, hostPort }: Arguments): Setup {
  if (url !== undefined && originOf(url) !== written.url)
    throw new UsageError(`--url ${url}: the bundle was made for ${written.url}; run init again for another origin`)
  if (seed !== undefined && seed !== written.seed)
    throw new UsageError(`--seed ${seed}: the bundle was made with the seed ${written.seed}`)
  if (hostPort !== undefined && hostPort !== written.hostPort)
    throw new UsageError(`--host-port ${hostPort}: the bundle was made for port ${written.hostPort}`)
  if (level !== undefined && !includes(written.level, level))
    throw new UsageError(`--level ${level}: the bundle was made for ${written.level}; run init with --level ${level}`)
  return written
}

/** Free ports, so that several runs can go on at the same time. */
async function freshSetup({ level = 'basic', seed = 'aiegis', hostPort, folder }: Arguments): Promise<Setup> {
  if (folder !== undefined) throw new UsageError('--in: with --exec the suite makes its own setup; leave --in out')
  const first = await freePorts(1 + HOST_PORTS)
  return { url: `http://127.0.0.1:${first}`, level, seed, hostPort: hostPort ?? first + 1 }
}

/** In a folder of its own, with a fresh bundle and an empty state directory. */
async function runStarted(plan: Plan, host: Host | null, command: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-conformance-'))
  const port = Number(new URL(plan.setup.url).port)
  const { trust } = writeSetup(folder, plan.setup, Date.now)
  const state = mkdtempSync(join(folder, 'state-'))
  const start = (): Child => startChild({ command, port, trust, state, environment: plan.surroundings.environment })
  let child = start()
  const undo = async (): Promise<void> => {
    await child.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  plan.surroundings.onStop(undo)
  // These receivers have nobody to ask: what they would read from the suite host is counted for the one that is judged.
  const world = worldOf({ ...plan.setup, level: 'basic' }, Date.now)
  const starter = createStarter({ command, folder, world, environment: plan.surroundings.environment })
  const restart = async (): Promise<void> => {
    await child.stop('SIGKILL')
    await untilSilent(port, READY_SECONDS)
    child = start()
    await untilListening(port, child, READY_SECONDS)
  }
  try {
    announce(plan.surroundings.terminal, 'waiting until the receiver listens')
    const listens = await untilListening(port, child, READY_SECONDS)
    const held = { ended: () => child.ended(), output: () => child.output(), restart, starter }
    return await runOn(plan, host, listens ? held : { ...held, silent: silentAt(port) })
  } finally {
    await undo()
  }
}

/** The receiver as far as the suite has it in its hands. */
interface Held {
  readonly ended: () => string | undefined
  readonly output: () => string
  readonly restart: (() => Promise<void>) | null
  readonly starter?: Starter
  readonly silent?: string
}

function silentAt(port: number): string {
  return `The receiver runs and does not listen on 127.0.0.1:${port}, ${READY_SECONDS} seconds after its start: it has to listen where PORT says.`
}

/** A receiver that somebody else started. */
const FOREIGN: Held = { ended: () => undefined, output: () => '', restart: null }

async function runOn(plan: Plan, host: Host | null, held: Held): Promise<number> {
  const { asked, surroundings, ...rest } = plan
  const { terminal, out } = surroundings
  const progress = createProgress(terminal)
  announce(terminal, 'waiting until the receiver serves a first request, some seconds after its start')
  const result = await run({
    ...rest,
    host,
    target: targetOf(asked, plan.setup),
    session: Date.now().toString(36),
    parallel: asked.parallel,
    deadlineSeconds: asked.deadlineSeconds,
    ended: held.ended,
    restart: held.restart,
    ...(held.starter === undefined ? {} : { starter: held.starter }),
    ...(held.silent === undefined ? {} : { silent: held.silent }),
    onResult: (each, done, all) => progress.onResult(each, done, all),
  })
  progress.finish(result)
  if (result.ending !== null) terminal.write(lastWords(held.output()))
  if (asked.reports !== undefined) terminal.write(`The report is ${writeReports(asked.reports, result)}\n`)
  if (asked.json) out(`${JSON.stringify(resultsOf(result))}\n`)
  return exitOf(result)
}

/** As a shell reads it. */
function targetOf({ exec, folder, level, seed }: Arguments, { url }: Setup): string {
  if (exec === undefined) return folder === undefined ? `--url ${url}` : `--in ${quoted(folder)}`
  const rest = [...(level === undefined ? [] : [`--level ${level}`]), ...(seed === undefined ? [] : [`--seed ${seed}`])]
  return [`--exec ${quoted(exec)}`, ...rest].join(' ')
}

function quoted(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** What a receiver wrote before it ended, without the frames of a stack trace. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^\s+(?:at |\^|File ")/.test(line))
  if (lines.length === 0) return ''
  const last = lines.slice(-5).map((line) => `  ${printable(line)}\n`)
  return `The last words of the receiver:\n${last.join('')}`
}

function exitOf(result: RunResult): number {
  if (result.ending?.kind === 'unreachable' || result.ending?.kind === 'smoke') return EXIT.unreachable
  return isExpected(result) ? EXIT.ok : EXIT.nonconformant
}

function baselineOf({ baseline: path }: Arguments, { cases }: Catalogue): Baseline {
  if (path === undefined) return new Map()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SetupError(`--baseline ${path}: the file cannot be read`, { cause: error })
  }
  return parseBaseline(text, cases)
}
