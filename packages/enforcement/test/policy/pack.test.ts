import { canonicalize, nobleCrypto, utf8, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { PackRefused } from '../../src/policy/pack-refused.ts'
import { signPack, verifyPack } from '../../src/policy/pack-signature.ts'
import { parsePack, type PackFile } from '../../src/policy/pack.ts'
import { file, manifest, packSigner, regoRule, saying } from './packs.ts'

function sentence(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof PackRefused) return error.message
    throw error
  }
  return 'the pack loads'
}

const refused = (value: JsonValue): string => sentence(() => parsePack(file(value)))
const changed = (change: JsonObject): string => refused(manifest('p', [saying('r', 'ALLOW')], change))
const rule = (change: JsonObject): string => refused(manifest('p', [saying('r', 'ALLOW', change)]))

describe('AHP-POLICY-1 AHP-POLICY-4 a manifest is closed in every member, and its refusal is one sentence', () => {
  test('a whole one loads', () => {
    const pack = parsePack(file(manifest('p', [saying('a', 'ALLOW'), saying('b', 'DENY')])))
    expect([pack.pack_id, pack.rules.map(({ rule_id }) => rule_id), pack.fallback]).toEqual(['p', ['a', 'b'], 'ALLOW'])
    expect(parsePack(file({ ...manifest('p', [saying('a', 'ALLOW')]), default_decision: 'WARN' })).fallback).toBe('WARN')
  })

  test('without "default_decision" a pack denies where its rules are silent', () => {
    const { default_decision: _, ...rest } = manifest('p', [saying('a', 'ALLOW')])
    expect(parsePack(file(rest)).fallback).toBe('DENY')
  })

  test.each<[string, string]>([
    [
      changed({ spec_version: 'ahp-policy-pack/0.2' }),
      'pack test.json: "spec_version" is not "ahp-policy-pack/0.1", the only version that is known here',
    ],
    [changed({ pack_id: 'P' }), 'pack test.json: "pack_id" is not lower-case letters, digits, ".", "_" and "-", at most 64'],
    [
      changed({ pack_id: 'a'.repeat(65) }),
      'pack test.json: "pack_id" is not lower-case letters, digits, ".", "_" and "-", at most 64',
    ],
    [changed({ pack_name: '' }), 'pack test.json: "pack_name" is not a text of 1 to 128 bytes'],
    [
      changed({ issuer: 'did:web:Packs.example' }),
      'pack test.json: "issuer" is not a DID in its one spelling (neither a did:key of Ed25519 nor a did:web in its one spelling)',
    ],
    [
      changed({ issued_at: '2026-01-01' }),
      'pack test.json: "issued_at" is not a time such as "2026-11-20T22:00:00Z" (not a UTC time in RFC 3339 form)',
    ],
    [
      changed({ expires_at: '2026-02-30T00:00:00Z' }),
      'pack test.json: "expires_at" is not a time such as "2026-11-20T22:00:00Z" (not a UTC time in RFC 3339 form)',
    ],
    [changed({ expires_at: '2026-01-01T00:00:00Z' }), 'pack test.json: "expires_at" is not after "issued_at"'],
    [changed({ jurisdictions: [] }), 'pack test.json: "jurisdictions" is not a list of 1 to 64 values'],
    [
      changed({ jurisdictions: ['eu'] }),
      'pack test.json: a value of "jurisdictions" is not a code such as "EU" or "US-CA", or "*"',
    ],
    ...['USA', 'U', 'U1', 'US-', 'US-CALI', 'DE-BAYERN-X', 'US-ca', '**'].map((name): [string, string] => [
      changed({ jurisdictions: [name] }),
      'pack test.json: a value of "jurisdictions" is not a code such as "EU" or "US-CA", or "*"',
    ]),
    [changed({ jurisdictions: ['EU', 'US-CA', 'DE-BY', 'ES-1A2', '*'] }), 'the pack loads'],
    [changed({ jurisdictions: ['EU', 'EU'] }), 'pack test.json: "jurisdictions" names a value twice'],
    [changed({ default_decision: 'BLOCK' }), 'pack test.json: "default_decision" is none of "ALLOW", "WARN" and "DENY"'],
    [changed({ rules: [] }), 'pack test.json: "rules" is not a list of 1 to 1000 values'],
    [changed({ priority: 1 }), 'pack test.json: the manifest has the unknown member "priority"'],
    [refused([]), 'pack test.json: the file does not hold one JSON object'],
    [refused({ spec_version: 'ahp-policy-pack/0.1' }), 'pack test.json: the manifest lacks "pack_id"'],
    [
      rule({ rule_id: 'R' }),
      'pack test.json, rule number 1: "rule_id" is not lower-case letters, digits, ".", "_" and "-", at most 64',
    ],
    [rule({ match: { action: '*' } }), 'pack test.json, rule r: "match" lacks "fields"'],
    [
      rule({ match: { action: 'orders*', fields: ['input'] } }),
      'pack test.json, rule r: "match.action" is neither an action, nor "*", nor a prefix that ends in ".*"',
    ],
    [
      rule({ match: { action: '*.read', fields: ['input'] } }),
      'pack test.json, rule r: "match.action" is neither an action, nor "*", nor a prefix that ends in ".*"',
    ],
    [
      rule({ match: { action: '.*', fields: ['input'] } }),
      'pack test.json, rule r: "match.action" is neither an action, nor "*", nor a prefix that ends in ".*"',
    ],
    [rule({ match: { action: '*', fields: [] } }), 'pack test.json, rule r: "fields" is not a list of 1 to 32 values'],
    [
      rule({ match: { action: '*', fields: ['passport.claims'] } }),
      'pack test.json, rule r: a value of "fields" is not a dotted path that starts with action, target, input or context',
    ],
    [
      rule({ match: { action: '*', fields: ['context..x'] } }),
      'pack test.json, rule r: a value of "fields" is not a dotted path that starts with action, target, input or context',
    ],
    [
      rule({ match: { action: '*', fields: ['context.__proto__.x'] } }),
      'pack test.json, rule r: "match.fields" names "__proto__"',
    ],
    [rule({ policy: { language: 'rego' } }), 'pack test.json, rule r: "policy" lacks "module"'],
    [
      rule({ policy: { language: 'rego', module: 'x', entrypoint: 'y' } }),
      'pack test.json, rule r: "policy" has the unknown member "entrypoint"',
    ],
    [
      rule({ policy: { language: 'rego', module: 'x', rego_version: 'v2' } }),
      'pack test.json, rule r: "rego_version" is "v0" or "v1", and only for Rego',
    ],
    [
      rule({ policy: { language: 'jsonlogic', module: true, rego_version: 'v1' } }),
      'pack test.json, rule r: "rego_version" is "v0" or "v1", and only for Rego',
    ],
    [rule({ deny_reason: 'x'.repeat(257) }), 'pack test.json, rule r: "deny_reason" is not a text of 1 to 256 bytes'],
    [
      rule({ layer: 'L16-Other' }),
      'pack test.json, rule r: "layer" is not one of L1 to L15, "-" and a name, such as "L3-Compliance"',
    ],
    [rule({ enabled: true }), 'pack test.json, rule r: a rule has the unknown member "enabled"'],
    [
      refused(manifest('p', [saying('a', 'ALLOW'), saying('a', 'DENY')])),
      'pack test.json, rule a: two rules have this "rule_id"; give each its own',
    ],
    [
      refused(
        manifest(
          'p',
          Array.from({ length: 1_001 }, (_, i) => saying(`r${i}`, 'ALLOW')),
        ),
      ),
      'pack test.json: "rules" is not a list of 1 to 1000 values',
    ],
  ])('%#: %s', (found, expected) => {
    expect(found).toBe(expected)
  })

  test.each<[string, Uint8Array, string]>([
    ['names a member twice', utf8('{"spec_version":"x","spec_version":"ahp-policy-pack/0.1"}'), 'repeated member name'],
    ['names __proto__', utf8('{"__proto__":{}}'), '__proto__'],
    ['starts with a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), 'is not the JSON of a pack'],
    ['is no JSON', utf8('{'), 'is not the JSON of a pack'],
    ['is larger than a megabyte', new Uint8Array(1_048_577).fill(0x20), 'JSON longer than 1048576 bytes'],
    ['is nested 65 deep', utf8(`${'['.repeat(65)}${']'.repeat(65)}`), 'JSON deeper than 64'],
    ['has an open end of brackets', utf8('['.repeat(500_000)), 'JSON deeper than 64'],
  ])('a file that %s is refused', (_, bytes, part) => {
    expect(sentence(() => parsePack({ name: 'x', bytes }))).toContain(part)
  })
})

describe('AHP-POLICY-2 a pack is signed by a known key of its issuer, or refused', () => {
  const crypto = nobleCrypto()
  const signer = packSigner(1)
  const other = packSigner(2)
  const keys = [{ kid: signer.kid, key: signer.publicKey }]
  const source = manifest('p', [regoRule('r', 'decision := "ALLOW"')])

  async function verdict(bytes: Uint8Array, allowUnsigned = false): Promise<string> {
    const pack = parsePack({ name: 'x', bytes })
    return verifyPack(pack, keys, allowUnsigned, crypto).then(
      () => 'ok',
      (error: unknown) => (error instanceof PackRefused ? error.message : String(error)),
    )
  }

  async function edited(edit: (pack: Record<string, JsonValue>) => JsonObject): Promise<Uint8Array> {
    const value: Record<string, JsonValue> = JSON.parse(new TextDecoder().decode(await signPack(source, signer)))
    return utf8(JSON.stringify(edit(value)))
  }

  test('a signed pack loads, also when its members are in another order or its white space differs', async () => {
    expect(await verdict(await signPack(source, signer))).toBe('ok')
    expect(await verdict(await edited((pack) => Object.fromEntries(Object.entries(pack).toReversed())))).toBe('ok')
  })

  test('signing again replaces issuer and signature', async () => {
    const again: JsonObject = JSON.parse(new TextDecoder().decode(await signPack(source, other)))
    expect(await verdict(await signPack(again, signer))).toBe('ok')
  })

  test('a changed member, a foreign key, a foreign issuer and another algorithm are refused', async () => {
    const signature = async (change: JsonObject) =>
      verdict(await edited((pack) => ({ ...pack, signature: { ...(pack['signature'] as JsonObject), ...change } })))
    expect(await verdict(await edited((pack) => ({ ...pack, default_decision: 'WARN' })))).toBe(
      'pack x: its signature does not verify; it was changed after it was signed',
    )
    expect(await verdict(await signPack(source, other))).toBe(
      `pack x: it is signed by ${other.kid}, which is no pack key of this server`,
    )
    expect(await verdict(await edited((pack) => ({ ...pack, issuer: 'did:web:packs.example' })))).toBe(
      'pack x: "signature.kid" is not a key of the pack\'s issuer',
    )
    expect(await signature({ alg: 'none' })).toBe('pack x: "signature.alg" is not "EdDSA"')
    expect(await signature({ value: '' })).toContain('its signature does not verify')
    expect(await signature({ value: 'A'.repeat(86) })).toContain('its signature does not verify')
    expect(await signature({ kid: 'x' })).toContain('is not a key of the pack')
    expect(await signature({ note: 'x' })).toContain('does not have exactly the members alg, kid and value')
  })

  test('an unsigned pack needs the development flag; a wrong signature is refused with it too', async () => {
    const unsigned = utf8(canonicalize(source))
    expect(await verdict(unsigned)).toBe(
      'pack x: it is not signed; sign it with a key that this server knows, or allow unsigned packs for development',
    )
    expect(await verdict(unsigned, true)).toBe('ok')
    expect(await verdict(await edited((pack) => ({ ...pack, default_decision: 'WARN' })), true)).toContain('does not verify')
    const sample = utf8(
      JSON.stringify({ ...source, signature: { alg: 'EdDSA', kid: 'x', value: 'REFERENCE_PACK_NOT_SIGNED_LOCAL_DEV_ONLY' } }),
    )
    expect([await verdict(sample), await verdict(sample, true)]).toEqual([expect.stringContaining('it is not signed'), 'ok'])
  })
})

test('the name of a file that is refused stands in the sentence', () => {
  const broken: PackFile = { name: 'packs/mine.json', bytes: utf8('{}') }
  expect(sentence(() => parsePack(broken))).toMatch(/^pack packs\/mine\.json: /)
})
