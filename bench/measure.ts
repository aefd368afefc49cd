/** Measures several subjects in one interleaved run and reports the ratios between them, never absolute times. @module */

/** One thing to measure: `prepare` makes all inputs before the clock starts, `run` is timed. */
export interface Subject {
  readonly name: string
  prepare(operations: number): readonly unknown[]
  run(input: unknown): unknown
}

/** The cost of every subject per operation, one number a round, all in the same unit. */
export type Costs = ReadonlyMap<string, readonly number[]>

/** Rounds that count; an odd number, so that the median is one of them. */
const ROUNDS = 21
const WARM_UP_ROUNDS = 10

/** One of several costs that are measured in turns; `round` gives that of one operation, in whatever unit all have. */
export interface Turn {
  readonly name: string
  round(round: number): Promise<number>
}

/** Runs every subject in every round, each operation on an input of its own; the unit is nanoseconds. */
export async function measure(subjects: readonly Subject[], operations = 300): Promise<Costs> {
  return interleave(
    subjects.map((subject) => {
      const inputs = subject.prepare((WARM_UP_ROUNDS + ROUNDS) * operations)
      return {
        name: subject.name,
        async round(round) {
          const own = inputs.slice(round * operations, (round + 1) * operations)
          const before = process.hrtime.bigint()
          for (const input of own) await subject.run(input)
          return Number(process.hrtime.bigint() - before) / own.length
        },
      }
    }),
  )
}

/** Every turn in every round, in an order that moves on by one each round; the first rounds do not count. */
export async function interleave(turns: readonly Turn[]): Promise<Costs> {
  const measured = turns.map((turn) => ({ turn, costs: [] as number[] }))
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (let at = 0; at < measured.length; at++) {
      const subject = measured[(round + at) % measured.length]
      if (subject === undefined) continue
      const cost = await subject.turn.round(round)
      if (round >= WARM_UP_ROUNDS) subject.costs.push(cost)
    }
  }
  return new Map(measured.map(({ turn, costs }) => [turn.name, costs]))
}

/** The median over all rounds of `over` divided by `under` in the same round. */
export function ratio(costs: Costs, over: string, under: string): number {
  const below = costs.get(under) ?? []
  const ratios = (costs.get(over) ?? []).map((cost, round) => cost / (below[round] ?? Number.NaN)).toSorted((a, b) => a - b)
  return Math.round((ratios[Math.floor(ratios.length / 2)] ?? Number.NaN) * 100) / 100
}

/** Prints a benchmark: a table for people, and as the last line one JSON object for machines. */
export function report(name: string, ratios: Readonly<Record<string, number>>, json: boolean, rounds = ROUNDS): void {
  if (!json) for (const [label, value] of Object.entries(ratios)) console.log(`${label.padEnd(24)} ${value}`)
  console.log(JSON.stringify({ bench: name, node: process.versions.node, rounds, ratios }))
}
