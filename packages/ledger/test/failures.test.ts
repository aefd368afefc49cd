import { copyFileSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCheckpoint, Refusal, type Signer } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLog, type Log } from '../src/log.ts'
import { openLog } from '../src/open-log.ts'
import { prepareSchema } from '../src/schema.ts'
import { createSqliteStore } from '../src/sqlite-store.ts'
import { openDatabase, type Database } from '../src/sqlite.ts'
import type { Store, Turn } from '../src/store.ts'
import { createStoredLog, type StoredLogParts } from '../src/stored-log.ts'
import { EMPTY_TREE } from '../src/tree.ts'
import { failingAt } from './failing-files.ts'
import {
  crypto,
  fill,
  keyOf,
  leafOf,
  openIn,
  optionsIn,
  ORIGIN,
  questionsTo,
  signer,
  temporaryDirectory,
  verifyAll,
  vkey,
} from './logs.ts'

const UNAVAILABLE = { code: 'ledger_unavailable' }

/** A signer that does as it is told at each call, and signs properly when it is told nothing. */
function moodySigner(): Signer & { next: (() => Uint8Array | Promise<Uint8Array>) | undefined } {
  return {
    kid: signer.kid,
    publicKey: signer.publicKey,
    next: undefined,
    sign(bytes) {
      const { next } = this
      this.next = undefined
      return next === undefined ? signer.sign(bytes) : next()
    },
  }
}

/** A promise and the function that settles it. */
function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  const settle: { resolve?: (value: T) => void } = {}
  const promise = new Promise<T>((resolve) => (settle.resolve = resolve))
  return { promise, resolve: (value) => settle.resolve?.(value) }
}

function failing(): never {
  throw new Error('disk I/O error')
}

