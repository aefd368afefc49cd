/** Starts the Express fixture with a defect in it and runs cases against it: which of them notice? @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createStarter,
  freePort,
  isGood,
  run,
  startChild,
  untilListening,
  worldOf,
  writeSetup,
  type Case,
  type CaseResult,
  type Catalogue,
  type Child,
  type Level,
  type RunResult,
} from '@aiegis/conformance/run'
import { openSomewhere } from './host.ts'
import { defective, MUTANTS, type Mutant } from './mutant.ts'

/** What came of one receiver. */
export interface Trial {
  /** `broken`: the mutant itself is wrong, so it shows nothing. `smoke`: there was nothing to run cases against. */
  readonly verdict: 'killed' | 'smoke' | 'survived' | 'broken'
  /** Cases that did not pass, those that failed before those that could not be measured. */
  readonly killers: readonly string[]
  /** Cases whose changed request was served and had to be refused. */
  readonly flips: readonly string[]
  /** What happened, in one sentence; for a case that did not pass its first fault. */
  readonly sentence: string
}

/** What all trials of a run have in common. */
export interface Surroundings {
  readonly level: Level
  readonly catalogue: Catalogue
  /** Without controls around each case: for the first look. */
  readonly isScan: boolean
  /** Cases at the same time. */
  readonly parallel: number
  /** Told what has to be undone when the process is told to end; what it returns is called when it has been. */
  readonly onStart: (undo: () => Promise<void>) => () => void
}

const REGISTER = fileURLToPath(new URL('dist/register.js', MUTANTS))
const RECEIVER = fileURLToPath(new URL('../receivers/dist/express/main.js', MUTANTS))
const READY_SECONDS = 30
/** What a mistake in a mutant looks like: a defect of a receiver refuses or serves, it names nothing that is not there. */
const MISTAKE = /ReferenceError/
/** The same where the receiver did not start; while it runs, parsers of JSON and of numbers say this too. */
const NOT_STARTED = /SyntaxError/

/** Runs `cases` against the receiver with the defect, or against the one without for `undefined`. Rejects only for a fault of the suite. */
export async function tryOne(mutant: Mutant | undefined, cases: readonly Case[], surroundings: Surroundings): Promise<Trial> {
  const wrong = mutant === undefined ? undefined : wrongIn(mutant)
  if (wrong !== undefined) return { verdict: 'broken', killers: [], flips: [], sentence: wrong }
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-mutant-'))
  const port = await freePort()
  const { level } = surroundings
  const { host, setup } = await openSomewhere({ url: `http://127.0.0.1:${port}`, level, seed: 'mutants', hostPort: 0 })
  const start = startOf(mutant, port, writeSetup(folder, setup, Date.now).trust, mkdtempSync(join(folder, 'state-')))
  let child = start()
  const undo = async (): Promise<void> => {
    await child.stop('SIGKILL')
    await host?.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const ended = surroundings.onStart(undo)
  const restart = async (): Promise<void> => {
    await child.stop('SIGKILL')
    child = start()
    await untilListening(port, child, READY_SECONDS)
  }
  const world = worldOf({ ...setup, level: 'basic' }, Date.now)
  const starter = createStarter({ command: commandOf(mutant), folder, world, environment: environmentOf(mutant) })
  try {
    await untilListening(port, child, READY_SECONDS)
    const result = await run({
      ...surroundings,
      setup,
      chosen: cases,
      host,
      restart,
      starter,
      target: '',
      session: Date.now().toString(36),
      baseline: new Map(),
      deadlineSeconds: 10,
      ended: () => child.ended(),
      onResult: () => {},
    })
    return judge(result, child.output())
  } finally {
    await undo()
    ended()
  }
}

function startOf(mutant: Mutant | undefined, port: number, trust: string, state: string): () => Child {
  return () => startChild({ command: commandOf(mutant), port, trust, state, environment: environmentOf(mutant) })
}

/** What starts the fixture, with the defect that its environment has. */
export function commandOf(mutant: Mutant | undefined): string {
  return `exec '${process.execPath}' ${mutant === undefined ? '' : `--import '${REGISTER}'`} '${RECEIVER}'`
}

/** The environment of a receiver with this defect. */
export function environmentOf(mutant: Mutant | undefined): Readonly<Record<string, string | undefined>> {
  return { ...process.env, ...(mutant === undefined ? {} : { AIEGIS_MUTANT: JSON.stringify(mutant) }) }
}

/** Why the mutant itself is wrong, or `undefined`. */
export function wrongIn(mutant: Mutant): string | undefined {
  try {
    defective(mutant)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function judge({ ending, results }: RunResult, output: string): Trial {
  const bad = results.filter((result) => !isGood(result)).toSorted((left, right) => rank(left) - rank(right))
  const killers = bad.map((result) => result.case.id)
  const flips = results.filter(isFlipped).map((result) => result.case.id)
  if (MISTAKE.test(output) || (ending?.kind === 'unreachable' && NOT_STARTED.test(output)))
    return { verdict: 'broken', killers, flips, sentence: output.slice(-400) }
  if (ending !== null && ending.kind !== 'stopped') return { verdict: 'smoke', killers: [], flips: [], sentence: ending.sentence }
  const sentence = bad[0]?.faults[0] ?? ending?.sentence ?? ''
  return { verdict: killers.length > 0 || ending !== null ? 'killed' : 'survived', killers, flips, sentence }
}

function rank({ verdict }: CaseResult): number {
  return verdict === 'FAIL' ? 0 : 1
}

/** Whether a request that had to be refused was served instead. */
function isFlipped({ case: { side, steps }, shots }: CaseResult): boolean {
  return (
    side === 'refuse' && steps === undefined && shots.some(({ label, outcome }) => label === 'changed' && /^2\d\d$/.test(outcome))
  )
}
