/** Trust bundles of cases: each is given to a process of its own, which must never listen, or judges requests by it (spec chapter 14). @module */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { changedBundle, type Case, type World } from '../build/index.ts'
import { freePort, startChild, untilListening } from './child.ts'
import type { Finding } from './control.ts'
import type { CaseResult } from './result.ts'

/** Starts one receiver more with a bundle, asks it when it listens, and tells what came of it. */
export type Starter = (test: Case, ask: Asking) => Promise<Started>

/** Sends requests to the receiver of a world that is its own. */
export type Asking = (world: World) => Promise<Finding>

/** How a start ended. */
export interface Started {
  readonly listens: boolean
  /** What was found where it was asked. */
  readonly found?: Finding
  /** What it wrote, the last of it. */
  readonly output: string
}

/** What a case changes in the bundle. */
type BundleChange = NonNullable<Case['bundle']>

/** What receivers are started with. */
export interface Starting {
  readonly command: string
  readonly folder: string
  readonly world: World
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Seconds in which a receiver with nothing wrong in its bundle has to listen. */
const CONTROL_SECONDS = 20
/** A receiver with something wrong has at least so long, and three times what the one with nothing wrong took. */
const LEAST_SECONDS = 2

/** A starter that measures once how long a start takes. */
export function createStarter(starting: Starting): Starter {
  let control: Promise<number> | undefined
  const honest = async (): Promise<number> => {
    const began = performance.now()
    const { listens } = await startWith(starting, [], CONTROL_SECONDS)
    return listens ? (performance.now() - began) / 1000 : Number.NaN
  }
  return async (test, ask) => {
    control ??= honest()
    const seconds = await control
    if (Number.isNaN(seconds)) return { listens: false, output: UNFIT }
    const patience = isToStart(test) ? CONTROL_SECONDS : Math.max(LEAST_SECONDS, 3 * seconds)
    return startWith(starting, test.bundle ?? [], patience, isAsked(test) ? ask : undefined)
  }
}

/** Whether a receiver has to start with the bundle of a case. */
export function isToStart(test: Case): boolean {
  return test.side === 'serve' || isAsked(test)
}

/** Whether a case about a bundle has requests. */
export function isAsked({ bundle, steps = [] }: Case): boolean {
  return bundle !== undefined && steps.length > 0
}

const UNFIT = 'a second receiver with the bundle of the run did not listen: PORT has to say where'

/** One case; `null` where the suite did not start the receiver. */
export async function judgeBundle(test: Case, starter: Starter | null, ask: Asking): Promise<CaseResult> {
  const began = performance.now()
  const result = (verdict: CaseResult['verdict'], ...faults: readonly string[]): CaseResult => {
    return { case: test, verdict, faults, shots: [], milliseconds: Math.round(performance.now() - began) }
  }
  if (starter === null) return result('NOT_CLAIMED', 'only a receiver that the suite starts itself (--exec) shows it')
  const { listens, found, output } = await starter(test, ask)
  if (output === UNFIT) return result('INCONCLUSIVE', UNFIT)
  if (!isToStart(test)) return listens ? result('FAIL', 'it listens with this bundle, and must not start') : result('PASS')
  if (!listens) return result('FAIL', `it does not start with this bundle: ${output.trim().slice(-300)}`)
  return { ...result('PASS'), ...found }
}

/** Starts one receiver with a bundle of its own and ends it again; it has so many seconds to listen. */
export async function startWith(starting: Starting, bundle: BundleChange, seconds: number, ask?: Asking): Promise<Started> {
  const { command, environment } = starting
  const folder = mkdtempSync(join(starting.folder, 'bundle-'))
  const state = join(folder, 'state')
  mkdirSync(state, { mode: 0o700 })
  const port = await freePort()
  const world = { ...starting.world, url: new URL(`http://127.0.0.1:${port}`) }
  const trust = writeBundle(folder, world, bundle)
  const child = startChild({ command, port, trust, state, environment })
  try {
    const listens = await untilListening(port, child, seconds)
    const found = listens ? await ask?.(world) : undefined
    return { listens, output: child.output(), ...(found === undefined ? {} : { found }) }
  } finally {
    await child.stop('SIGKILL')
  }
}

/** Writes a bundle with what a case changes; returns what the receiver is told about where it is. */
export function writeBundle(folder: string, world: World, bundle: BundleChange): string {
  const path = join(folder, 'aiegis-trust.json')
  writeFileSync(path, changedBundle(world, bundle), { mode: 0o600 })
  return bundle.reduce((before, { at, edit = '' }) => (at === 'bundle.file' ? placed(before, edit) : before), path)
}

/** What is wrong with the file and not with what it says. */
function placed(path: string, edit: string): string {
  if (edit === 'relative') return relative(process.cwd(), path)
  if (edit === 'missing') return `${path}.none`
  if (edit === 'writable') chmodSync(path, 0o666)
  else if (edit === 'link') {
    renameSync(path, `${path}.real`)
    symlinkSync(`${basename(path)}.real`, path)
  } else throw new TypeError(`bundle.file: there is no edit ${edit}`)
  return path
}
