import { assert, constantFrom, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64, encodeBase64url } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { formatCheckpointBody, type Checkpoint } from '../src/checkpoint.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { formatNote } from '../src/note.ts'
import { Malformed } from '../src/refusal.ts'
import { decodeProofHeader, formatProof, parseProof } from '../src/tlog-proof.ts'
import { cosign, logKey, signNote, witnessKey } from './log-keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const crypto = defaultCrypto()
const origin = 'ledger.example/aiegis/1'
const hashes = Array.from({ length: 64 }, (_, level) => crypto.sha256(utf8(`hash ${level}`)))
const text = formatCheckpointBody(origin, 8n, crypto.sha256(utf8('root')))
const cosignatures = Array.from({ length: 9 }, (_, number) => cosign(witnessKey(`w${number}.example`), text, 1_795_212_000n))
const note = formatNote(text, [signNote(logKey(origin), text), ...cosignatures.slice(0, 2)])
const proof = formatProof(5n, hashes.slice(0, 3), note)

/** The candidates that are read although they should not be. */
const accepted = (candidates: readonly string[]): string[] => {
  expect(candidates).not.toContain(proof)
  return candidates.filter((candidate) => outcome(() => parseProof(candidate)) !== REFUSED)
}

/** A proof of that many characters, by a long origin. */
function padded(length: number): string {
  const body = text.replace(origin, origin + 'x'.repeat(length - proof.length))
  return formatProof(5n, hashes.slice(0, 3), note.replace(text, body))
}

