/** The rows of a log in SQLite, whose file a thread of its own has (spec chapter 17.6). @module */
import { Worker } from 'node:worker_threads'
import { OnHold } from './custody/store.ts'
import type { Rows, StoreAnswer, StoreQuestion, StoreStart } from './store-thread.ts'
import type { Store, StoredHead } from './store.ts'

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** On Node 20 a thread cannot start from TypeScript: tests use the built file. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('../dist/store-thread.js', import.meta.url)
  : new URL('./store-thread.js', import.meta.url)

/**
 * Starts the thread, which opens or creates the file as `openDatabase` does. Rejects with what that throws. When the thread ends, what was asked
 * and is asked rejects: what is stored is not known then. `entry` is another thread, for tests.
 */
export async function openThreadedStore(workerData: StoreStart, entry: URL = ENTRY): Promise<Store> {
  const { ask, hasEnded, end } = await launch(workerData, entry)
  /** Nobody else writes, so that the newest head is the one that was written here. */
  let head: StoredHead | undefined
  const leafHashes: Store['leafHashes'] = (start, to) => ask('leafHashes', start, to)
  return {
    hasOtherWriters: false,
    inTurn: (work) =>
      work({
        head: async () => (head ??= (await ask('state')).head),
        find: (keys) => ask('find', keys),
        leafHashes,
        async append({ start, entries, tiles, note }) {
          await ask('append', { start, entries, tiles, note })
          head = { size: start + entries.length, note }
        },
      }),
    state: () => ask('state'),
    leaf: (index) => ask('leaf', index),
    leaves: (start, count) => ask('leaves', start, count),
    leafHashes,
    clear: (index) => ask('clear', index),
    custody: {
      order: (index) => ask('order', index),
      hold: (id, first, last) => ask('hold', id, first, last),
      release: (id) => ask('release', id),
      holds: () => ask('holds'),
      isHeld: (index) => ask('isHeld', index),
      clearFrom: (start, count) => ask('clearFrom', start, count),
      minimum: () => ask('minimum'),
    },
    tile: (level, n) => ask('tile', level, n),
    tileRoots: (level, start, count) => ask('tileRoots', level, start, count),
    async close() {
      try {
        // Of a thread that has ended, the system took everything back.
        if (!hasEnded()) await ask('close')
      } finally {
        await end()
      }
    },
  }
}

interface Thread {
  readonly ask: <K extends keyof Rows>(name: K, ...values: Parameters<Rows[K]>) => Promise<Awaited<ReturnType<Rows[K]>>>
  readonly hasEnded: () => boolean
  readonly end: () => Promise<unknown>
}

async function launch(workerData: StoreStart, entry: URL): Promise<Thread> {
  const worker = new Worker(entry, { workerData, env: {}, execArgv: [], argv: [] })
  const waiting = new Map<number, Waiting>()
  let ended: Error | undefined
  let last = -1

  function fail(reason: string): void {
    ended ??= new Error(`ledger: the thread of the database ended: ${reason}`)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  function expect<T>(send: (id: number) => void): Promise<T> {
    if (ended !== undefined) return Promise.reject(ended)
    const id = (last += 1)
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      // A process ends when it has nothing to do but to keep a log open.
      worker.ref()
      send(id)
    })
  }
  worker.on('message', (answer: StoreAnswer & { readonly value: never }) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (waiting.size === 0) worker.unref()
    if (answer.kind === 'done') asked?.resolve(answer.value)
    else asked?.reject(errorOf(answer.kind, answer.message))
  })
  // What was thrown may be anything, and may have no text.
  worker.on('error', (error: unknown) => fail(error instanceof Error ? error.message : 'it threw what is no error'))
  worker.on('exit', () => fail('it has ended'))
  const end = (): Promise<unknown> => worker.terminate()
  // An answer that cannot be read: nobody knows whose it is.
  worker.on('messageerror', () => {
    fail('its answer cannot be read')
    void end()
  })
  try {
    await expect<undefined>(() => undefined)
  } catch (error) {
    await end()
    throw error
  }
  return {
    ask: (name, ...values) => expect((id) => worker.postMessage({ id, name, values } satisfies StoreQuestion, [])),
    hasEnded: () => ended !== undefined,
    end,
  }
}

function errorOf(kind: 'held' | 'range' | 'failed', message: string): Error {
  return kind === 'held' ? new OnHold(message) : kind === 'range' ? new RangeError(message) : new Error(message)
}
