/** Gives a repeated question the answer of the first one while its token lives (spec chapter 15.4). @module */
import { Refusal } from '@aiegis/protocol'

/** Answers by agent key and `Idempotency-Key`. */
export interface IdempotencyStore<T> {
  /**
   * The answer of `make`, or the one that was given before to the same agent, key and digest. Throws `idempotency_conflict` for
   * another digest, `overloaded` when no more can be remembered for this agent. A `make` that fails leaves nothing behind.
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

const MAX_ANSWERS = 16_384
/** An agent gets one more answer only when so many are free for each that it then has: the fewer are free, the less a single agent gets. */
const FREE_PER_ANSWER = 64

/** A store in memory. `now` is epoch milliseconds. */
export function createIdempotencyStore<T>(now: () => number): IdempotencyStore<T> {
  const slots = new Map<string, Slot<T>>()
  /** Slots of each agent that has some. */
  const owned = new Map<string, number>()

  function add(id: string, slot: Slot<T>): void {
    slots.set(id, slot)
    owned.set(slot.agent, (owned.get(slot.agent) ?? 0) + 1)
  }

  function remove(id: string, { agent }: Slot<T>): void {
    slots.delete(id)
    const left = (owned.get(agent) ?? 0) - 1
    if (left > 0) owned.set(agent, left)
    else owned.delete(agent)
  }

  function hasRoom(agent: string): boolean {
    return ((owned.get(agent) ?? 0) + 1) * FREE_PER_ANSWER <= MAX_ANSWERS - slots.size
  }

  /** Nothing that lives is forgotten to make room: its key would get a second token. */
  function makeRoom(agent: string): void {
    if (hasRoom(agent)) return
    const seconds = now() / 1000
    for (const [id, slot] of slots) if (slot.until <= seconds) remove(id, slot)
    if (!hasRoom(agent)) throw new Refusal('overloaded', 'no more answers can be remembered')
  }

  return {
    async run({ agent, key, digest }, make) {
      const id = `${agent} ${key}`
      const known = slots.get(id)
      if (known !== undefined && known.until > now() / 1000) {
        if (known.digest !== digest) throw new Refusal('idempotency_conflict', 'the key was used for another question')
        return (await known.answer).value
      }
      if (known !== undefined) remove(id, known)
      makeRoom(agent)
      // Kept before it is made: two that come at once get one answer.
      const slot: Slot<T> = { digest, agent, until: Number.POSITIVE_INFINITY, answer: make() }
      add(id, slot)
      try {
        const { value, until } = await slot.answer
        slot.until = until
        return value
      } catch (error) {
        remove(id, slot)
        throw error
      }
    },
  }
}
