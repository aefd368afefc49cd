/** Evidence against a log: what shows that it lied, and what only looks like that (spec chapter 5.6). @module */
import { describe, expect, test } from 'vitest'
import {
  checkLedgerEvidence,
  consistencyPath,
  createSigner,
  defaultCrypto,
  encodeBase64,
  formatCheckpointBody,
  formatLedgerEvidence,
  formatNote,
  formatVkey,
  hashLeaf,
  hashNode,
  LOG_KEY_TYPE,
  noteKeyId,
  rootOf,
  utf8,
  type LedgerEvidence,
  type NodeSource,
  type Prefix,
} from '../src/index.ts'

const crypto = defaultCrypto()
const ORIGIN = 'ledger.example/aiegis/1'
const signer = createSigner(crypto.sha256(utf8('log')), ORIGIN)
const stranger = createSigner(crypto.sha256(utf8('stranger')), ORIGIN)
const vkey = formatVkey(ORIGIN, LOG_KEY_TYPE, signer.publicKey, crypto)
const SEEN = '2026-11-20T22:00:00Z'

/** A tree of which `name` says what is in it. */
const tree =
  (name: string): NodeSource =>
  (height, index) => {
    const node = (h: number, i: number): Uint8Array =>
      h === 0 ? hashLeaf(crypto, utf8(`${name} ${i}`)) : hashNode(crypto, node(h - 1, 2 * i), node(h - 1, 2 * i + 1))
    return node(height, index)
  }

function head(name: string, size: number, by = signer, origin = ORIGIN): LedgerEvidence['earlier'] {
  const body = formatCheckpointBody(origin, BigInt(size), rootOf(crypto, tree(name), size))
  const id = noteKeyId(crypto, origin, LOG_KEY_TYPE, signer.publicKey)
  return { note: formatNote(body, [{ name: origin, id, signature: by.sign(utf8(body)) }]), seen: SEEN }
}

/** What the tree `name` of `large` leaves has in the place of its first `small`. */
const prefix = (name: string, small: number, large: number): Prefix => ({
  root: rootOf(crypto, tree(name), small),
  path: consistencyPath(crypto, tree(name), small, large),
})

const evidence = (
  kind: LedgerEvidence['kind'],
  earlier: LedgerEvidence['earlier'],
  later: LedgerEvidence['earlier'],
  shown?: Prefix,
): Uint8Array => utf8(formatLedgerEvidence({ kind, vkey, earlier, later }, shown))

describe('evidence that shows something', () => {
  test.each([
    ['two roots for one size', evidence('equivocation', head('a', 7), head('b', 7))],
    [
      'a smaller head that the larger tree does not begin with',
      evidence('equivocation', head('a', 5), head('b', 12), prefix('b', 5, 12)),
    ],
    ['the same with the larger one first', evidence('equivocation', head('b', 12), head('a', 5), prefix('b', 5, 12))],
    ['a smaller head that is a whole subtree', evidence('equivocation', head('a', 8), head('b', 12), prefix('b', 8, 12))],
  ])('AHP-PROOF-21 %s', async (_title, file) => {
    expect(await checkLedgerEvidence(crypto, file)).toMatchObject({ kind: 'equivocation', origin: ORIGIN, vkey })
  })

  test('AHP-PROOF-21 a later head that is smaller, as far as the receiver can be believed', async () => {
    const found = await checkLedgerEvidence(crypto, evidence('rollback', head('a', 9), head('a', 4)))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['rollback', 9n, 4n])
  })
})

describe('evidence that shows nothing', () => {
  const honest = evidence('equivocation', head('a', 5), head('a', 12), prefix('a', 5, 12))
  const changed = (change: (file: Record<string, unknown>) => void): Uint8Array => {
    const file = JSON.parse(new TextDecoder().decode(evidence('equivocation', head('a', 5), head('b', 12), prefix('b', 5, 12))))
    change(file)
    return utf8(JSON.stringify(file))
  }
  test.each([
    ['two heads of one tree', honest, 'one tree can have both heads, as far as this shows'],
    ['one head twice', evidence('equivocation', head('a', 7), head('a', 7)), 'one tree can have both heads'],
    ['two sizes without a prefix', evidence('equivocation', head('a', 5), head('b', 12)), 'one tree can have both heads'],
    [
      'a prefix of neither tree',
      evidence('equivocation', head('a', 5), head('b', 12), prefix('c', 5, 12)),
      'one tree can have both heads',
    ],
    [
      'a root that was exchanged in the prefix',
      changed((file) => Object.assign(file['prefix'] ?? {}, { root: encodeBase64(crypto.sha256(utf8('x'))) })),
      'one tree can have both heads',
    ],
    ['a head that somebody else signed', evidence('equivocation', head('a', 7), head('b', 7, stranger)), 'did not sign'],
    [
      'a head of another log',
      evidence('equivocation', head('a', 7), head('b', 7, signer, 'ledger.example/other')),
      'did not sign',
    ],
    ['a rollback to a larger head', evidence('rollback', head('a', 4), head('a', 9)), 'the later head is not smaller'],
    ['a rollback to the same size', evidence('rollback', head('a', 4), head('b', 4)), 'the later head is not smaller'],
    ['a member more', changed((file) => Object.assign(file, { note: '' })), 'unknown member'],
    ['another kind', changed((file) => Object.assign(file, { kind: 'rumour' })), '"kind" is none of'],
    ['another version', changed((file) => Object.assign(file, { ahp: 'ahp-receiver/9.9' })), '"ahp" is none of'],
    ['a time that is none', changed((file) => Object.assign(file['later'] ?? {}, { seen: 'yesterday' })), 'not a UTC time'],
    ['no text', utf8('null'), 'not an object'],
  ])('AHP-PROOF-21 %s', async (_title, file, expected) => {
    await expect(checkLedgerEvidence(crypto, file)).rejects.toThrow(expected)
  })
})
