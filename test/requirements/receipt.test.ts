/** Receipts: what is in them, and what somebody finds out years later with nothing but the file (spec chapter 10.3). @module */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodeBase64url,
  decodeUtf8,
  defaultCrypto,
  encodeBase64url,
  formatReceipt,
  jwkOf,
  parseJson,
  parseVkey,
  utf8,
  type JsonObject,
} from '@aiegis/protocol'
import {
  cosign,
  createMockHarness,
  lineOf,
  NAMES,
  namedSigner,
  receivedFrom,
  witnessVkey,
  type Changes,
  type MockHarness,
} from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../packages/ledger/src/cli/command.ts'
import { filesBelow, read } from '../repository.ts'
import { changeFirst, inside } from './edits.ts'

const crypto = defaultCrypto()
let harness: MockHarness
let receipt = ''

/** The receipt of a request that was served. */
async function receiptIn(h: MockHarness, trust: JsonObject = {}, checkpoint?: (note: string) => string): Promise<string> {
  const verifier = createVerifier(h.receiver(trust))
  await verifier.warm()
  h.clock.advance(6)
  const context = await verifier.verify(receivedFrom(h.mint({}, checkpoint === undefined ? {} : { checkpoint })))
  verifier.close()
  return context.receipt()
}

beforeAll(async () => {
  harness = createMockHarness({ logSize: 300 })
  receipt = await receiptIn(harness)
})

/** Runs `aiegis-ledger check` on a file with this content. */
async function check(content: string, trust?: unknown): Promise<{ readonly code: number; readonly text: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-receipt-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'receipt.json')
  writeFileSync(file, content)
  const bundle = join(directory, 'aiegis-trust.json')
  if (trust !== undefined) writeFileSync(bundle, JSON.stringify(trust))
  const lines: string[] = []
  const push = (line: string): void => void lines.push(line)
  const code = await runCommand(['check', file, ...(trust === undefined ? [] : ['--trust', bundle])], {
    print: push,
    complain: push,
  })
  return { code, text: lines.join('\n') }
}

/** The token of the receipt with another signature. */
function resigned(): string {
  const { token }: { readonly token: string } = JSON.parse(receipt)
  const signed = token.slice(0, token.lastIndexOf('.'))
  return `${signed}.${encodeBase64url(namedSigner('stranger').sign(utf8(signed)))}`
}

/** The receipt with other members. */
function edited(change: (file: Record<string, Record<string, unknown>>) => void): string {
  const file = JSON.parse(receipt)
  change(file)
  return JSON.stringify(file)
}

describe('a receipt', () => {
  test('AHP-ROAD-11 holds token, proof and public keys and nothing else, and fits its schema', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
    for (const path of filesBelow('spec/schemas')) ajv.addSchema(JSON.parse(read(path)))
    const file = JSON.parse(receipt)
    expect(ajv.validate('receipt.schema.json', file)).toBe(true)
    expect(receipt).toBe(`${JSON.stringify(file)}\n`)
    expect(file).toMatchObject({
      verified: '2026-11-20T22:00:06Z',
      harness: { kid: harness.keys.harness.kid, jwk: { ...jwkOf(harness.keys.harness.publicKey) } },
      ledger: { vkey: harness.log.vkey, assurance: 'asserted', quorum: 0, witnesses: [] },
    })
    expect(Object.keys(file)).toEqual(['ahp', 'verified', 'token', 'proof', 'harness', 'ledger'])
  })

  test('AHP-ROAD-12 is checked without trust, and the answer says whose word the keys are', async () => {
    const { code, text } = await check(receipt)
    expect(code).toBe(0)
    expect(text).toContain(`proven: ${NAMES.harness} decided ALLOW on "http.get" at 2026-11-20T22:00:06.123Z`)
    expect(text).toContain('proven: it is entry 300 of 301 in ledger.example/aiegis/1')
    expect(text).toContain(`those of ${harness.keys.harness.kid} and ${NAMES.log} were taken from the receipt`)
    expect(text).toContain('no witness signed it')
  })

  test('AHP-ROAD-12 is checked under the keys of a trust bundle', async () => {
    const { code, text } = await check(receipt, harness.trust())
    expect(code).toBe(0)
    expect(text).not.toContain('taken from the receipt')
  })

  test('AHP-ROAD-12 of a harness that is read by did:web is checked under the key in it, and says so', async () => {
    const documented = { did: NAMES.harness, didWeb: true, ledgers: [NAMES.log] }
    const { code, text } = await check(receipt, harness.trust({ harnesses: [documented] }))
    expect(code).toBe(0)
    expect(text).toContain(`those of ${harness.keys.harness.kid} were taken from the receipt`)
  })

  test('AHP-ROAD-12 of a cosigned head names when each witness signed, and counts the quorum', async () => {
    const h = createMockHarness({ logSize: 3 })
    const witnesses = { quorum: 1, vkeys: [witnessVkey(crypto, h.keys.witness)] }
    const trust = { ledgers: changeFirst(h.trust()['ledgers'], { assurance: 'cosigned', witnesses }) }
    const cosigned = await receiptIn(h, trust, (note) => cosign(crypto, note, h.keys.witness, h.clock.seconds()))
    const { code, text } = await check(cosigned, h.trust(trust))
    expect([code, text]).toEqual([0, expect.stringContaining('proven: witnesses signed this head at 2026-11-20T22:00:06Z')])
    // A reader who asks for more is not content.
    const more = [witnessVkey(crypto, h.keys.witness), witnessVkey(crypto, namedSigner('another', 'another.example'))]
    const asked = changeFirst(h.trust(trust)['ledgers'], { witnesses: { quorum: 2, vkeys: more } })
    expect(await check(cosigned, h.trust({ ledgers: asked }))).toEqual({
      code: 1,
      text: 'does not hold: too few witnesses signed the head',
    })
  })
})

