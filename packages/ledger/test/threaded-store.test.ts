/** A log in SQLite whose file a thread has (spec chapter 17.6). @module */
import { spawnSync } from 'node:child_process'
import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ledgerContract, type LedgerSubject } from '../src/contract/index.ts'
import type { Log } from '../src/log.ts'
import { openLog, type LogOptions } from '../src/open-log.ts'
import { startLog } from '../src/start-log.ts'
import { openThreadedStore } from '../src/threaded-store.ts'
import {
  closedLog,
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
const threaded = (directory: string): LogOptions => ({ ...optionsIn(directory), thread: true })

async function subject(): Promise<LedgerSubject> {
  const directory = temporaryDirectory()
  let log = await openLog(threaded(directory))
  onTestFinished(() => log.close().catch(() => undefined))
  return {
    logs: [log],
    async reopen() {
      await log.close()
      log = await openLog(threaded(directory))
      return [log]
    },
  }
}

test('the thread runs what was built', () => {
  expect(existsSync(new URL('../dist/store-thread.js', import.meta.url)), 'build first: npx tsc -b').toBe(true)
})

describe('AHP-LEDGER-13 a log in a SQLite file that a thread has', () => {
  test.each(ledgerContract(subject))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})

describe('a log in a thread', () => {
  test('is the same file as one without: each goes on where the other ended', async () => {
    const { directory, head } = await closedLog(300)
    const log = await openIn(directory, { thread: true })
    expect(log.checkpoint()).toBe(head)
    await fill(log, 290, 600)
    const newer = log.checkpoint()
    await log.close()
    const again = await openIn(directory)
    expect(await verifyAll(again, [head, newer])).toBe(600n)
  })

  test('AHP-LEDGER-4 has the file alone, and says so', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory, { thread: true })
    await expect(openLog(threaded(directory))).rejects.toThrow(
      /^ledger: .*ledger\.db is open in another process, and a log has one writer$/,
    )
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/is open in another process/)
    linkSync(join(directory, 'ledger.db'), join(directory, 'other.db'))
    for (const thread of [true, false])
      await expect(openLog({ ...threaded(directory), file: join(directory, 'other.db'), thread })).rejects.toThrow(
        /is open in another/,
      )
    await expect(openLog({ ...threaded(temporaryDirectory()), file: join(directory, 'none', 'x.db') })).rejects.toThrow(
      /^ledger: .*x\.db cannot be opened/,
    )
    await fill(log, 0, 3)
    await log.close()
    await expect(openLog({ ...threaded(directory), origin: 'ledger.example/aiegis/2' })).rejects.toThrow(
      /^ledger: the database is of log/,
    )
    // What did not open left no lock behind.
    expect((await openIn(directory)).size()).toBe(3n)
  })

  test('AHP-CUSTODY-4 keeps the kinds of its errors: what is on hold is refused as such', async () => {
    const log = await openIn(temporaryDirectory(), { thread: true })
    await log.append(leafOf(0), keyOf(0), leafOf('clear'))
    const inline = await openIn(temporaryDirectory())
    await inline.append(leafOf(0), keyOf(0), leafOf('clear'))
    for (const one of [log, inline]) {
      await one.custody?.hold(0n, 0n, 'a claim')
      await expect(one.custody?.erase(0n, 'asked for')).rejects.toThrow(/is on hold/)
      await expect(one.custody?.release('A'.repeat(22), 'over')).rejects.toThrow(RangeError)
    }
  })

  test('does not keep a process that has nothing else to do', async () => {
    const directory = temporaryDirectory()
    const index = new URL('../dist/index.js', import.meta.url).href
    const program = `
      import { openLog } from ${JSON.stringify(index)}
      import { createSigner } from '@aiegis/protocol'
      const log = await openLog({ file: process.argv[2], origin: ${JSON.stringify(ORIGIN)}, signer: createSigner(new Uint8Array(32).fill(1), 'x'), thread: true })
      await log.append(new Uint8Array(1), new Uint8Array(1))
      console.log(String(log.size()))
    `
    const file = new URL(`./thread-${process.pid}.mjs`, import.meta.url)
    writeFileSync(file, program)
    onTestFinished(() => rmSync(file))
    const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(file), join(directory, 'ledger.db')], {
      timeout: 30_000,
    })
    expect([stdout.toString(), status]).toEqual(['1\n', 0])
  })
})

