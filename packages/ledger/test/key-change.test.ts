/** A log that gets another key while receivers know the one or the other (spec chapter 17.4). @module */
import { createSigner, decodeUtf8, formatVkey, parseCheckpoint, parseVkey, utf8, verifyCheckpoint } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import type { Log } from '../src/log.ts'
import { openLog } from '../src/open-log.ts'
import { BrokenLog, verifyLog } from '../src/verify-log.ts'
import { crypto, fill, keyOf, leafOf, openIn, optionsIn, ORIGIN, reader, signer, temporaryDirectory, vkey } from './logs.ts'
import { openTiles } from './tiles/logs.ts'

const newSigner = createSigner(crypto.sha256(utf8('the next log key')), ORIGIN)
const newVkey = parseVkey(formatVkey(ORIGIN, 1, newSigner.publicKey, crypto))

async function verdicts(log: Log): Promise<readonly string[]> {
  const checkpoint = parseCheckpoint(log.checkpoint())
  return Promise.all([vkey, newVkey].map(async (key) => verifyCheckpoint(crypto, checkpoint, ORIGIN, key)))
}

/** Keys that the newest entry names. */
async function recorded(log: Log): Promise<unknown> {
  const entry = await log.entry(log.size() - 1n)
  return JSON.parse(decodeUtf8(entry?.leaf ?? new Uint8Array(0)))
}

describe.each([
  ['in SQLite', openIn],
  ['in a directory', openTiles],
] as const)('AHP-LEDGER-17 the change of a log key %s', (_, open) => {
  test('signs with both for a time, records each step, and keeps every head in one tree', async () => {
    const directory = temporaryDirectory()
    const first = await open(directory)
    await fill(first, 0, 3)
    const before = first.checkpoint()
    await first.close()

    const both = await open(directory, { alsoSigner: newSigner })
    expect(await recorded(both)).toMatchObject({ v: 1, act: { kind: 'keys', vkeys: [vkey.text, newVkey.text] } })
    expect(await verdicts(both)).toEqual(['ok', 'ok'])
    await fill(both, 3, 5)
    const between = both.checkpoint()
    for (const key of [vkey, newVkey])
      expect((await verifyLog(reader(both), { origin: ORIGIN, vkey: key, formerVkeys: [vkey], remembered: [before] })).size).toBe(
        6n,
      )
    await both.close()

    const after = await open(directory, { signer: newSigner })
    expect(await recorded(after)).toMatchObject({ act: { vkeys: [newVkey.text] } })
    expect(await verdicts(after)).toEqual(['unsigned', 'ok'])
    expect((await after.append(leafOf(1), keyOf(1))).index).toBe(1n)
    const options = { origin: ORIGIN, vkey: newVkey, remembered: [before, between] }
    expect((await verifyLog(reader(after), { ...options, formerVkeys: [vkey] })).size).toBe(7n)
    // Only who says that the old key was one of this log takes its heads.
    await expect(verifyLog(reader(after), options)).rejects.toThrow(BrokenLog)
    await after.close()
    // Nothing changed: nothing is recorded.
    expect((await open(directory, { signer: newSigner })).size()).toBe(7n)
  })

  test('does not start under a new key that no head was signed by', async () => {
    const directory = temporaryDirectory()
    const log = await open(directory)
    await fill(log, 0, 3)
    await log.close()
    await expect(open(directory, { signer: newSigner })).rejects.toThrow(/not signed by .*; a log keeps its key/)
    await expect(open(directory, { alsoSigner: signer })).rejects.toThrow(/`alsoSigner` is another key than `signer`/)
    expect((await open(directory)).size()).toBe(3n)
  })

  test('a second key that does not sign stops what the first would have', async () => {
    const directory = temporaryDirectory()
    const silent = { ...newSigner, kid: newSigner.kid, publicKey: newSigner.publicKey, sign: () => new Uint8Array(64) }
    const log = await open(directory)
    await fill(log, 0, 3)
    const head = log.checkpoint()
    await log.close()
    await expect(open(directory, { alsoSigner: silent })).rejects.toMatchObject({ code: 'ledger_unavailable' })
    const reopened = await open(directory)
    expect(reopened.checkpoint()).toBe(head)
  })
})

test('a new log begins with the keys that it has, and records no change', async () => {
  const directory = temporaryDirectory()
  const log = await openLog({ ...optionsIn(directory), alsoSigner: newSigner })
  expect(log.size()).toBe(0n)
  expect(await verdicts(log)).toEqual(['ok', 'ok'])
  await log.close()
})
