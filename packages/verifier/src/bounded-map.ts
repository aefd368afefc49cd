/** A map that forgets what was not used for long when it is full: for caches of verified bytes, never for anything that must be remembered. @module */

/** Holds at most `size` values by text key, in two generations: what is used moves to the younger, the older is forgotten as a whole. */
export class BoundedMap<V> {
  #young = new Map<string, V>()
  #old = new Map<string, V>()
  readonly #half: number

  constructor(size: number) {
    this.#half = Math.ceil(size / 2)
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const older = this.#old.get(key)
    return older === undefined ? undefined : this.set(key, older)
  }

  /** Stores and returns `value`. */
  set(key: string, value: V): V {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
    return value
  }
}
