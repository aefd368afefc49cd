/** Mutants of what is read at the start: with which trust bundles does a receiver listen that the one without a defect refuses, or the other way round? @module */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isToStart, startWith, worldOf, writeBundle, type Case } from '@aiegis/conformance/run'
import { MUTANTS, type Mutant } from './mutant.ts'
import type { Starts } from './start-receiver.ts'
import { commandOf, environmentOf, wrongIn, type Trial } from './trial.ts'

const REGISTER = fileURLToPath(new URL('dist/register.js', MUTANTS))
const READER = fileURLToPath(new URL('dist/start-receiver.js', MUTANTS))
/** Seconds that a start may take. */
const PATIENCE = 30
const run = promisify(execFile)
const world = worldOf({ url: 'http://127.0.0.1:3000', level: 'basic', seed: 'mutants', hostPort: 0 }, Date.now)

/** Starts the fixture with the defect once for each case, until one of them notices. */
export async function tryStarts(mutant: Mutant, cases: readonly Case[]): Promise<Trial> {
  const wrong = wrongIn(mutant)
  if (wrong !== undefined) return { verdict: 'broken', killers: [], flips: [], sentence: wrong }
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-mutant-'))
  const starting = { command: commandOf(mutant), folder, world, environment: environmentOf(mutant) }
  try {
    for (const test of cases) {
      const { listens } = await startWith(starting, test.bundle ?? [], PATIENCE)
      const sentence = listens ? 'it listens with this bundle' : 'it does not start with this bundle'
      if (listens !== isToStart(test)) return { verdict: 'killed', killers: [test.id], flips: [], sentence }
    }
    return { verdict: 'survived', killers: [], flips: [], sentence: '' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All cases that notice, found by one process that reads all their bundles. */
export async function lookAtStarts(mutant: Mutant, cases: readonly Case[]): Promise<Trial> {
  const wrong = wrongIn(mutant)
  if (wrong !== undefined) return { verdict: 'broken', killers: [], flips: [], sentence: wrong }
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-mutant-'))
  try {
    const paths: Starts = cases.map(({ bundle = [] }) => writeBundle(mkdtempSync(join(folder, 'bundle-')), world, bundle))
    const file = join(folder, 'starts.json')
    writeFileSync(file, JSON.stringify(paths))
    const { stdout } = await run(process.execPath, ['--import', REGISTER, READER, file], { env: environmentOf(mutant) })
    const listens: readonly boolean[] = JSON.parse(stdout)
    const killers = cases.filter((test, at) => listens[at] !== isToStart(test)).map(({ id }) => id)
    return { verdict: killers.length === 0 ? 'survived' : 'killed', killers, flips: [], sentence: '' }
  } catch (error) {
    return {
      verdict: 'broken',
      killers: [],
      flips: [],
      sentence: error instanceof Error ? error.message.slice(-400) : String(error),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
