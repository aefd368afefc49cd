/** What a log gives about one agent, and whether it is what the leaves commit to (spec chapter 17.7). @module */
import {
  buildLeaf,
  decodeBase64url,
  encodeBase64url,
  equal,
  hashLeaf,
  parseProof,
  utf8,
  verifyCheckpoint,
  verifyInclusion,
  type Entry,
  type JsonObject,
} from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { exportAbout, type ExportedEntry } from '../../src/custody/export.ts'
import { opensLeaf, readClear } from '../../src/custody/openings.ts'
import type { Log } from '../../src/log.ts'
import { crypto, keyOf, openIn, ORIGIN, vkey } from '../logs.ts'
import { subjectInFile } from './logs.ts'

const ALICE = 'did:key:alice'
const BOB = 'did:key:bob'
const ENTRY: Entry = {
  ts: '2026-11-20T22:00:00.123Z',
  action: 'http.get',
  target: 'https://api.example.com/a',
  decision: 'ALLOW',
  deciding_pack: 'eu',
  deciding_rule: 'r1',
  deciding_layer: null,
  deny_reason: null,
  decision_ms: 3,
}

/** A decision about `agent`, as a harness enters it. */
function decisionOf(number: number, agent: string | null, chain: readonly string[]): { leaf: Uint8Array; clear: JsonObject } {
  const salt = crypto.sha256(utf8(`salt ${number}`)).slice(0, 16)
  const jws = `eyJ.${number}.c2ln`
  const leaf = buildLeaf(crypto, {
    entry: ENTRY,
    agentDid: agent,
    harnessKid: 'did:web:h#1',
    ledgerSig: 'c2ln',
    token: jws,
    salt,
  })
  return { leaf, clear: { jti: `J${number}`, agent_did: agent, chain, salt: encodeBase64url(salt), entry: { ...ENTRY }, jws } }
}

async function enter(log: Log, number: number, agent: string | null, chain: readonly string[]): Promise<void> {
  const { leaf, clear } = decisionOf(number, agent, chain)
  await log.append(leaf, keyOf(number), utf8(JSON.stringify(clear)))
}

async function collect(log: Log, name: string): Promise<readonly ExportedEntry[]> {
  const found: ExportedEntry[] = []
  for await (const entry of exportAbout(log, crypto, name)) found.push(entry)
  return found
}

