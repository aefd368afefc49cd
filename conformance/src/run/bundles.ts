/** Trust bundles that must stop a receiver at its start: each is given to a process of its own, which must never listen (spec chapter 14). @module */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { changedBundle, type Case, type World } from '../build/index.ts'
import { freePort, startChild, untilListening } from './child.ts'
import type { CaseResult } from './result.ts'

/** Starts one receiver more with a bundle, and tells whether it listens. */
export type Starter = (test: Case) => Promise<Started>

/** How a start ended. */
export interface Started {
  readonly listens: boolean
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
  return async ({ bundle = [], side }) => {
    control ??= honest()
    const seconds = await control
    if (Number.isNaN(seconds)) return { listens: false, output: UNFIT }
    return startWith(starting, bundle, side === 'serve' ? CONTROL_SECONDS : Math.max(LEAST_SECONDS, 3 * seconds))
  }
}

const UNFIT = 'a second receiver with the bundle of the run did not listen: PORT has to say where'

/** One case; `null` where the suite did not start the receiver. */
export async function judgeBundle(test: Case, starter: Starter | null): Promise<CaseResult> {
  const began = performance.now()
  const result = (verdict: CaseResult['verdict'], ...faults: readonly string[]): CaseResult => {
    return { case: test, verdict, faults, shots: [], milliseconds: Math.round(performance.now() - began) }
  }
  if (starter === null) return result('NOT_CLAIMED', 'only a receiver that the suite starts itself (--exec) shows it')
  const { listens, output } = await starter(test)
  if (output === UNFIT) return result('INCONCLUSIVE', UNFIT)
  if (test.side === 'refuse') return listens ? result('FAIL', 'it listens with this bundle, and must not start') : result('PASS')
  return listens ? result('PASS') : result('FAIL', `it does not start with this bundle: ${output.trim().slice(-300)}`)
}

/** Starts one receiver with a bundle of its own and ends it again; it has so many seconds to listen. */
export async function startWith(starting: Starting, bundle: BundleChange, seconds: number): Promise<Started> {
  const { command, world, environment } = starting
  const folder = mkdtempSync(join(starting.folder, 'bundle-'))
  const state = join(folder, 'state')
  mkdirSync(state, { mode: 0o700 })
  const trust = writeBundle(folder, world, bundle)
  const port = await freePort()
  const child = startChild({ command, port, trust, state, environment })
  try {
    const listens = await untilListening(port, child, seconds)
    return { listens, output: child.output() }
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
