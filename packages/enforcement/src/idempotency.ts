/** Gives a repeated question the answer of the first one while its token lives (spec chapter 15.4). @module */
import { Refusal } from '@aiegis/protocol'

/** Answers by agent key and `Idempotency-Key`. */
export interface IdempotencyStore<T> {
  /**
   * The answer of `make`, or the one that was given before to the same agent, key and digest. Throws `idempotency_conflict` for
   * another digest, `overloaded` when no more can be remembered. A `make` that fails leaves nothing behind.
   */
  run(
    id: { readonly agent: string; readonly key: string; readonly digest: string },
    make: () => Promise<Remembered<T>>,
  ): Promise<T>
}

/** An answer and when it ends, epoch seconds. */
export interface Remembered<T> {
  readonly value: T
  readonly until: number
}

interface Slot<T> {
  readonly digest: string
  readonly agent: string
  until: number
  readonly answer: Promise<Remembered<T>>
}

const MAX_ANSWERS = 4_096
const MAX_PER_AGENT = 256

/** A store in memory. `now` is epoch milliseconds. */
export function createIdempotencyStore<T>(now: () => number): IdempotencyStore<T> {
  const slots = new Map<string, Slot<T>>()

  function makeRoom(agent: string): void {
    const seconds = now() / 1000
    for (const [id, slot] of slots) if (slot.until <= seconds) slots.delete(id)
    const own = [...slots.values()].filter((slot) => slot.agent === agent).length
    if (slots.size >= MAX_ANSWERS || own >= MAX_PER_AGENT) throw new Refusal('overloaded', 'no more answers can be remembered')
  }

  return {
    async run({ agent, key, digest }, make) {
      const id = `${agent} ${key}`
      const known = slots.get(id)
      if (known !== undefined && known.until > now() / 1000) {
        if (known.digest !== digest) throw new Refusal('idempotency_conflict', 'the key was used for another question')
        return (await known.answer).value
      }
      slots.delete(id)
      makeRoom(agent)
      // Kept before it is made: two that come at once get one answer.
      const slot: Slot<T> = { digest, agent, until: Number.POSITIVE_INFINITY, answer: make() }
      slots.set(id, slot)
      try {
        const { value, until } = await slot.answer
        slot.until = until
        return value
      } catch (error) {
        slots.delete(id)
        throw error
      }
    },
  }
}
