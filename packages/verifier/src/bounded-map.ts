/** A map that forgets its oldest entry when it is full: for caches of verified bytes, never for anything that must be remembered. @module */

/** Holds at most `size` values by text key; the entry that was written first goes first. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  /** Stores and returns `value`. */
  set(key: string, value: V): V {
    if (this.#entries.size >= this.#size && !this.#entries.has(key)) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#entries.set(key, value)
    return value
  }
}