describe('proofs', () => {
  test('index, path and checkpoint are read, and print back to the same text', () => {
    const parsed = parseProof(proof)
    expect(parsed).toMatchObject({ index: 5n, path: hashes.slice(0, 3) })
    expect(parsed.checkpoint.raw).toBe(note)
    expect(formatProof(parsed.index, parsed.path, parsed.checkpoint.raw)).toBe(proof)
    expect(decodeProofHeader(encodeBase64url(utf8(proof)))).toEqual(parsed)
  })

  test('a checkpoint that was read before is taken for its own text and for no other', () => {
    const read = new Map<string, Checkpoint>()
    const header = encodeBase64url(utf8(proof))
    const first = decodeProofHeader(header, read)
    expect(first).toEqual(parseProof(proof))
    expect([...read]).toEqual([[note, first.checkpoint]])
    expect(decodeProofHeader(header, read).checkpoint).toBe(first.checkpoint)
    const renamed = note.replaceAll(origin, `${origin}x`)
    expect(decodeProofHeader(encodeBase64url(utf8(formatProof(5n, hashes.slice(0, 3), renamed))), read).checkpoint.origin).toBe(
      `${origin}x`,
    )
    const cut = encodeBase64url(utf8(formatProof(5n, hashes.slice(0, 3), note.slice(0, -1))))
    expect(() => decodeProofHeader(cut, read)).toThrow(Malformed)
    expect([...read.keys()]).toEqual([note, renamed])
  })

  test('the proof of a log with one leaf has no hashes', () => {
    const parsed = parseProof(formatProof(0n, [], note))
    expect(parsed.path).toEqual([])
    expect(parsed.index).toBe(0n)
  })

  test('AHP-PROOF-2 the index has one spelling and all of its 63 bits', () => {
    for (const index of [2n ** 32n + 5n, 2n ** 53n + 5n, 2n ** 63n - 1n]) {
      expect(parseProof(formatProof(index, [], note)).index).toBe(index)
    }
    const spellings = [
      '05',
      '',
      ' 5',
      '5 ',
      '+5',
      '-5',
      '0x5',
      '5e0',
      '5.0',
      '٥',
      `${2n ** 63n}`,
      `${2n ** 64n + 5n}`,
      '9'.repeat(99),
    ]
    expect(accepted(spellings.map((index) => proof.replace('index 5', `index ${index}`)))).toEqual([])
  })

  test('AHP-PROOF-1 the head has one form', () => {
    const [first = '', second = '', third = ''] = hashes.map((hash) => encodeBase64(hash))
    const bad = [
      '',
      note,
      `\n${proof}`,
      ` ${proof}`,
      `\ufeff${proof}`,
      proof.replace('@v1', '@v2'),
      proof.replace('c2sp.org/tlog-proof@v1\n', ''),
      proof.replace('c2sp.org/tlog-proof@v1\n', 'c2sp.org/tlog-proof@v1\n\n'),
      proof.replace('c2sp.org/tlog-proof@v1\n', 'c2sp.org/tlog-proof@v1\r\n'),
      proof.replace('index', 'extra AAAA\nindex'),
      proof.replace('index', 'Index'),
      proof.replace('index 5', 'index  5'),
      proof.replace('index 5', 'index\u00a05'),
      proof.replace('index 5\n', ''),
      proof.replace('index 5\n', 'index 5\nindex 5\n'),
      proof.replace('index 5\n', 'index 5\nextra AAAA\n'),
      proof.replace(`index 5\n${first}\n`, `${first}\nindex 5\n`),
      proof.replace(`${first}\n`, `${first}\r\n`),
      proof.replace(`${first}\n`, `${first} \n`),
      proof.replace(`${first}\n`, `${first.slice(0, -1)}\n`),
      proof.replace(`${first}\n`, `${first.replaceAll(/[+/A-Za-z]/g, '-')}\n`),
      proof.replace(`${first}\n${second}\n`, `${first}${second}\n`),
      proof.replace(first, encodeBase64(hashes[0]?.slice(1) ?? new Uint8Array(0))),
      proof.replace(first, encodeBase64(new Uint8Array(33))),
      proof.replace(`${third}\n\n`, `${third}\n`),
      proof.replace(`${third}\n\n`, `${third}\n\n\n`),
      proof.replace(`${third}\n\n`, `${third}\n \n`),
      proof.slice(0, proof.indexOf('\n\n') + 2),
      proof.slice(0, -1),
      `${proof}\n`,
      `${proof}x`,
    ]
    expect(accepted(bad)).toEqual([])
  })

  test('AHP-PROOF-3 spare bits of the last character of a hash are refused', () => {
    const first = encodeBase64(hashes[0] ?? new Uint8Array(32))
    const values = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const last = values.indexOf(first.charAt(42))
    expect(last % 4).toBe(0)
    expect(
      accepted([1, 2, 3].map((spare) => proof.replace(first, `${first.slice(0, 42)}${values.charAt(last + spare)}=`))),
    ).toEqual([])
  })

  test('AHP-PROOF-3 40 hashes are read, 41 are not', () => {
    const small = formatNote(text, [signNote(logKey(origin), text)])
    expect(parseProof(formatProof(5n, hashes.slice(0, 40), small)).path).toHaveLength(40)
    expect(() => parseProof(formatProof(5n, hashes.slice(0, 41), small))).toThrow(Malformed)
    expect(() => parseProof(formatProof(5n, hashes, small))).toThrow(Malformed)
  })

  test('AHP-PROOF-4 the log and eight witnesses may sign, nine may not', () => {
    const log = signNote(logKey(origin), text)
    expect(
      parseProof(formatProof(5n, [], formatNote(text, [log, ...cosignatures.slice(0, 8)]))).checkpoint.note.signatures,
    ).toHaveLength(9)
    expect(() => parseProof(formatProof(5n, [], formatNote(text, [log, ...cosignatures])))).toThrow(Malformed)
  })

  test('AHP-PROOF-1 4,096 characters are read, 4,097 are not', () => {
    expect(padded(4096)).toHaveLength(4096)
    expect(parseProof(padded(4096)).index).toBe(5n)
    expect(() => parseProof(padded(4097))).toThrow(Malformed)
    // In a header it is base64url that counts: 3,072 bytes fill it, and each of the three dashes takes two bytes more than characters.
    const header = encodeBase64url(utf8(padded(3072 - 6)))
    expect(header).toHaveLength(4096)
    expect(decodeProofHeader(header).index).toBe(5n)
    expect(() => decodeProofHeader(encodeBase64url(utf8(padded(3073 - 6))))).toThrow(Malformed)
  })

  test('AHP-PROOF-1 an origin is text like any other, and its first character is part of it', () => {
    for (const first of ['\ufeff', 'ö', '\u{1f600}']) {
      const named = formatProof(5n, hashes.slice(0, 3), note.replace(origin, first + origin))
      expect(parseProof(named).checkpoint.origin).toBe(first + origin)
      expect(decodeProofHeader(encodeBase64url(utf8(named)))).toEqual(parseProof(named))
    }
    expect(outcome(() => parseProof(formatProof(5n, [], note.replace(origin, `\ud83d${origin}`))))).toBe(REFUSED)
  })

  test('AHP-PROOF-1 a proof that ends before its first signature is refused, wherever', () => {
    const unsigned = proof.slice(0, proof.indexOf('\u2014'))
    expect(accepted(Array.from(unsigned, (_, end) => unsigned.slice(0, end + 1)))).toEqual([])
  })

  test('AHP-PROOF-1 the header value is canonical base64url of UTF-8', () => {
    const header = encodeBase64url(utf8(proof))
    const bad = [
      `${header}=`,
      ` ${header}`,
      `${header}\n`,
      header.slice(0, -1),
      `+${header.slice(1)}`,
      encodeBase64url(new Uint8Array([0xff])),
    ]
    for (const value of bad) expect(() => decodeProofHeader(value)).toThrow(Malformed)
    expect(() => decodeProofHeader('')).toThrow(Malformed)
  })

  test('AHP-PROOF-1 a changed character either is refused or shows in what is read', () => {
    const replacements = constantFrom(' ', '\n', '=', 'A', '0', '+', '-', '\u2014', '\u0085', '\ud83d')
    assert(
      property(nat(proof.length - 1), replacements, (position, character) => {
        const changed = proof.slice(0, position) + character + proof.slice(position + 1)
        const parsed = outcome(() => parseProof(changed))
        const printed = parsed === REFUSED ? changed : formatProof(parsed.index, parsed.path, parsed.checkpoint.raw)
        expect(printed).toBe(changed)
      }),
      { numRuns: 2000 },
    )
  })
})
