/** Used tokens of a base that Workers serve: a Durable Object, and the store that reaches it (spec chapter 12.4). @module */
import type { ClaimResult, ReplayStore } from '../replay.ts'

/** What `UsedTokens` needs of its state, which is a `DurableObjectState` with SQLite. */
export interface DurableState {
  readonly storage: {
    readonly sql: { exec(statement: string, ...values: (string | number)[]): { toArray(): readonly object[] } }
    getAlarm(): Promise<number | null>
    setAlarm(at: number): Promise<void>
  }
}

/** Bounds of one object. */
export interface UsedTokensOptions {
  /** Live records in all; default 1,000,000. */
  readonly maxRecords?: number
}

/** A binding to objects of `UsedTokens`, which is a `DurableObjectNamespace`. */
export interface DurableNamespace {
  idFromName(name: string): unknown
  get(id: unknown): { fetch(url: string, init: { readonly method: string; readonly body: string }): Promise<Response> }
}

/** How Workers reach their shared memory. */
export interface DurableReplayOptions {
  readonly namespace: DurableNamespace
  /** The name of the object: one for each base. Receivers of one base with different names each serve every token once. */
  readonly name?: string
  /** Milliseconds since the epoch, from the clock of the verifier, which is the default too. */
  readonly now?: () => number
}

/** Longer than any record lives, in milliseconds. A record outside of 1 ms to this comes from a clock that is not the verifier's. */
const MAX_LIFE_MS = 3_600_000
/** Between two sweeps, in milliseconds. */
const SWEEP_MS = 60_000
/** Claims that may wait for an answer, each for as long as the verifier waits: more would only be memory that this isolate holds. */
const MAX_WAITING = 10_000
const ANSWER_MS = 3000

/**
 * The class of a Durable Object with SQLite storage; a Worker exports it, or a class that extends it to set `options`. One statement for
 * each claim; an answer leaves the object only when the record is on disk. Records that have ended are swept by an alarm, never to make
 * room: it is `full` then. Whoever deletes the storage of the object forgets used tokens.
 */
export class UsedTokens {
  readonly #storage: DurableState['storage']
  readonly #maxRecords: number
  #records: number
  /** No record that ended after this was swept; milliseconds since the epoch. */
  #sweptTo: number
  #isPlanned = false

  constructor(state: DurableState, _environment?: unknown, { maxRecords = 1_000_000 }: UsedTokensOptions = {}) {
    this.#storage = state.storage
    this.#maxRecords = maxRecords
    this.#all('CREATE TABLE IF NOT EXISTS used (key TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID')
    this.#all('CREATE INDEX IF NOT EXISTS used_until ON used (until)')
    this.#all('CREATE TABLE IF NOT EXISTS swept (one INTEGER PRIMARY KEY CHECK (one = 1), till INTEGER NOT NULL)')
    this.#records = numberIn(this.#all('SELECT count(*) AS n FROM used'))
    this.#sweptTo = numberIn(this.#all('SELECT till AS n FROM swept'))
  }

  /** One claim: the key of 43 characters, a space, and milliseconds. Answers `fresh`, `seen` or `full`, and 400 to everything else. */
  async fetch(request: Request): Promise<Response> {
    const [, key, life] = /^([A-Za-z0-9_-]{43}) ([1-9]\d{0,6})$/.exec(await request.text()) ?? []
    if (key === undefined || Number(life) > MAX_LIFE_MS) return new Response('no claim', { status: 400 })
    const result = this.#claim(key, Number(life))
    // When it is full, too: nothing else would plan a sweep again after one that was lost.
    if (result !== 'seen' && !this.#isPlanned) await this.#plan(Date.now() + SWEEP_MS)
    return new Response(result)
  }

  /** Sweeps, and plans the next sweep while there is something to sweep. */
  async alarm(): Promise<void> {
    this.#isPlanned = false
    const now = Date.now()
    this.#sweptTo = Math.max(this.#sweptTo, now)
    this.#all('INSERT INTO swept VALUES (1, ?) ON CONFLICT DO UPDATE SET till = excluded.till', this.#sweptTo)
    this.#all('DELETE FROM used WHERE until <= ?', now)
    this.#records -= numberIn(this.#all('SELECT changes() AS n'))
    if (this.#records > 0) await this.#plan(now + SWEEP_MS)
  }

  #claim(key: string, life: number): ClaimResult {
    const now = Date.now()
    // The clock was ahead and went back: records that still live by the clock of now are gone, so nobody knows whether this one was there.
    if (now < this.#sweptTo) return 'full'
    if (this.#records >= this.#maxRecords) return this.#all('SELECT 1 FROM used WHERE key = ?', key).length > 0 ? 'seen' : 'full'
    const written = this.#all('INSERT INTO used VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1', key, now + life).length > 0
    if (written) this.#records++
    return written ? 'fresh' : 'seen'
  }

  async #plan(at: number): Promise<void> {
    if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(at)
    // Not before: an alarm that could not be set is tried again with the next claim.
    this.#isPlanned = true
  }

  #all(statement: string, ...values: (string | number)[]): readonly object[] {
    return this.#storage.sql.exec(statement, ...values).toArray()
  }
}

/**
 * A store for `gate({ replay })` in a Worker: each claim asks the object of that name. It keeps nothing of a request, so that it serves all
 * requests of an isolate. A claim throws, which refuses with `replay_unavailable`, for every answer but the object's own.
 */
export function createDurableReplayStore(options: DurableReplayOptions): ReplayStore & { readonly scope: 'shared' } {
  const { namespace, name = 'aiegis', now = Date.now } = options
  const enter = atMost(MAX_WAITING, ANSWER_MS)
  return {
    scope: 'shared',
    async claim(key, expiresAt) {
      const life = Math.ceil(expiresAt * 1000 - now())
      if (!(life >= 1 && life <= MAX_LIFE_MS)) throw new Error(`a record for ${life} ms: is "now" the clock of the verifier?`)
      enter()
      // Anew for each claim: a stub belongs to the request in which it was made.
      const object = namespace.get(namespace.idFromName(name))
      const response = await object.fetch('https://used-tokens.invalid/', { method: 'POST', body: `${key} ${life}` })
      const answer = await response.text()
      if (response.ok && (answer === 'fresh' || answer === 'seen' || answer === 'full')) return answer
      throw new Error(`the object answered ${response.status}`)
    },
  }
}

function numberIn([row]: readonly object[]): number {
  const value: unknown = row === undefined ? 0 : Reflect.get(row, 'n')
  if (typeof value !== 'number') throw new TypeError('SQLite gave no number')
  return value
}

/**
 * Throws for more than `most` calls in one and the same `milliseconds`, about. Not a counter of those that wait: where the client of a request
 * goes, its Worker is stopped in the middle, and nothing would count down.
 */
function atMost(most: number, milliseconds: number): () => void {
  let slot = 0
  let before = 0
  let begun = 0
  return () => {
    const current = Math.floor(Date.now() / milliseconds)
    if (current !== slot) {
      before = current === slot + 1 ? begun : 0
      begun = 0
      slot = current
    }
    if (before + begun >= most) throw new Error(`${before + begun} claims may wait for the object`)
    begun++
  }
}
