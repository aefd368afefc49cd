import { createHash, createHmac } from 'node:crypto'
import { assert, constant, integer, nat, oneof, property, record, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUtf8 } from '../src/bytes.ts'
import { defaultCrypto, nobleCrypto } from '../src/crypto.ts'
import { canonicalize } from '../src/jcs.ts'
import type { JsonValue } from '../src/json.ts'
import { buildLeaf, commit, type LeafInput } from '../src/leaf.ts'
import { Malformed } from '../src/refusal.ts'

const crypto = defaultCrypto()
const salt = Uint8Array.from({ length: 16 }, (_, index) => 240 - index)
const input: LeafInput = {
  entry: {
    ts: '2026-11-20T22:00:00.123Z',
    action: 'orders.create',
    target: 'https://api.example.com/orders',
    decision: 'ALLOW',
    deciding_pack: null,
    deciding_rule: null,
    deciding_layer: 'policy',
    deny_reason: null,
    decision_ms: 2,
  },
  agentDid: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  harnessKid: 'did:web:harness.example#1',
  ledgerSig: 'c2lnbmF0dXJl',
  token: 'aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl',
  salt,
}

/** The formula of the specification with the library's own HMAC. */
function oracle(key: Uint8Array, field: string, value: JsonValue): string {
  const mac = createHmac('sha256', key).update(field).digest()
  return createHash('sha256').update(`aiegis-commit/v1\n${field}\n`).update(mac).update(canonicalize(value)).digest('base64url')
}

/** The leaf as an object that is sorted and printed by the general code. */
function slowLeaf({ entry, agentDid, harnessKid, ledgerSig, token, salt: key }: LeafInput): string {
  const hidden = { ...entry, agent_did: agentDid }
  const names = ['agent_did', 'action', 'target', 'deny_reason', 'deciding_pack', 'deciding_rule', 'decision_ms'] as const
  const commitments = Object.fromEntries(names.map((name) => [name, oracle(key, name, hidden[name])]))
  const clear = { ts: `${entry.ts.slice(0, 19)}Z`, decision: entry.decision, deciding_layer: entry.deciding_layer }
  const tok = createHash('sha256').update(token).digest('base64url')
  return canonicalize({ v: 1, entry: { ...commitments, ...clear, harness_kid: harnessKid, ledger_sig: ledgerSig }, tok })
}

describe('commitments', () => {
  test('AHP-LEAF-3 follow the formula', () => {
    for (const value of ['orders.create', null, 2, '', 'é', '"\\\n', ['a', { b: 1 }]]) {
      expect(commit(crypto, salt, 'action', value)).toBe(oracle(salt, 'action', value))
    }
    expect(commit(crypto, salt, 'another_field', 'x')).toBe(oracle(salt, 'another_field', 'x'))
  })

  test('values around the size of the buffer are hashed whole', () => {
    for (const length of [400, 430, 440, 445, 446, 447, 448, 449, 450, 460, 512, 2000]) {
      const value = 'x'.repeat(length)
      expect(commit(crypto, salt, 'target', value)).toBe(oracle(salt, 'target', value))
    }
  })

  test('one field says nothing about another, and an earlier value nothing about a later one', () => {
    expect(commit(crypto, salt, 'action', 'x')).not.toBe(commit(crypto, salt, 'target', 'x'))
    const leaf = decodeUtf8(buildLeaf(crypto, { ...input, entry: { ...input.entry, action: 'a'.repeat(128), target: 't' } }))
    expect(leaf).toContain(commit(crypto, salt, 'target', 't'))
  })

  test('AHP-LEAF-3 null, the text "null", zero and the text "0" are four different values', () => {
    const all = [null, 'null', 0, '0'].map((value) => commit(crypto, salt, 'deny_reason', value))
    expect(new Set(all).size).toBe(4)
  })

  test('the end of a field name cannot move into the value', () => {
    expect(commit(crypto, salt, 'a\n', 'b')).not.toBe(commit(crypto, salt, 'a', '\nb'))
  })

  test('a salt of another length than 16 bytes is refused: HMAC would pad it, and two salts would be one', () => {
    for (const length of [0, 15, 17, 32, 64, 65]) {
      expect(() => commit(crypto, new Uint8Array(length), 'action', 'x')).toThrow(Malformed)
      expect(() => buildLeaf(crypto, { ...input, salt: new Uint8Array(length) })).toThrow(Malformed)
    }
  })

  test('a name of 32 bytes fits, a longer one is a bug of the caller', () => {
    expect(commit(crypto, salt, 'n'.repeat(32), 1)).toBe(oracle(salt, 'n'.repeat(32), 1))
    expect(() => commit(crypto, salt, 'n'.repeat(33), 1)).toThrow(RangeError)
  })
})

