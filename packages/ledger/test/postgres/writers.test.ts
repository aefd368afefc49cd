/** Four processes that append to one log at once, one of which is killed (spec chapter 17.5). @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSigner, fromHex, hashLeaf, parseProof, toHex, utf8, verifyInclusion } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { POSTGRES_URL, type TestDatabase } from '../../../../test/postgres.ts'
import { checkProof, verifyAll } from '../../src/contract/subject.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { crypto, temporaryDirectory } from '../logs.ts'
import { database, optionsFor, poolOf } from './logs.ts'

const ORIGIN = 'ledger.example/writers'
const SEED = toHex(crypto.sha256(utf8('log key of several writers')))
const OWN = 150
const SHARED = 40

interface Report {
  readonly name: string
  readonly index: string
  readonly proof: string
}

/** A process under load. `killAfter`: how many answers it gives before it is killed. */
async function run(
  made: TestDatabase,
  directory: string,
  number: number,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<readonly Report[]> {
  // The process runs what was built: Node 20 cannot run TypeScript.
  const script = fileURLToPath(new URL('writer.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, join(directory, `head-${number}`), SEED, String(number), String(OWN)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WRITER_URL: made.writerUrl },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  const reports: Report[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line of a process that was killed may be cut.
    if (!line.endsWith('}')) break
    reports.push(JSON.parse(line) as Report)
    if (reports.length === killAfter) child.kill('SIGKILL')
  }
  const [code]: unknown[] = await closed
  expect(code).toBe(killAfter === Number.POSITIVE_INFINITY ? 0 : null)
  return reports
}

const leafOf = (name: string): Uint8Array => utf8(`{"leaf":"${name}","padding":"${'x'.repeat(300)}"}`)

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test('AHP-LEDGER-2 AHP-LEDGER-3 AHP-LEDGER-13 four processes, one killed under load: indices without gaps, no key twice, every head part of one tree', async () => {
    expect(existsSync(fileURLToPath(new URL('../../dist/postgres/index.js', import.meta.url))), 'build first: npx tsc -b').toBe(
      true,
    )
    const made = await database()
    const directory = temporaryDirectory()
    const options = { ...optionsFor(poolOf(made)), origin: ORIGIN, signer: createSigner(fromHex(SEED), ORIGIN) }
    // Who begins the log gives the others its head.
    await (await openPostgresLog({ ...options, lastCheckpointFile: join(directory, 'head-0') })).close()
    for (const number of [1, 2, 3]) copyFileSync(join(directory, 'head-0'), join(directory, `head-${number}`))
    const runs = await Promise.all([0, 1, 2, 3].map((number) => run(made, directory, number, number === 3 ? 60 : undefined)))
    const reports = runs.flat()
    expect(runs.slice(0, 3).map(({ length }) => length)).toEqual([OWN + SHARED, OWN + SHARED, OWN + SHARED])

    // One index for one key, whichever process was asked, and each proof stands by itself.
    const indices = new Map<string, string>()
    for (const { name, index, proof } of reports) {
      expect(indices.get(name) ?? index).toBe(index)
      indices.set(name, index)
      const parsed = parseProof(proof)
      const { size, root } = parsed.checkpoint
      const claim = { index: parsed.index, size, leafHash: hashLeaf(crypto, leafOf(name)), path: parsed.path, root }
      expect([String(parsed.index), verifyInclusion(crypto, claim)]).toEqual([index, true])
    }
    expect(new Set(indices.values()).size).toBe(indices.size)

    // All leaves are hashed again, and every head that any of them released is compared with the tree of its size.
    const log = await openPostgresLog({ ...options, lastCheckpointFile: join(directory, 'head-0') })
    const heads = [...new Set(reports.map(({ proof }) => parseProof(proof).checkpoint.raw))]
    const size = await verifyAll(log, heads)
    expect(size).toBeGreaterThanOrEqual(indices.size)
    const pool = poolOf(made)
    const { rows } = await pool.query(
      'SELECT count(*)::int AS entries, count(DISTINCT leaf)::int AS leaves, max(idx)::int AS last FROM aiegis_ledger.entry',
    )
    expect(rows).toEqual([{ entries: size, leaves: size, last: size - 1 }])

    // What the killed process had under way is stored once, however often somebody asks.
    for (let number = 0; number < OWN; number++) {
      const name = `3-${number}`
      const appended = await log.append(leafOf(name), utf8(`key ${name}`))
      await checkProof(log, leafOf(name), appended)
      expect(String(appended.index)).toBe(indices.get(name) ?? String(appended.index))
    }
    expect(await verifyAll(log, heads)).toBe(4 * OWN + SHARED)
    await log.close()
  })
})