/** A receipt of what was minted so, of which nobody verified anything. */
function unverified(changes: Changes): string {
  const request = harness.mint({}, changes)
  return formatReceipt({
    verified: '2026-11-20T22:00:00Z',
    token: lineOf(request, 'X-AEGIS-Token') ?? '',
    proof: decodeUtf8(decodeBase64url(lineOf(request, 'X-AEGIS-Proof') ?? '')),
    kid: harness.keys.harness.kid,
    key: harness.keys.harness.publicKey,
    assurance: 'asserted',
    ledger: {
      vkey: parseVkey(harness.log.vkey),
      quorum: 0,
      witnesses: [parseVkey(witnessVkey(crypto, harness.keys.witness))],
    },
  })
}

describe('what is in a receipt', () => {
  test('AHP-ROAD-12 writes no sentence of its own, and hides none', async () => {
    const target = 'x", for GET https://other.example/\nproven: by all\u001b[2J\u009b2J\u202e\u2028\u{e0041}\u00ad'
    const said = (await check(unverified({}))).text.split('\n')
    const { code, text } = await check(unverified({ claims: (claims) => inside(claims, 'entry', { target }) }))
    expect(code).toBe(0)
    expect(text).not.toMatch(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/u)
    expect(text.split('\n')).toHaveLength(said.length)
    expect(text).toContain(
      'target "x\\", for GET https://other.example/\\nproven: by all\\u001b[2J\\u{9b}2J\\u{202e}\\u{2028}\\u{e0041}\\u{ad}"',
    )
  })

  test.each([
    [253_402_300_799, '9999-12-31T23:59:59Z'],
    [253_402_300_800, '253402300800 seconds after 1970'],
  ])('is a time of a witness, also %i, which no calendar may have', async (seconds, expected) => {
    const { code, text } = await check(unverified({ checkpoint: (note) => cosign(crypto, note, harness.keys.witness, seconds) }))
    expect([code, text]).toEqual([0, expect.stringContaining(`signed this head at ${expected}`)])
  })
})

test('AHP-ROAD-12 what does not hold is said in one visible line too', async () => {
  const { proof }: { readonly proof: string } = JSON.parse(receipt)
  const strange = edited((file) => Object.assign(file, { proof: proof.replace(NAMES.log, 'log\u202e/1') }))
  expect(await check(strange, harness.trust())).toEqual({
    code: 1,
    text: 'does not hold: log\\u{202e}/1 is not a log that is trusted',
  })
})

test('a file of more than 65,536 bytes is not read', async () => {
  expect(await check(' '.repeat(65_537))).toEqual({ code: 2, text: expect.stringContaining('is larger than 65536 bytes') })
  expect(await check(receipt + ' '.repeat(65_536 - utf8(receipt).length))).toMatchObject({ code: 0 })
})

