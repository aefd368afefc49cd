/** Random choices that follow from a seed, so that every run can be had again. @module */

/** Choices in a fixed order. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  /** True once in `times`. */
  oneIn(times: number): boolean
}

/** The choices of number `at` in the run of `seed`. */
export function createRandom(seed: number, at: number): Random {
  let state = mix(mix(seed) ^ at)
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    return mix(state)
  }
  const below = (end: number): number => Math.floor((next() / 2 ** 32) * end)
  return {
    below,
    pick: (list) => {
      const found = list[below(list.length)]
      if (found === undefined) throw new RangeError('nothing to pick from')
      return found
    },
    oneIn: (times) => below(times) === 0,
  }
}

function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 15), number | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}
