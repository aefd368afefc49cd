/** What each command does; resolves to the exit code. @module */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createProgress, printable, type Terminal } from '../report/terminal.ts'
import { parseBaseline, type Baseline } from '../run/baseline.ts'
import { freePort, startChild, untilListening, type Child } from '../run/child.ts'
import { choose, includes, readCatalogue, type Catalogue } from '../run/plan.ts'
import type { RunResult } from '../run/result.ts'
import { run } from '../run/run.ts'
import { originOf, readSetup, SetupError, writeSetup, type Setup } from '../run/setup.ts'
import { FOLDER, UsageError, type Arguments } from './arguments.ts'

/** Exit codes (FORMATS): the same for every tool of this project. */
export const EXIT = { ok: 0, nonconformant: 1, usage: 2, unreachable: 3, fault: 4 } as const

/** What the process around the commands gives them. */
export interface Surroundings {
  /** Results that a program reads. */
  readonly out: (text: string) => void
  /** Progress, for people. */
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Called with what has to be undone when the process is told to end. */
  readonly onStop: (undo: () => Promise<void>) => void
}

const HOST_PORT = 7357
const READY_SECONDS = 20

export async function init(asked: Arguments, { out }: Surroundings): Promise<number> {
  const { url, level = 'basic', seed = 'aiegis', hostPort = HOST_PORT, folder = FOLDER, json } = asked
  if (url === undefined)
    throw new UsageError('init: write --url with the origin of the receiver, for example --url http://127.0.0.1:3000')
  const setup: Setup = { url: originOf(url), level, seed, hostPort }
  const paths = writeSetup(folder, setup, Date.now)
  const trust = resolve(paths.trust)
  if (json) out(`${JSON.stringify({ trust, setup: resolve(paths.setup) })}\n`)
  else
    out(
      `The trust bundle for level ${level} is ${trust}\nLoad it in your receiver: AIEGIS_TRUST=${trust}\nThen: npm run conformance -- run${folder === FOLDER ? '' : ` --in ${folder}`}\n`,
    )
  return EXIT.ok
}

export async function runCommand(asked: Arguments, surroundings: Surroundings): Promise<number> {
  const catalogue = readCatalogue()
  const baseline = baselineOf(asked, catalogue)
  if (asked.exec !== undefined) return runStarted(asked, asked.exec, catalogue, baseline, surroundings)
  const written = readSetup(asked.folder ?? FOLDER)
  const setup = narrowed(written, asked)
  return runOn(asked, setup, { catalogue, baseline, child: null }, surroundings)
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

/** In a folder of its own, on a free port, with a fresh bundle. */
async function runStarted(
  asked: Arguments,
  command: string,
  catalogue: Catalogue,
  baseline: Baseline,
  surroundings: Surroundings,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-conformance-'))
  const port = await freePort()
  const { level = 'basic', seed = 'aiegis', hostPort = HOST_PORT } = asked
  const setup: Setup = { url: `http://127.0.0.1:${port}`, level, seed, hostPort }
  const { trust } = writeSetup(folder, setup, Date.now)
  const child = startChild({
    command,
    port,
    trust,
    state: mkdtempSync(join(folder, 'state-')),
    environment: surroundings.environment,
  })
  const undo = async (): Promise<void> => {
    await child.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  surroundings.onStop(undo)
  try {
    await untilListening(port, child, READY_SECONDS)
    return await runOn(asked, setup, { catalogue, baseline, child }, surroundings)
  } finally {
    await undo()
  }
}

interface Parts {
  readonly catalogue: Catalogue
  readonly baseline: Baseline
  readonly child: Child | null
}

async function runOn(
  asked: Arguments,
  setup: Setup,
  { catalogue, baseline, child }: Parts,
  { terminal, out }: Surroundings,
): Promise<number> {
  const level = asked.level ?? setup.level
  const chosen = choose(catalogue.cases, asked.only)
  if (!chosen.some((each) => includes(level, each.level)))
    throw new UsageError(`no case of level ${level} fits --only ${asked.only.join(',')}; list shows all`)
  const progress = createProgress(terminal)
  const result = await run({
    setup,
    level,
    catalogue,
    chosen,
    baseline,
    session: Date.now().toString(36),
    parallel: asked.parallel,
    deadlineSeconds: asked.deadlineSeconds,
    host: null,
    ended: () => child?.ended(),
    onResult: (each, done, all) => progress.onResult(each, done, all),
  })
  progress.finish(result)
  if (result.ending !== null && child !== null) terminal.write(lastWords(child.output()))
  if (asked.json) out(`${JSON.stringify({ conformant: result.conformant })}\n`)
  return exitOf(result)
}

/** What a receiver wrote before it ended, without the frames of a stack trace. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^\s+(?:at |\^|File ")/.test(line))
  return lines.length === 0
    ? ''
    : `The last words of the receiver:\n${lines
        .slice(-5)
        .map((line) => `  ${printable(line)}\n`)
        .join('')}`
}

function exitOf({ ending, conformant }: RunResult): number {
  if (ending?.kind === 'unreachable' || ending?.kind === 'smoke') return EXIT.unreachable
  return conformant ? EXIT.ok : EXIT.nonconformant
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

export async function list({ level = 'full', only, json }: Arguments, { out }: Surroundings): Promise<number> {
  const cases = choose(readCatalogue().cases, only).filter((each) => includes(level, each.level))
  if (cases.length === 0) throw new UsageError('list: no case fits')
  const rows = cases.map(({ id, group, title, level: own, must, side }) => ({ id, group, level: own, side, must, title }))
  out(
    json
      ? `${JSON.stringify(rows)}\n`
      : rows.map(({ id, level: own, side, title }) => `${id.padEnd(40)} ${own.padEnd(8)} ${side.padEnd(6)} ${title}\n`).join(''),
  )
  return EXIT.ok
}
