/** Measures several subjects in one interleaved run and reports the ratios between them, never absolute times. @module */

/** One thing to measure: `prepare` is not timed, `run` is. */
export interface Subject {
  readonly name: string
  /** Makes the inputs of one round. */
  prepare(operations: number): Promise<readonly unknown[]> | readonly unknown[]
  run(input: unknown): unknown
}

/** The cost of every subject per operation, one number a round, all in the same unit. */
export type Costs = ReadonlyMap<string, readonly number[]>

/** Rounds that count; an odd number, so that the median is one of them. */
const ROUNDS = 15
const WARM_UP_ROUNDS = 3
const OPERATIONS = 150

/** Runs every subject in every round, in an order that moves on by one each round. CPU time of this process, so that neighbours do not count. */
export async function measure(subjects: readonly Subject[]): Promise<Costs> {
  const costs = new Map(subjects.map(({ name }) => [name, [] as number[]]))
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(((round + turn) % subjects.length) + subjects.length) % subjects.length]
      if (subject === undefined) continue
      const inputs = await subject.prepare(OPERATIONS)
      const before = process.cpuUsage()
      for (const input of inputs) await subject.run(input)
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) costs.get(subject.name)?.push((user + system) / inputs.length)
    }
  }
  return costs
}

/** The median over all rounds of `over` divided by `under` in the same round. */
export function ratio(costs: Costs, over: string, under: string): number {
  const below = costs.get(under) ?? []
  const ratios = (costs.get(over) ?? []).map((cost, round) => cost / (below[round] ?? Number.NaN)).toSorted((a, b) => a - b)
  return Math.round((ratios[Math.floor(ratios.length / 2)] ?? Number.NaN) * 100) / 100
}

/** Prints a benchmark: a table for people, and as the last line one JSON object for machines. */
export function report(name: string, ratios: Readonly<Record<string, number>>, json: boolean): void {
  if (!json) for (const [label, value] of Object.entries(ratios)) console.log(`${label.padEnd(24)} ${value}`)
  console.log(JSON.stringify({ bench: name, node: process.versions.node, rounds: ROUNDS, ratios }))
}