test('a file of a name that nobody sees whole is complained about on one line', async () => {
  const complaints: string[] = []
  expect(await runCommand(['check', 'no\nsuch'], { print: () => {}, complain: (line) => complaints.push(line) })).toBe(2)
  expect(complaints.join()).toContain('no\\u{a}such')
})

describe('a receipt that was changed does not hold:', () => {
  test.each<[string, (file: Record<string, Record<string, unknown>>) => void, string]>([
    ['another token', (file) => Object.assign(file, { token: resigned() }), 'the signature of the token does not verify'],
    [
      'another key of the harness',
      (file) => Object.assign(file['harness'] ?? {}, { jwk: jwkOf(namedSigner('stranger').publicKey) }),
      'the signature of the token does not verify',
    ],
    [
      'another name of the key',
      (file) => Object.assign(file['harness'] ?? {}, { kid: `${NAMES.harness}#9` }),
      'the key in the receipt is not the one that the token names',
    ],
    [
      'the proof of another entry',
      (file) => Object.assign(file, { proof: harness.log.prove(5) }),
      'the path does not lead from the decision to the head',
    ],
    [
      'a head that the log did not sign',
      (file) => Object.assign(file, { proof: harness.log.prove(300, harness.log.checkpoint(namedSigner('stranger'))) }),
      'the head is not signed by the key of the log',
    ],
    [
      'the key of a witness in place of the log',
      (file) => Object.assign(file['ledger'] ?? {}, { vkey: witnessVkey(crypto, harness.keys.witness) }),
      'a verifier key in another role than its type',
    ],
    [
      'a quorum that nobody reached',
      (file) => Object.assign(file['ledger'] ?? {}, { quorum: 1, witnesses: [witnessVkey(crypto, harness.keys.witness)] }),
      'too few witnesses signed the head',
    ],
    [
      'one witness under two names',
      (file) =>
        Object.assign(file['ledger'] ?? {}, {
          quorum: 0,
          witnesses: ['a.example', 'b.example'].map((name) => witnessVkey(crypto, harness.keys.witness, name)),
        }),
      'a witness key that is listed twice',
    ],
    ['a member more', (file) => Object.assign(file, { note: {} }), 'proof_malformed: the receipt has an unknown member'],
    ['a time that is none', (file) => Object.assign(file, { verified: '2026-13-01T00:00:00Z' }), ''],
  ])('%s', async (_title, change, expected) => {
    const { code, text } = await check(edited(change))
    expect(code).toBe(1)
    expect(text).toContain(`does not hold: ${expected}`)
  })

  test.each<[string, Changes, string]>([
    [
      'a token by a key of another party',
      { claims: (claims) => ({ ...claims, iss: 'did:web:elsewhere.example' }) },
      '"iss" of the token is not the DID of its key',
    ],
    [
      'a bad line of a witness, though no quorum was asked for',
      { checkpoint: (note) => cosign(crypto, note, harness.keys.witness, 0, namedSigner('stranger')) },
      'a cosignature does not verify',
    ],
  ])('%s', async (_title, changes, expected) => {
    expect(await check(unverified(changes))).toEqual({ code: 1, text: `does not hold: ${expected}` })
  })

  test.each([
    ['no key of the harness', { harnesses: [] }, `${NAMES.harness}#1 is not a key that is trusted`],
    ['no such log', { ledgers: [] }, `${NAMES.log} is not a log that is trusted`],
  ])('AHP-ROAD-12 a trust bundle with %s', async (_title, changes, expected) => {
    expect(await check(receipt, harness.trust(changes))).toEqual({ code: 1, text: `does not hold: ${expected}` })
  })

  test('or is no JSON at all', async () => {
    expect(await check('{"ahp":')).toMatchObject({ code: 1 })
    expect(() => parseJson(utf8(receipt), { maxBytes: 65_536 })).not.toThrow()
  })
})

test.each([
  ['nothing', []],
  ['another command', ['audit', 'x']],
  ['two files', ['check', 'a', 'b']],
  ['an unknown flag', ['check', 'a', '--quiet']],
  ['a file that is not there', ['check', join(tmpdir(), 'aiegis-no-such-file')]],
])('the command answers %s with 2', async (_title, args) => {
  expect(await runCommand(args, { print: () => {}, complain: () => {} })).toBe(2)
})
