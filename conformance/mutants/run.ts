#!/usr/bin/env node
/** `npm run conformance:mutants`: starts receivers with one defect each and holds the suite to find every one of them. @module */
import { parseArgs } from 'node:util'
import { includes, LEVELS, readCatalogue, type Case, type Catalogue, type Level } from '@aiegis/conformance/run'
import { allMutants, readEquivalent, type Known } from './all.ts'
import { flipsOf } from './flips.ts'
import { createLooker, type Looker } from './look.ts'
import { readMatrix, writeMatrix, type Matrix } from './matrix.ts'
import { lineOf, survivorLines } from './report.ts'
import { tryOne, type Surroundings } from './trial.ts'
import { judgeAnew, judgeKnown, type Verdict } from './verdicts.ts'

const USAGE = `Starts the Express fixture with one defect after the other and runs the suite against each.

  --only text    mutants whose id contains it, several with commas
  --jobs n       receivers at the same time, 1 to 16; 6 unless said otherwise: most of the time each of them waits
  --level l      ${LEVELS.join(', ')}; standard unless said otherwise
  --write        finds all cases that kill each mutant and writes them into matrix.json
  --json         the matrix as JSON

Exit codes: 0 every mutant is killed, 1 one survives or is broken, or the receiver without a defect fails, 2 usage.
`
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
  const wanted = allMutants().filter(({ id, level }) => isWanted(asked, id) && includes(asked.level, level))
  const mutants = wanted.filter(({ id }) => equivalent[id] === undefined)
  if (wanted.length === 0) {
    process.stderr.write('no mutant fits --only\n')
    return 2
  }
  const catalogue = await soundCatalogue(asked)
  if (asked.isWrite) prune()
  const verdicts = await judgeAll(mutants, asked, catalogue)
  return tell(asked, verdicts, readMatrix(), catalogue, equivalent)
}

function isWanted({ only }: Asked, id: string): boolean {
  return only.length === 0 || only.some((text) => id.includes(text))
}

/** The cases that a receiver without a defect passes; what it fails would kill everything. */
async function soundCatalogue(asked: Asked): Promise<Catalogue> {
  const catalogue = readCatalogue()
  const of = surroundingsOf(asked, catalogue)
  const cases = catalogue.cases.filter(({ level }) => includes(asked.level, level))
  const { verdict, killers, sentence } = await tryOne(undefined, casesToTry(asked, cases), { ...of, isScan: true })
  if (verdict === 'survived') return { ...catalogue, cases }
  if (verdict !== 'killed') throw new Error(`the receiver without a defect cannot be run: ${sentence}`)
  process.stderr.write(`The receiver without a defect fails ${killers.join(', ')}: ${sentence}\n`)
  process.exitCode = 1
  return { ...catalogue, cases: cases.filter(({ id }) => !killers.includes(id)) }
}

/** All, or for a few mutants that are known those that kill them. */
function casesToTry({ only, isWrite }: Asked, cases: readonly Case[]): readonly Case[] {
  if (only.length === 0 || isWrite) return cases
  const matrix = readMatrix()
  const killers = new Set(
    only.flatMap((text) => Object.entries(matrix).flatMap(([id, row]) => (id.includes(text) ? row.killers : []))),
  )
  const known = cases.filter(({ id }) => killers.has(id))
  return known.length === 0 ? cases : known
}

async function judgeAll(mutants: readonly Known[], asked: Asked, catalogue: Catalogue): Promise<readonly Verdict[]> {
  const { jobs, level, isWrite } = asked
  const matrix = readMatrix()
  const looker: Looker | undefined = isWrite ? await createLooker(level, catalogue.cases) : undefined
  const queue = [...mutants]
  const verdicts: Verdict[] = []
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const of = surroundingsOf({ ...asked, level: mutant.runAt ?? level }, catalogue)
      const verdict = looker === undefined ? await judgeKnown(mutant, matrix[mutant.id], of) : await judgeAnew(mutant, looker, of)
      verdicts.push(verdict)
      if (isWrite) writeMatrix({ ...readMatrix(), ...rowOf(verdict) })
      process.stderr.write(`${String(verdicts.length).padStart(4)} of ${mutants.length} ${lineOf(verdict)}\n`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  await looker?.close()
  return verdicts
}

function surroundingsOf({ level }: Asked, catalogue: Catalogue): Surroundings {
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
    const jobs = Number(values.jobs ?? 6)
    const level = LEVELS.find((known) => known === (values.level ?? 'standard'))
    if (!Number.isInteger(jobs) || jobs < 1 || jobs > 16 || level === undefined) return undefined
    const only = values.only === undefined ? [] : values.only.split(',')
    return { only, jobs, level, isWrite: values.write ?? false, isJson: values.json ?? false }
  } catch {
    return undefined
  }
}