describe('an export', () => {
  test('AHP-CUSTODY-8 has every entry about an agent, on its own behalf or in a chain, each with a proof that verifies', async () => {
    const subject = await subjectInFile()
    const { log } = subject
    for (let number = 0; number < 200; number++)
      await enter(log, number, [ALICE, BOB, null][number % 3] ?? null, number % 6 === 1 ? [ALICE, BOB] : [])
    await log.append(utf8('no leaf of ours'), keyOf('other'), utf8('no JSON'))
    const found = await collect(log, ALICE)
    expect(found.map(({ index }) => index)).toEqual(
      Array.from({ length: 200 }, (_, n) => n).filter((n) => n % 3 === 0 || n % 6 === 1),
    )
    for (const { index, leaf, proof, opens } of found) {
      const { checkpoint, path, index: proven } = parseProof(proof)
      expect([proven, opens, await verifyCheckpoint(crypto, checkpoint, ORIGIN, vkey)]).toEqual([BigInt(index), true, 'ok'])
      const { size, root } = checkpoint
      expect(
        verifyInclusion(crypto, { index: proven, size, leafHash: hashLeaf(crypto, decodeBase64url(leaf)), path, root }),
      ).toBe(true)
    }
    expect(await collect(log, 'did:key:carol')).toEqual([])
    await log.custody?.erase(0n, 'asked for')
    expect((await collect(log, ALICE)).map(({ index }) => index)[0]).toBe(1)
    await subject.clean({})
    expect((await collect(subject.log, ALICE)).length).toBe(found.length - 1)
  })

  test('AHP-CUSTODY-8 says where clear text is not what the leaf commits to', () => {
    const { leaf, clear } = decisionOf(1, ALICE, [])
    const entry = (change: JsonObject): JsonObject => ({ ...clear, entry: { ...ENTRY, ...change } })
    expect(opensLeaf(crypto, leaf, clear)).toBe(true)
    const forged: readonly JsonObject[] = [
      { ...clear, agent_did: BOB },
      { ...clear, agent_did: null },
      { ...clear, salt: encodeBase64url(new Uint8Array(16)) },
      { ...clear, salt: 'x' },
      { ...clear, salt: 7 },
      { ...clear, jws: 'eyJ.2.c2ln' },
      { ...clear, jws: 'eyJ.1.c2lh' },
      { ...clear, jws: null },
      { ...clear, entry: null },
      entry({ ts: '2026-11-20T22:00:01.123Z' }),
      entry({ action: 'http.post' }),
      entry({ target: 'https://api.example.com/b' }),
      entry({ decision: 'BLOCK' }),
      entry({ deciding_pack: null }),
      entry({ deciding_rule: 'r2' }),
      entry({ deciding_layer: 'L1' }),
      entry({ deny_reason: 'x' }),
      entry({ decision_ms: 4 }),
      // What nobody committed to.
      { ...clear, approved_by: BOB },
      entry({ approved_by: BOB }),
      {},
    ]
    expect(forged.map((one) => opensLeaf(crypto, leaf, one))).toEqual(forged.map(() => false))
    const text = new TextDecoder().decode(leaf)
    const more = [
      text.replace('{', '{"a":1,'),
      text.replace('"entry":{', '"entry":{"a":1,'),
      text.replace('{', '{ '),
      `${text}\n`,
    ]
    for (const other of more) expect([other === text, opensLeaf(crypto, utf8(other), clear)]).toEqual([false, false])
    for (const other of ['', '[]', '{}', '{"act":{}}', ' {"entry":{}}']) expect(opensLeaf(crypto, utf8(other), clear)).toBe(false)
  })

  test('AHP-CUSTODY-8 says where clear text names another decision or another time than the signed text', () => {
    const salt = crypto.sha256(utf8('salt')).slice(0, 16)
    const jws = `eyJ.${encodeBase64url(utf8(JSON.stringify({ jti: 'J1', entry: ENTRY })))}.c2ln`
    const opening = { agentDid: ALICE, harnessKid: 'did:web:h#1', ledgerSig: 'c2ln', token: jws, salt }
    const leaf = buildLeaf(crypto, { entry: ENTRY, ...opening })
    const clear = { jti: 'J1', agent_did: ALICE, chain: [], salt: encodeBase64url(salt), entry: { ...ENTRY }, jws }
    expect(opensLeaf(crypto, leaf, clear)).toBe(true)
    expect(opensLeaf(crypto, leaf, { ...clear, jti: 'J2' })).toBe(false)
    expect(opensLeaf(crypto, leaf, { ...clear, entry: { ...ENTRY, ts: '2026-11-20T22:00:00.999Z' } })).toBe(false)
  })

  test('AHP-CUSTODY-2 the clear text of an act opens its leaf, and no other', async () => {
    const log = await openIn()
    await enter(log, 0, ALICE, [])
    await log.custody?.hold(0n, 0n, 'case 7 of did:key:alice')
    await log.custody?.hold(0n, 0n, 'case 8')
    const [first, second] = await Promise.all([1n, 2n].map((index) => log.entry(index)))
    const clear = readClear(first?.clear ?? new Uint8Array()) ?? {}
    expect(clear['act']).toMatchObject({ kind: 'hold', first: 0, last: 0, reason: 'case 7 of did:key:alice' })
    expect(new TextDecoder().decode(first?.leaf)).not.toContain('case 7')
    expect(opensLeaf(crypto, first?.leaf ?? new Uint8Array(), clear)).toBe(true)
    expect(opensLeaf(crypto, second?.leaf ?? new Uint8Array(), clear)).toBe(false)
    const other = { ...clear, act: { ...(clear['act'] as JsonObject), last: 1 } }
    expect(opensLeaf(crypto, first?.leaf ?? new Uint8Array(), other)).toBe(false)
    expect(equal(first?.leaf ?? new Uint8Array(), second?.leaf ?? new Uint8Array())).toBe(false)
  })
})
