#!/usr/bin/env node
/** `npm run conformance:mutants`: starts receivers with one defect each and holds the suite to find every one of them. @module */
import { parseArgs } from 'node:util'
import { includes, LEVELS, readCatalogue, type Case, type Catalogue, type Level } from '@aiegis/conformance/run'
import { allMutants, bundleLevelOf, readEquivalent, wanted, type Known } from './all.ts'
import { flipsOf } from './flips.ts'
import { createLooker, type Looker } from './look.ts'
import { readMatrix, writeMatrix, type Matrix } from './matrix.ts'
import { lineOf, survivorLines } from './report.ts'
import { tryOne, type Surroundings } from './trial.ts'
import { firstOf, isSent, judgeAnew, judgeKnown, type Verdict } from './verdicts.ts'

const USAGE = `Starts the Express fixture with one defect after the other and runs the suite against each.

  --only text    mutants whose id contains it, several with commas, also those that are listed as equivalent
  --jobs n       receivers at the same time, 1 to 16; 10 unless said otherwise: most of the time each of them waits
  --level l      mutants that receivers of this level meet: ${LEVELS.join(', ')}; full unless said otherwise
  --write        finds all cases that kill each mutant and writes them into matrix.json
  --json         the matrix as JSON

Exit codes: 0 every mutant is killed, 1 one survives or is broken, or the receiver without a defect fails, 2 usage.
`
/** For fewer mutants, requests for a look at them take longer than the look saves. */
const FEW = 10
const undoings = new Set<() => Promise<void>>()

interface Asked {
  readonly only: readonly string[]
  readonly jobs: number
  readonly level: Level
  readonly isWrite: boolean
  readonly isJson: boolean
}

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = readArguments()
  if (asked === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void Promise.allSettled([...undoings].map((undo) => undo())).then(() => process.exit(130)))
  }
  const equivalent = readEquivalent()
  const mutants = wanted(allMutants(), asked.only, equivalent).filter(({ level }) => includes(asked.level, level))
  if (mutants.length === 0) {
    process.stderr.write('no mutant fits --only\n')
    return 2
  }
  const known = readCatalogue()
  if (asked.isWrite) prune()
  // Where killers are sought, what the receiver without a defect fails is none; where they are known, it is found out meanwhile.
  const sound = asked.isWrite ? undefined : unsound(mutants, known)
  const catalogue = sound === undefined ? await soundCatalogue(mutants, known) : known
  const verdicts = await judgeAll(mutants, asked, catalogue, equivalent)
  const failed = (await sound) ?? []
  // Beside so many others it may have been late: what it failed it does once more, alone.
  if (failed.length > 0)
    await soundCatalogue(
      mutants,
      known,
      known.cases.filter(({ id }) => failed.includes(id)),
    )
  return tell(asked, verdicts, readMatrix(), catalogue, equivalent)
}

/** The cases that a receiver without a defect passes; what it fails would kill everything. */
async function soundCatalogue(mutants: readonly Known[], known: Catalogue, tried = known.cases): Promise<Catalogue> {
  const level = levelOf(mutants)
  const cases = tried.filter((test) => includes(level, test.level))
  const { verdict, killers, sentence } = await tryOne(undefined, cases.filter(isSent), {
    ...surroundingsOf(level, known),
    isScan: true,
  })
  if (verdict === 'survived') return { ...known, cases }
  if (verdict !== 'killed') throw new Error(`the receiver without a defect cannot be run: ${sentence}`)
  process.stderr.write(`The receiver without a defect fails ${killers.join(', ')}: ${sentence}\n`)
  process.exitCode = 1
  return { ...known, cases: cases.filter(({ id }) => !killers.includes(id)) }
}

/** Known killers that the receiver without a defect fails too. */
async function unsound(mutants: readonly Known[], known: Catalogue): Promise<readonly string[]> {
  const tried = firstCases(mutants, readMatrix(), known).filter(isSent)
  const { killers } = await tryOne(undefined, tried, { ...surroundingsOf(levelOf(mutants), known), isScan: true })
  return killers
}

/** The cases that are tried first. */
function firstCases(mutants: readonly Known[], matrix: Matrix, { cases }: Catalogue): readonly Case[] {
  const first = new Set(mutants.flatMap(({ id }) => firstOf(matrix[id])))
  return cases.filter(({ id }) => first.has(id))
}

/** The highest level whose trust bundle one of them needs. */
function levelOf(mutants: readonly Known[]): Level {
  return LEVELS.findLast((each) => mutants.some((mutant) => bundleLevelOf(mutant) === each)) ?? 'standard'
}