describe('leaves', () => {
  test('AHP-LEAF-4 are the JCS of their object', () => {
    expect(decodeUtf8(buildLeaf(crypto, input))).toBe(slowLeaf(input))
    expect(buildLeaf(nobleCrypto(), input)).toEqual(buildLeaf(crypto, input))
  })

  test('AHP-LEAF-4 are the JCS of their object for any text in any member', () => {
    const text = string({ unit: 'grapheme', maxLength: 300 })
    const maybe = oneof(text, constant(null))
    const anyEntry = record({
      ts: constant('2026-11-20T22:00:00.999Z'),
      action: text,
      target: text,
      decision: constant('BLOCK' as const),
      deciding_pack: maybe,
      deciding_rule: maybe,
      deciding_layer: maybe,
      deny_reason: maybe,
      decision_ms: oneof(nat(), integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    })
    const anySalt = uint8Array({ minLength: 16, maxLength: 16 })
    const anyInput = record({ entry: anyEntry, agentDid: maybe, harnessKid: text, ledgerSig: text, token: text, salt: anySalt })
    assert(
      property(anyInput, (any) => {
        expect(decodeUtf8(buildLeaf(crypto, any))).toBe(slowLeaf(any))
      }),
    )
  })

  test('AHP-LEAF-5 change with every part of the input', () => {
    const { entry } = input
    const others: LeafInput[] = [
      { ...input, agentDid: null },
      { ...input, harnessKid: 'did:web:harness.example#2' },
      { ...input, ledgerSig: 'c2lnbmF0dXJm' },
      { ...input, token: `${String(input.token)}A` },
      { ...input, salt: salt.toReversed() },
      { ...input, entry: { ...entry, ts: '2026-11-20T22:00:01.123Z' } },
      { ...input, entry: { ...entry, action: 'orders.delete' } },
      { ...input, entry: { ...entry, target: 'https://api.example.com/orders/' } },
      { ...input, entry: { ...entry, decision: 'WARN' } },
      { ...input, entry: { ...entry, deciding_pack: 'null' } },
      { ...input, entry: { ...entry, deciding_rule: '' } },
      { ...input, entry: { ...entry, deciding_layer: null } },
      { ...input, entry: { ...entry, deny_reason: 'no' } },
      { ...input, entry: { ...entry, decision_ms: 3 } },
    ]
    const leaves = new Set([input, ...others].map((one) => decodeUtf8(buildLeaf(crypto, one))))
    expect(leaves.size).toBe(others.length + 1)
  })

  test('show no milliseconds and none of the committed texts', () => {
    const reason = 'a reason that names a person'
    const leaf = decodeUtf8(
      buildLeaf(crypto, { ...input, entry: { ...input.entry, deny_reason: reason, deciding_rule: 'rule-7' } }),
    )
    for (const hidden of ['.123', input.entry.action, input.entry.target, 'did:key', reason, 'rule-7', input.token]) {
      expect(leaf).not.toContain(hidden)
    }
    expect(leaf).toContain('"ts":"2026-11-20T22:00:00Z"')
    expect(buildLeaf(crypto, { ...input, entry: { ...input.entry, ts: '2026-11-20T22:00:00.999Z' } })).toEqual(
      buildLeaf(crypto, input),
    )
  })

  test('a time in another spelling and a lone surrogate are refused', () => {
    for (const ts of [
      '',
      '2026-11-20T22:00:00Z',
      '2026-11-20T22:00:00.1234Z',
      '2026-11-20 22:00:00.123Z',
      '2026-11-20T22:00:00.123z',
    ]) {
      expect(() => buildLeaf(crypto, { ...input, entry: { ...input.entry, ts } })).toThrow(Malformed)
    }
    for (const change of [{ harnessKid: '\ud800' }, { agentDid: '\udfff' }, { token: 'a\ud800' }]) {
      expect(() => buildLeaf(crypto, { ...input, ...change })).toThrow(Malformed)
    }
  })

  test('fit the 65,535 bytes of an entry even with the longest names', () => {
    const long = { ...input, harnessKid: 'k'.repeat(640), entry: { ...input.entry, deciding_layer: 'l'.repeat(64) } }
    expect(buildLeaf(crypto, long).length).toBeLessThan(2048)
  })
})
