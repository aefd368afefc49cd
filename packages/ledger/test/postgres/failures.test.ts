/** What several writers in PostgreSQL do when a connection, the server or another writer fails (spec chapter 17.5). @module */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  createSigner,
  formatCheckpointBody,
  formatNote,
  hashLeaf,
  parseCheckpoint,
  rootOf,
  utf8,
  type Signer,
} from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { POSTGRES_URL, type TestDatabase } from '../../../../test/postgres.ts'
import { createProxy } from '../../../../test/redis.ts'
import type { PostgresClient, PostgresPool } from '../../src/postgres/client.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { EMPTY_TREE, growTree, noFullTile, nodesOf } from '../../src/tree.ts'
import { crypto, fill, keyOf, leafOf, ORIGIN, questionsTo, signer, temporaryDirectory, verifyAll, vkey } from '../logs.ts'
import { database, openOver, optionsFor, poolOf } from './logs.ts'

const UNAVAILABLE = { code: 'ledger_unavailable' }

type Step = (text: string, run: () => ReturnType<PostgresClient['query']>) => ReturnType<PostgresClient['query']>

/** A pool whose statements go through the hands of a test. */
function handled(pool: PostgresPool, step: Step): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect()
      return {
        query: (text, values) => step(text, () => client.query(text, values)),
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (destroy) => client.release(destroy),
      }
    },
  }
}

/** Throws what the server would say with this state. */
function saying(code: string): never {
  throw Object.assign(new Error('said by the server'), { code })
}