async function judgeAll(
  mutants: readonly Known[],
  asked: Asked,
  catalogue: Catalogue,
  equivalent: Readonly<Record<string, string>>,
): Promise<readonly Verdict[]> {
  const { jobs, isWrite } = asked
  const matrix = readMatrix()
  const looked = isWrite ? catalogue.cases : firstCases(mutants, matrix, catalogue)
  const lookers = new Map<Level, Promise<Looker>>()
  const lookerOf = (level: Level): Promise<Looker> => {
    const looker = lookers.get(level) ?? createLooker(level, looked)
    lookers.set(level, looker)
    return looker
  }
  // Those that wait for logs begin first.
  const queue = mutants.toSorted((one, other) => LEVELS.indexOf(other.level) - LEVELS.indexOf(one.level))
  const verdicts: Verdict[] = []
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const level = bundleLevelOf(mutant)
      const of = surroundingsOf(level, catalogue)
      const verdict = isWrite
        ? await judgeAnew(mutant, await lookerOf(level), of)
        : await judgeKnown(mutant, matrix[mutant.id], mutants.length < FEW ? undefined : lookerOf, of)
      verdicts.push(verdict)
      // What is rightly listed as equivalent has no row.
      const isIdle = verdict.verdict === 'survived' && equivalent[mutant.id] !== undefined
      if (isWrite && !isIdle) writeMatrix({ ...readMatrix(), ...rowOf(verdict) })
      process.stderr.write(`${String(verdicts.length).padStart(4)} of ${mutants.length} ${lineOf(verdict)}\n`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  for (const looker of lookers.values()) await (await looker).close()
  return verdicts
}

function surroundingsOf(level: Level, catalogue: Catalogue): Surroundings {
  return {
    level,
    catalogue,
    isScan: false,
    parallel: 16,
    onStart: (undo) => {
      undoings.add(undo)
      return () => void undoings.delete(undo)
    },
  }
}

/** Forgets mutants that are no more. */
function prune(): void {
  const ids = new Set(allMutants().map(({ id }) => id))
  writeMatrix(Object.fromEntries(Object.entries(readMatrix()).filter(([id]) => ids.has(id))))
}

function rowOf({ mutant: { id }, verdict, killers, flips }: Verdict): Matrix {
  return { [id]: { killers: verdict === 'smoke' ? ['smoke'] : killers, flips } }
}

function tell(
  { isJson, only }: Asked,
  verdicts: readonly Verdict[],
  matrix: Matrix,
  { cases }: Catalogue,
  equivalent: Readonly<Record<string, string>>,
): number {
  const bad = verdicts.filter(({ verdict, mutant }) => {
    return verdict === 'broken' || (verdict === 'survived') === (equivalent[mutant.id] === undefined)
  })
  const lines = bad
    .filter(({ verdict }) => verdict === 'survived' || verdict === 'broken')
    .flatMap((one) => survivorLines(one, cases))
  const stale = bad.filter(({ verdict }) => verdict === 'killed' || verdict === 'smoke')
  const flips = only.length === 0 ? flipsOf(cases, allMutants(), matrix) : []
  const firm = flips.filter(({ served }) => served.length === 0)
  if (isJson) {
    const rows = verdicts.map(({ mutant: { id, family, defect }, verdict, killers }) => ({
      id,
      family,
      defect,
      verdict,
      killers,
    }))
    process.stdout.write(`${JSON.stringify({ mutants: rows, equivalent, notFlipped: firm })}\n`)
  } else {
    process.stdout.write(
      [
        ...verdicts.map(lineOf),
        ...(firm.length === 0
          ? []
          : [`${firm.length} of ${flips.length} refusals are served under no mutant; --json lists them`]),
        ...lines,
        ...stale.map(({ mutant }) => `${mutant.id} is listed as equivalent and is killed: take it out of equivalent.json`),
        `${verdicts.length} mutants, ${bad.length} not as they should be, ${Object.keys(equivalent).length} listed as equivalent`,
        '',
      ].join('\n'),
    )
  }
  return bad.length > 0 || process.exitCode === 1 ? 1 : 0
}

function readArguments(): Asked | undefined {
  const options = {
    only: { type: 'string' },
    jobs: { type: 'string' },
    level: { type: 'string' },
    write: { type: 'boolean' },
    json: { type: 'boolean' },
  } as const
  try {
    const { values } = parseArgs({ options, strict: true, allowPositionals: false })
    const jobs = Number(values.jobs ?? 10)
    const level = LEVELS.find((known) => known === (values.level ?? 'full'))
    if (!Number.isInteger(jobs) || jobs < 1 || jobs > 16 || level === undefined) return undefined
    const only = values.only === undefined ? [] : values.only.split(',')
    return { only, jobs, level, isWrite: values.write ?? false, isJson: values.json ?? false }
  } catch {
    return undefined
  }
}
