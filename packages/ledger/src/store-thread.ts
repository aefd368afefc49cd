/** The thread that has the SQLite file of a log, so that no commit holds up the process (spec chapter 17.6). @module */
import { parentPort, workerData } from 'node:worker_threads'
import { OnHold, type CustodyStore } from './custody/store.ts'
import { prepareSchema } from './schema.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { closeDatabase, openDatabase, type Database } from './sqlite.ts'
import type { Batch, Store, Turn } from './store.ts'
import { EMPTY_TREE } from './tree.ts'

/** What the thread is started with. */
export interface StoreStart {
  readonly file: string
  readonly origin: string
}

/** A batch without what only files need. */
export type BatchRows = Omit<Batch, 'tree'>

/** What the thread can be asked: one step each, which is durable when it is answered. */
export interface Rows
  extends Pick<Store, 'state' | 'leaf' | 'leaves' | 'leafHashes' | 'clear' | 'tile' | 'tileRoots' | 'close'>, CustodyStore {
  readonly find: Turn['find']
  append(batch: BatchRows): Promise<void>
}

/** One question. */
export interface StoreQuestion {
  readonly id: number
  readonly name: keyof Rows
  readonly values: readonly unknown[]
}

/** The answer to question `id`; 0 is the start. Errors lose their class between threads, so that their kind is named. */
export type StoreAnswer =
  | { readonly id: number; readonly kind: 'done'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'held' | 'range' | 'failed'; readonly message: string }

async function start(port: NonNullable<typeof parentPort>, { file, origin }: StoreStart): Promise<void> {
  const answer = async (id: number, work: () => unknown): Promise<void> => {
    try {
      port.postMessage({ id, kind: 'done', value: await work() } satisfies StoreAnswer)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      port.postMessage({ id, kind: kindOf(error), message } satisfies StoreAnswer)
    }
  }
  await answer(0, async () => {
    const rows = rowsOf(await open(file, origin))
    port.on('messageerror', (error) => {
      throw error
    })
    // One after the other, in the order in which they came: everything below is done before the next message is read.
    port.on('message', ({ id, name, values }: StoreQuestion) => void answer(id, () => Reflect.apply(rows[name], rows, values)))
  })
}

async function open(file: string, origin: string): Promise<Database> {
  const database = await openDatabase(file)
  try {
    prepareSchema(database, origin)
    return database
  } catch (error) {
    closeDatabase(database)
    throw error
  }
}

function rowsOf(database: Database): Rows {
  const store = createSqliteStore(database)
  if (store.custody === undefined) throw new Error('ledger: a log in SQLite keeps clear text')
  return {
    ...store,
    ...store.custody,
    find: (keys) => store.inTurn(async (turn) => turn.find(keys)),
    append: (batch) => store.inTurn(async (turn) => turn.append({ ...batch, tree: EMPTY_TREE })),
  }
}

function kindOf(error: unknown): 'held' | 'range' | 'failed' {
  return error instanceof OnHold ? 'held' : error instanceof RangeError ? 'range' : 'failed'
}

if (parentPort !== null) await start(parentPort, workerData)