/** Connections that have begun something and do nothing. */
async function turnsOf(made: TestDatabase): Promise<number> {
  const question = `SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND usename = current_user`
  return (await poolOf(made).query(question)).rows.length
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test('AHP-LEDGER-8 AHP-LEDGER-14 a lost connection: appends and questions are refused, and answered again when it is back', async () => {
    const made = await database()
    const proxy = await createProxy(made.writerUrl)
    onTestFinished(() => proxy.close())
    const log = await openOver(made, optionsFor(poolOf(made, proxy.url)))
    await fill(log, 0, 3)
    const head = log.checkpoint()
    proxy.cut()
    await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject(UNAVAILABLE)
    await expect(log.newest()).rejects.toMatchObject(UNAVAILABLE)
    await expect(log.entry(0n)).rejects.toMatchObject(UNAVAILABLE)
    expect(log.checkpoint()).toBe(head)
    proxy.mend()
    expect((await log.append(leafOf(3), keyOf(3))).index).toBe(3n)
    expect(await verifyAll(log, [head])).toBe(4n)
  })

  test.each([
    ['before it', (): ReturnType<PostgresClient['query']> => saying('08006'), 0n],
    ['after it', async (run: () => ReturnType<PostgresClient['query']>) => (await run(), saying('08006')), 1n],
  ] as const)(
    'AHP-LEDGER-13 a connection that ends at the commit, %s: refused, nothing released, and another writer goes on',
    async (_, fail, stored) => {
      const made = await database()
      let isFailing = false
      const step: Step = async (text, run) => (isFailing && text === 'COMMIT' ? fail(run) : run())
      const log = await openOver(made, optionsFor(handled(poolOf(made), step)))
      const other = await openOver(made)
      const head = log.checkpoint()
      isFailing = true
      await expect(log.append(leafOf('a'), keyOf('a'))).rejects.toMatchObject(UNAVAILABLE)
      expect(log.checkpoint()).toBe(head)
      // The head that was signed for this size and lost must not be seen: the other one is another tree.
      const { checkpoint, index } = await other.append(leafOf('b'), keyOf('b'))
      expect(index).toBe(stored)
      isFailing = false
      expect((await log.append(leafOf('a'), keyOf('a'))).index).toBe(1n - stored)
      for (const one of [log, other]) expect(await verifyAll(one, [head, checkpoint])).toBe(2n)
    },
  )

  test('transactions that the server cannot bring into an order are tried again, a few times', async () => {
    const made = await database()
    for (const code of ['40001', '40P01']) {
      let left = 0
      const step: Step = async (text, run) => (text.includes('FOR UPDATE') && left-- > 0 ? saying(code) : run())
      const log = await openOver(made, optionsFor(handled(poolOf(made), step)))
      left = 4
      await log.append(leafOf(code), keyOf(code))
      left = 5
      await expect(log.append(leafOf(`${code} again`), keyOf(`${code} again`))).rejects.toMatchObject(UNAVAILABLE)
      left = 0
      await log.append(leafOf(`${code} again`), keyOf(`${code} again`))
      await made.reset()
    }
  })

  test('AHP-LEDGER-15 a commit that is none, and one that need not be durable, is refused', async () => {
    const made = await database()
    let answer: ((result: Awaited<ReturnType<PostgresClient['query']>>) => typeof result) | undefined
    const step: Step = async (text, run) => {
      const result = await run()
      return answer !== undefined && (text === 'COMMIT' || text.includes('FOR UPDATE')) ? answer(result) : result
    }
    const log = await openOver(made, optionsFor(handled(poolOf(made), step)))
    answer = (result) => (result.command === 'COMMIT' ? { ...result, command: 'ROLLBACK' } : result)
    await expect(log.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
    answer = (result) => ({ ...result, rows: result.rows.map((row) => ({ ...row, durability: 'off' })) })
    await expect(log.append(leafOf(1), keyOf(1))).rejects.toMatchObject(UNAVAILABLE)
    // Whether what it stored before is there is not known any more.
    answer = undefined
    for (const question of questionsTo(log)) await expect(question()).rejects.toMatchObject(UNAVAILABLE)
  })

  test('AHP-LEDGER-13 a writer that stands still in its turn loses it, and what it signed is not stored', async () => {
    const made = await database()
    const still: Signer = {
      ...signer,
      publicKey: signer.publicKey,
      sign: (bytes) => (isStill ? new Promise(() => undefined) : signer.sign(bytes)),
    }
    let isStill = false
    const slow = await openOver(made, { signer: still })
    const log = await openOver(made)
    isStill = true
    const waiting = slow.append(leafOf('slow'), keyOf('slow'))
    waiting.catch(() => undefined)
    await expect.poll(() => turnsOf(made)).toBe(1)
    expect((await log.append(leafOf('quick'), keyOf('quick'))).index).toBe(0n)
    await expect(waiting).rejects.toMatchObject(UNAVAILABLE)
    isStill = false
    expect((await slow.append(leafOf('slow'), keyOf('slow'))).index).toBe(1n)
    expect(await verifyAll(log, [slow.checkpoint()])).toBe(2n)
  })

  test('a log key that does not sign refuses the batch, and gives the turn back', async () => {
    const made = await database()
    let isSigning = true
    const moody: Signer = {
      ...signer,
      publicKey: signer.publicKey,
      sign: (bytes) => (isSigning ? signer.sign(bytes) : new Uint8Array(64)),
    }
    const log = await openOver(made, { signer: moody })
    const other = await openOver(made)
    isSigning = false
    await expect(log.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
    // The connection is not kept with what it began.
    await expect.poll(() => turnsOf(made)).toBe(0)
    expect((await other.append(leafOf(1), keyOf(1))).index).toBe(0n)
    isSigning = true
    expect((await log.append(leafOf(0), keyOf(0))).index).toBe(1n)
  })

  test('AHP-LEDGER-5 a head that cannot be remembered outside is not released, and ends the log; another writer releases it', async () => {
    const made = await database()
    const directory = temporaryDirectory()
    const log = await openOver(made, optionsFor(poolOf(made), directory))
    const head = log.checkpoint()
    rmSync(join(directory, 'last-checkpoint'))
    await expect(log.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
    for (const question of questionsTo(log)) await expect(question()).rejects.toMatchObject(UNAVAILABLE)
    const other = await openPostgresLog({
      ...optionsFor(poolOf(made), directory),
      lastCheckpointFile: join(directory, 'other'),
    }).catch((error: unknown) => error)
    expect(String(other)).toMatch(/other is missing, so an old copy of the database would not be noticed/)
    expect(parseCheckpoint(head).size).toBe(0n)
  })
})

const FORGED = utf8('forged')
const EXTENDED = [0, 1, 2, 3, 4].map((number) => leafOf(number)).concat(FORGED)

/** A head over these leaves, as who has a key signs it. */
async function headOver(leaves: readonly Uint8Array[], key: Signer, size: number = leaves.length): Promise<string> {
  const { tree } = growTree(
    crypto,
    EMPTY_TREE,
    leaves.map((leaf) => hashLeaf(crypto, leaf)),
  )
  const body = formatCheckpointBody(ORIGIN, BigInt(size), rootOf(crypto, nodesOf(tree, noFullTile), tree.size))
  return formatNote(body, [{ name: vkey.name, id: vkey.id, signature: await key.sign(utf8(body)) }])
}

const OTHER_KEY = createSigner(crypto.sha256(utf8('another key')), ORIGIN)
const ADD = `INSERT INTO aiegis_ledger.entry VALUES(5, 'forged', 'forged', sha256('\\x00'::bytea || 'forged'::bytea))`
const setHead = (size: number, note: string): string => `UPDATE aiegis_ledger.head SET size = ${size}, note = '${note}'`

const OWNER_CHANGES: readonly (readonly [what: string, sql: () => Promise<string>, reason: RegExp])[] = [
  [
    'lost its end',
    async () => `DELETE FROM aiegis_ledger.entry WHERE idx >= 3; ${setHead(3, await headOver(EXTENDED.slice(0, 3), signer))}`,
    /went back from 5 entries to 3/,
  ],
  [
    'was emptied',
    async () => 'DELETE FROM aiegis_ledger.entry; UPDATE aiegis_ledger.head SET size = 0, note = NULL',
    /went back from 5 entries to 0/,
  ],
  [
    'has the right root under another key',
    async () => `${ADD}; ${setHead(6, await headOver(EXTENDED, OTHER_KEY))}`,
    /the head over 6 entries does not extend the one over 5/,
  ],
  [
    'has a head that the log key signed over other entries',
    async () => `${ADD}; ${setHead(6, await headOver([leafOf('other'), ...EXTENDED.slice(1)], signer))}`,
    /the head over 6 entries does not extend the one over 5/,
  ],
  [
    'has another head over as many entries',
    async () => setHead(5, await headOver([leafOf('other'), ...EXTENDED.slice(1, 5)], signer)),
    /the head over 5 entries does not extend the one over 5/,
  ],
  [
    'has a head over more entries than it says',
    async () => `${ADD}; ${setHead(6, await headOver(EXTENDED, signer, 7))}`,
    /the head over 6 entries does not extend the one over 5/,
  ],
  [
    'has a head above entries that are missing',
    async () => setHead(6, await headOver(EXTENDED, signer)),
    /entries before 6 are missing/,
  ],
]

describe.skipIf(POSTGRES_URL === undefined)(
  'AHP-LEDGER-14 a database that does not extend what a writer knows (skipped where AIEGIS_TEST_POSTGRES is not set)',
  () => {
    test.each(OWNER_CHANGES)('it %s: the writer signs nothing more', async (_, sql, reason) => {
      const made = await database()
      const log = await openOver(made)
      for (let size = 0; size < 5; size++) await fill(log, size, size + 1)
      const tables = ['entry', 'head'].map((table) => `ALTER TABLE aiegis_ledger.${table} DISABLE TRIGGER ALL`)
      await made.run(`${tables.join('; ')}; ${await sql()}`, 'owner')
      const cause = { message: expect.stringMatching(reason) }
      await expect(log.append(leafOf(9), keyOf(9))).rejects.toMatchObject({ ...UNAVAILABLE, cause })
      for (const question of questionsTo(log)) await expect(question()).rejects.toMatchObject(UNAVAILABLE)
    })

    test('an entry more under the log key is that of another writer', async () => {
      const made = await database()
      const log = await openOver(made)
      for (let size = 0; size < 5; size++) await fill(log, size, size + 1)
      const tables = ['entry', 'head'].map((table) => `ALTER TABLE aiegis_ledger.${table} DISABLE TRIGGER ALL`)
      await made.run(`${tables.join('; ')}; ${ADD}; ${setHead(6, await headOver(EXTENDED, signer))}`, 'owner')
      expect(parseCheckpoint(await log.newest()).size).toBe(6n)
    })
  },
)