describe('when the log key does not sign', () => {
  test.each([
    [
      'throws',
      (): never => {
        throw new Error('no key')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no key'))],
    ['gives 63 bytes', () => new Uint8Array(63)],
    ['gives a signature of something else', () => signer.sign(leafOf('else'))],
  ])('AHP-LEDGER-8 it %s: the appends are refused, nothing is stored, and the next batch starts afresh', async (_, answer) => {
    const moody = moodySigner()
    const directory = temporaryDirectory()
    const log = await openIn(directory, { signer: moody })
    await fill(log, 0, 3)
    const head = log.checkpoint()
    moody.next = answer
    const refused = await Promise.allSettled([
      log.append(leafOf(3), keyOf(3)),
      log.append(leafOf(4), keyOf(4)),
      log.append(leafOf(0), keyOf(0)),
    ])
    for (const one of refused) expect(one).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    expect(log.checkpoint()).toBe(head)
    expect((await log.append(leafOf(4), keyOf(4))).index).toBe(3n)
    expect((await log.append(leafOf(3), keyOf(3))).index).toBe(4n)
    expect(await verifyAll(log, [head])).toBe(5n)
    await log.close()
    expect((await openIn(directory)).size()).toBe(5n)
  })

  test('over a full tile, the tile is not kept by mistake', async () => {
    const moody = moodySigner()
    const log = await openIn(temporaryDirectory(), { signer: moody })
    await fill(log, 0, 250)
    moody.next = () => Promise.reject(new Error('no key'))
    await expect(fill(log, 1000, 1020)).rejects.toMatchObject(UNAVAILABLE)
    await fill(log, 250, 300)
    expect(await verifyAll(log)).toBe(300n)
  })

  test('while it thinks, appends wait up to the bound and are then refused as overloaded', async () => {
    const moody = moodySigner()
    const log = await openIn(temporaryDirectory(), { signer: moody, maxWaiting: 3 })
    const signature = deferred<Uint8Array>()
    moody.next = () => signature.promise
    const waiting = [0, 1, 2].map((number) => log.append(leafOf(number), keyOf(number)))
    await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject({ code: 'overloaded' })
    // One turn later the batch is with the signer; what it signed for nobody is refused.
    await new Promise((resolve) => setTimeout(resolve, 20))
    signature.resolve(new Uint8Array(64))
    for (const one of await Promise.allSettled(waiting)) expect(one).toMatchObject({ reason: UNAVAILABLE })
    await fill(log, 0, 3)
    expect(log.size()).toBe(3n)
  })

  test('a new log does not open', async () => {
    const moody = moodySigner()
    moody.next = () => new Uint8Array(64)
    const directory = temporaryDirectory()
    await expect(openLog({ ...optionsIn(directory), signer: moody })).rejects.toThrow(
      'the signer made a signature that does not verify',
    )
    expect((await openIn(directory)).size()).toBe(0n)
  })
})

/** A log over a real database, with parts that a test may replace. */
async function assembled(
  directory: string,
  change: (parts: StoredLogParts & { database: Database }) => Partial<StoredLogParts>,
): Promise<Log> {
  await (await openLog(optionsIn(directory))).close()
  const database = await openDatabase(join(directory, 'ledger.db'))
  prepareSchema(database, ORIGIN)
  const store = createSqliteStore(database)
  const { note } = (await store.state()).head
  const parts: StoredLogParts = {
    identity: { crypto, origin: ORIGIN, vkey },
    store,
    tree: EMPTY_TREE,
    note: note ?? '',
    sign: () => Promise.resolve('a head'),
    remember: () => Promise.resolve(),
    maxWaiting: undefined,
  }
  const log = createLog(createStoredLog({ ...parts, ...change({ ...parts, database }) }))
  onTestFinished(() => log.close().catch(() => undefined))
  return log
}

/** A store of which one method fails, also in its turns. */
const broken = (store: Store, part: Partial<Turn>): Store => ({
  ...store,
  inTurn: (work) => store.inTurn((turn) => work({ ...turn, ...part })),
})

describe('AHP-LEDGER-8 when storage fails', () => {
  test('at the commit: the batch, what waits and everything after is refused', async () => {
    const directory = temporaryDirectory()
    const log = await assembled(directory, ({ store }) => ({ store: broken(store, { append: failing }) }))
    const results = await Promise.allSettled(Array.from({ length: 1500 }, (_, index) => log.append(leafOf(index), keyOf(index))))
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    await expect(log.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
    for (const question of questionsTo(log)) await expect(question()).rejects.toThrow(Refusal)
    await log.close()
    const reopened = await openIn(directory)
    expect((await reopened.append(leafOf(0), keyOf(0))).index).toBe(0n)
  })

  test('a full disk: the batch leaves nothing behind', async () => {
    const directory = temporaryDirectory()
    const log = await assembled(directory, ({ database }) => {
      database.exec('PRAGMA max_page_count = 60')
      return {}
    })
    const appends = Array.from({ length: 400 }, (_, index) => log.append(new Uint8Array(1000).fill(index), keyOf(index)))
    for (const result of await Promise.allSettled(appends))
      expect(result).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    await log.close()
    const reopened = await openIn(directory)
    expect(reopened.size()).toBe(0n)
    await fill(reopened, 0, 400)
    expect(await verifyAll(reopened)).toBe(400n)
  })

  test('at the file outside: refused, although it is stored; the retry after a restart finds it', async () => {
    const directory = temporaryDirectory()
    const options = optionsIn(directory)
    const log = await openIn(directory)
    await fill(log, 0, 3)
    await log.close()
    const blocked = await openLog({ ...options, lastCheckpointFile: join(directory, 'last-checkpoint') })
    const head = blocked.checkpoint()
    // The name is taken by a directory.
    rmSync(join(directory, 'last-checkpoint'))
    mkdirSync(join(directory, 'last-checkpoint'))
    await expect(blocked.append(leafOf(3), keyOf(3))).rejects.toMatchObject(UNAVAILABLE)
    expect(() => blocked.checkpoint()).toThrow(Refusal)
    await blocked.close()
    rmSync(join(directory, 'last-checkpoint'), { recursive: true })
    writeFileSync(join(directory, 'last-checkpoint'), head)
    const reopened = await openIn(directory)
    expect((await reopened.append(leafOf(3), keyOf(3))).index).toBe(3n)
    expect(await verifyAll(reopened, [head])).toBe(4n)
  })

  test('when an index is looked up: refused', async () => {
    const log = await assembled(temporaryDirectory(), ({ store }) => ({ store: broken(store, { find: failing }) }))
    await expect(log.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
    expect(() => log.size()).toThrow(Refusal)
  })
})

describe('AHP-LEDGER-8 a flush that fails', () => {
  test('of the checkpoint outside: nothing is signed or released any more, and the flush is not tried again', async () => {
    let [armed, flushes, signatures] = [false, 0, 0]
    const files = failingAt(() => armed && ++flushes > 0)
    const counting: Signer = {
      ...signer,
      kid: signer.kid,
      publicKey: signer.publicKey,
      sign: (bytes) => (signatures++, signer.sign(bytes)),
    }
    const directory = temporaryDirectory()
    const log = await openIn(directory, { files, signer: counting })
    await fill(log, 0, 3)
    const head = log.checkpoint()
    armed = true
    const signed = signatures + 1
    // More than one batch: the second waits while the first fails.
    const appends = Array.from({ length: 1_100 }, (_, number) => log.append(leafOf(3 + number), keyOf(3 + number)))
    for (const result of await Promise.allSettled(appends))
      expect(result).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject(UNAVAILABLE)
    for (const question of questionsTo(log)) await expect(question()).rejects.toThrow(Refusal)
    await log.close()
    expect([flushes, signatures]).toEqual([1, signed])
    const reopened = await openIn(directory)
    expect((await reopened.append(leafOf(3), keyOf(3))).index).toBe(3n)
    expect(await verifyAll(reopened, [head])).toBe(1_027n)
  })

  test.each(['write', 'rename', 'sync'] as const)('of its file when a log opens, at its %s: the log does not', async (at) => {
    const directory = temporaryDirectory()
    await expect(openLog({ ...optionsIn(directory), files: failingAt((step) => step === at) })).rejects.toThrow('EIO')
    expect((await openIn(directory)).size()).toBe(0n)
  })
})

describe('AHP-LEDGER-7 a journal that lost its end', () => {
  test('does not start: a head that was released is over what is gone', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    for (let number = 0; number < 5; number++) await log.append(leafOf(number), keyOf(number))
    // As after a power failure on a disk that said yes and forgot.
    const torn = temporaryDirectory()
    for (const name of ['ledger.db', 'ledger.db-wal', 'last-checkpoint']) copyFileSync(join(directory, name), join(torn, name))
    truncateSync(join(torn, 'ledger.db-wal'), statSync(join(torn, 'ledger.db-wal')).size - 100)
    await expect(openLog(optionsIn(torn))).rejects.toThrow(/ends after 4 entries, but the checkpoint in .* is over 5/)
    const whole = temporaryDirectory()
    for (const name of ['ledger.db', 'ledger.db-wal', 'last-checkpoint']) copyFileSync(join(directory, name), join(whole, name))
    expect((await openIn(whole)).size()).toBe(5n)
  })
})

describe('AHP-LEDGER-5 what is stored and not yet remembered outside', () => {
  test('is shown to nobody', async () => {
    const remembering = deferred<undefined>()
    const log = await assembled(temporaryDirectory(), () => ({ remember: () => remembering.promise }))
    const before = log.checkpoint()
    const pending = log.append(leafOf(0), keyOf(0))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(log.checkpoint()).toBe(before)
    expect(log.size()).toBe(0n)
    expect(await log.entry(0n)).toBeUndefined()
    for (const question of [
      () => log.prove(0n),
      () => log.tile(0, 0n, 1),
      () => log.entries(0n, 1),
      () => log.consistency(0n, 1n),
    ]) {
      await expect(question()).rejects.toThrow(RangeError)
    }
    remembering.resolve(undefined)
    expect((await pending).checkpoint).toBe('a head')
    expect(log.size()).toBe(1n)
    expect(parseCheckpoint(before).size).toBe(0n)
  })
})