describe('AHP-LEDGER-8 a thread that ends', () => {
  /** Makes `unreadable`, which leaves one thread and cannot be read in another. */
  const UNREADABLE = `const unreadable = new BlockList();
    for (const symbol of Object.getOwnPropertySymbols(BlockList.prototype))
      if (symbol.description === 'messaging_clone_symbol') unreadable[symbol] = () => ({ data: {}, deserializeInfo: 'none:None' })`

  /** Answers as an empty log does, and does something else at the first batch. */
  const answering = (instead: string): string => `
    import { BlockList } from 'node:net'
    import { parentPort } from 'node:worker_threads'
    let note
    parentPort.on('message', ({ id, name, values: [batch] }) => {
      if (name === 'append' && batch.entries.length > 0) ${instead}
      if (name === 'append') note = batch.note
      const value = name === 'state' ? { entries: 0, head: { size: 0, note } } : name === 'find' ? new Map() : undefined
      parentPort.postMessage({ id, kind: 'done', value })
    })
    parentPort.postMessage({ id: 0, kind: 'done' })
  `

  async function logOn(program: string, maxWaiting?: number): Promise<Log> {
    const directory = temporaryDirectory()
    const entry = join(directory, 'thread.mjs')
    writeFileSync(entry, program)
    const store = await openThreadedStore({ file: join(directory, 'x.db'), origin: ORIGIN }, pathToFileURL(entry))
    onTestFinished(() => store.close())
    return startLog(store, {
      identity: { crypto, origin: ORIGIN, vkey },
      signer,
      alsoSigner: undefined,
      lastCheckpointFile: join(directory, 'last-checkpoint'),
      maxWaiting,
      witnesses: undefined,
      files: undefined,
    })
  }

  test.each([
    'process.exit(3)',
    'throw new Error()',
    'throw null',
    'throw Symbol()',
    'throw Object.create(null)',
    'throw { toString: null }',
    'Promise.reject(undefined)',
    'throw Object.assign(new Error(), { message: Object.create(null) })',
    `${UNREADABLE}; parentPort.postMessage(unreadable)`,
  ])('by %s ends the log: what waits and everything after is refused, and closing it still works', async (instead) => {
    const log = await logOn(answering(`{ ${instead}; return }`))
    const appends = await Promise.allSettled([0, 1, 2].map((number) => log.append(leafOf(number), keyOf(number))))
    for (const one of appends) expect(one).toMatchObject({ status: 'rejected', reason: UNAVAILABLE })
    for (const question of questionsTo(log)) await expect(question()).rejects.toMatchObject(UNAVAILABLE)
    await log.close()
  })

  test('by a question that cannot be read ends the store, which lets go of the file', async () => {
    const start = { file: join(temporaryDirectory(), 'x.db'), origin: ORIGIN }
    const store = await openThreadedStore(start)
    const unreadable = new BlockList()
    for (const symbol of Object.getOwnPropertySymbols(BlockList.prototype))
      if (symbol.description === 'messaging_clone_symbol')
        Object.assign(unreadable, { [symbol]: () => ({ data: {}, deserializeInfo: 'none:None' }) })
    const ask: unknown = Reflect.get(store, 'leaf')
    if (typeof ask !== 'function') throw new Error('a store is asked for leaves')
    await expect(Reflect.apply(ask, store, [unreadable])).rejects.toThrow(/^ledger: the thread of the database ended/)
    await expect(store.state()).rejects.toThrow(/^ledger: the thread of the database ended/)
    await store.close()
    await (await openThreadedStore(start)).close()
  })

  test('or only falls silent: so many wait as may, and nothing is released', async () => {
    const log = await logOn(answering('return'), 3)
    const appends = [0, 1, 2].map((number) => log.append(leafOf(number), keyOf(number)))
    await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject({ code: 'overloaded' })
    const first = await Promise.race([...appends, log.tile(0, 0n, 1).catch(() => 'nothing is released')])
    expect([first, log.size()]).toEqual(['nothing is released', 0n])
  })

  test('at the start: the log does not open', async () => {
    const directory = temporaryDirectory()
    const missing = pathToFileURL(join(directory, 'none.mjs'))
    await expect(openThreadedStore({ file: join(directory, 'x.db'), origin: ORIGIN }, missing)).rejects.toThrow(
      /^ledger: the thread of the database ended/,
    )
  })
})
