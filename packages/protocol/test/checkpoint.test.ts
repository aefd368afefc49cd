import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import {
  cosignatureMessage,
  formatCheckpointBody,
  formatCosignature,
  parseCheckpoint,
  parseCosignature,
  parseDecimal,
  verifyCheckpoint,
  verifyCosignature,
} from '../src/checkpoint.ts'
import { defaultCrypto, webCrypto } from '../src/crypto.ts'
import { emptyRoot } from '../src/merkle.ts'
import { formatNote, formatVkey, LOG_KEY_TYPE, WITNESS_KEY_TYPE, type NoteSignature, type Vkey } from '../src/note.ts'
import { Malformed } from '../src/refusal.ts'
import { cosign, logKey, noteKey, signNote, witnessKey } from './log-keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const crypto = defaultCrypto()
const origin = 'ledger.example/aiegis/1'
const log = logKey(origin)
const witness = witnessKey('witness.example/w')
const root = crypto.sha256(utf8('root'))
const text = formatCheckpointBody(origin, 8n, root)
const line = signNote(log, text)
const good = parseCheckpoint(formatNote(text, [line]))

/** A checkpoint whose text is `content`, signed by the log. */
const signed = (content: string, ...more: NoteSignature[]): string => formatNote(content, [signNote(log, content), ...more])

/** The same bytes, said to be of another key. */
const relabel = (made: NoteSignature, vkey: Vkey): NoteSignature => ({ ...made, id: vkey.id })

/** The contents that are read although they should not be. */
function accepted(contents: readonly string[]): string[] {
  return contents.filter((content) => outcome(() => parseCheckpoint(signed(content))) !== REFUSED)
}

describe('the three lines', () => {
  test('origin, size and root are read, and print back to the same text', () => {
    expect(good).toMatchObject({ origin, size: 8n, root, raw: formatNote(text, [line]) })
    expect(formatCheckpointBody(good.origin, good.size, good.root)).toBe(text)
  })

  test('AHP-PROOF-2 a size has one decimal spelling', () => {
    const sizes = ['', '08', '+8', '-8', ' 8', '8 ', '0x8', '0o10', '1e3', '8.0', '8n', '1_0', '٨', '８', '9'.repeat(1000), '00']
    expect(accepted(sizes.map((size) => text.replace('\n8\n', `\n${size}\n`)))).toEqual([])
  })

  test('AHP-PROOF-2 2^53 + 1 and 2^63 − 1 survive exactly, 2^63 and 2^64 are refused', () => {
    for (const size of [2n ** 53n + 1n, 2n ** 63n - 1n]) {
      expect(parseCheckpoint(signed(formatCheckpointBody(origin, size, root))).size).toBe(size)
    }
    const over = [2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 64n + 8n].map((size) => text.replace('\n8\n', `\n${size}\n`))
    expect(accepted(over)).toEqual([])
    expect(() => formatCheckpointBody(origin, 2n ** 63n, root)).toThrow(RangeError)
    expect(() => formatCheckpointBody(origin, -1n, root)).toThrow(RangeError)
    expect(parseDecimal('0')).toBe(0n)
    expect(() => parseDecimal('')).toThrow(Malformed)
  })

  test('AHP-PROOF-3 a root is 32 bytes in one spelling', () => {
    const encoded = encodeBase64(root)
    const roots = [
      '',
      encodeBase64(root.slice(1)),
      encodeBase64(new Uint8Array(33)),
      encoded.slice(0, -1),
      `${encoded}=`,
      `${encoded} `,
      ` ${encoded}`,
      encoded.replace(/(.)=$/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`),
      `-${encoded.slice(1)}`,
      `_${encoded.slice(1)}`,
    ]
    expect(accepted(roots.map((other) => text.replace(encoded, other)))).toEqual([])
    expect(() => formatCheckpointBody(origin, 8n, root.slice(1))).toThrow(RangeError)
  })

  test('AHP-PROOF-2 the empty tree has one root', () => {
    const empty = formatCheckpointBody(origin, 0n, emptyRoot(crypto))
    expect(parseCheckpoint(signed(empty)).size).toBe(0n)
    expect(accepted([formatCheckpointBody(origin, 0n, root), formatCheckpointBody(origin, 0n, new Uint8Array(32))])).toEqual([])
  })

  test('AHP-PROOF-1 AHP-PROOF-5 extension lines, blank lines, missing lines and a missing origin are refused', () => {
    const bad = [
      `${text}x\n`,
      `${text}\n`,
      `\n${text}`,
      `${origin}\n8\n`,
      `${origin}\n`,
      '\n',
      text.replace(origin, ''),
      text.replace('\n8', '\n\n8'),
    ]
    expect(accepted(bad)).toEqual([])
    expect(() =>
      parseCheckpoint(
        formatNote(
          text,
          Array.from({ length: 3 }, (_, id) => ({ ...line, id })),
        ),
        { maxSignatures: 2 },
      ),
    ).toThrow(Malformed)
  })
})

describe('the signature of the log', () => {
  test('AHP-PROOF-8 is ok for exactly this origin and key', () => {
    expect(verifyCheckpoint(crypto, good, origin, log.vkey)).toBe('ok')
    for (const other of ['', `${origin}/`, `${origin}2`, origin.toUpperCase(), origin.slice(0, -1)]) {
      expect(verifyCheckpoint(crypto, good, other, log.vkey)).toBe('unsigned')
    }
  })

  test('the name of the key may differ from the origin, and then both are compared', () => {
    const key = logKey('key.example')
    const checkpoint = parseCheckpoint(formatNote(text, [signNote(key, text)]))
    expect(verifyCheckpoint(crypto, checkpoint, origin, key.vkey)).toBe('ok')
    expect(verifyCheckpoint(crypto, checkpoint, 'key.example', key.vkey)).toBe('unsigned')
  })

  test('AHP-PROOF-8 unknown keys are passed over, but are not enough', () => {
    const stranger = logKey('stranger.example')
    const both = parseCheckpoint(formatNote(text, [signNote(stranger, text), line]))
    expect(verifyCheckpoint(crypto, both, origin, log.vkey)).toBe('ok')
    expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(text, [signNote(stranger, text)])), origin, log.vkey)).toBe(
      'unsigned',
    )
  })

  test('another key of the same name is another key', () => {
    const impostor = logKey(origin, crypto.sha256(utf8('impostor')))
    const checkpoint = parseCheckpoint(formatNote(text, [signNote(impostor, text)]))
    expect(verifyCheckpoint(crypto, checkpoint, origin, log.vkey)).toBe('unsigned')
    // Under the id of the real key it is that key's bad signature.
    const collided = parseCheckpoint(formatNote(text, [{ ...signNote(impostor, text), id: log.vkey.id }]))
    expect(verifyCheckpoint(crypto, collided, origin, log.vkey)).toBe('bad')
  })

  test('AHP-PROOF-9 a known key with a bad signature rejects, whatever good signatures stand beside it, in any order', () => {
    const bad = { ...line, signature: signNote(log, `${text}x`).signature }
    const others = [cosign(witness, text, 1n), signNote(logKey('stranger.example'), text)]
    for (const lines of [[bad], [bad, ...others], [...others, bad], [others[0] ?? bad, bad]]) {
      expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(text, lines)), origin, log.vkey)).toBe('bad')
    }
  })

  test('every changed line of the text and every bent bit of the signature is bad', () => {
    const edits = [text.replace('\n8\n', '\n9\n'), text.replace(encodeBase64(root), encodeBase64(crypto.sha256(root)))]
    for (const edit of edits) {
      expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(edit, [line])), origin, log.vkey)).toBe('bad')
    }
    for (let bit = 0; bit < 512; bit += 37) {
      const signature = line.signature.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(text, [{ ...line, signature }])), origin, log.vkey)).toBe('bad')
    }
    for (const signature of [line.signature.slice(1), new Uint8Array([...line.signature, 0]), new Uint8Array(64)]) {
      expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(text, [{ ...line, signature }])), origin, log.vkey)).toBe('bad')
    }
  })

  test('the key of a witness is no key of a log', () => {
    expect(() => verifyCheckpoint(crypto, good, origin, witness.vkey)).toThrow(TypeError)
    expect(() => verifyCosignature(crypto, good, log.vkey)).toThrow(TypeError)
  })

  test('an engine that answers later gives the same verdicts', async () => {
    const later = webCrypto() ?? crypto
    expect(await verifyCheckpoint(later, good, origin, log.vkey)).toBe('ok')
    const bad = parseCheckpoint(formatNote(text.replace('\n8\n', '\n7\n'), [line]))
    expect(await verifyCheckpoint(later, bad, origin, log.vkey)).toBe('bad')
    const cosigned = parseCheckpoint(signed(text, cosign(witness, text, 5n)))
    expect(await verifyCosignature(later, cosigned, witness.vkey)).toEqual({ verdict: 'ok', seconds: 5n })
  })
})

describe('cosignatures', () => {
  const now = 1_795_212_000n
  const checkpoint = parseCheckpoint(signed(text, cosign(witness, text, now)))

  test('AHP-PROOF-12 say when the witness signed', () => {
    expect(verifyCosignature(crypto, checkpoint, witness.vkey)).toEqual({ verdict: 'ok', seconds: now })
    expect(verifyCosignature(crypto, good, witness.vkey)).toEqual({ verdict: 'unsigned' })
    expect(new TextDecoder().decode(cosignatureMessage(7n, text))).toBe(`cosignature/v1\ntime 7\n${text}`)
  })

  test('are bad for another time, text or byte order', () => {
    const made = cosign(witness, text, now)
    const { signature } = parseCosignature(made.signature)
    const reversed = new Uint8Array([...made.signature.slice(0, 8).toReversed(), ...signature])
    const blobs = [formatCosignature(now + 1n, signature), formatCosignature(0n, signature), reversed, made.signature.slice(8)]
    blobs.push(made.signature.slice(0, 71), new Uint8Array([...made.signature, 0]), cosign(witness, `${text}x`, now).signature)
    for (const blob of blobs) {
      const other = parseCheckpoint(signed(text, { ...made, signature: blob }))
      expect(verifyCosignature(crypto, other, witness.vkey)).toEqual({ verdict: 'bad' })
    }
  })

  test('have a time up to 2^63 − 1', () => {
    const last = 2n ** 63n - 1n
    expect(parseCosignature(cosign(witness, text, last).signature).seconds).toBe(last)
    const over = new Uint8Array(72).fill(0xff)
    expect(() => parseCosignature(over)).toThrow(Malformed)
    expect(() => parseCosignature(over.slice(1))).toThrow(Malformed)
    expect(() => formatCosignature(last + 1n, new Uint8Array(64))).toThrow(RangeError)
    expect(() => formatCosignature(-1n, new Uint8Array(64))).toThrow(RangeError)
    const note = parseCheckpoint(signed(text, { name: witness.vkey.name, id: witness.vkey.id, signature: over }))
    expect(verifyCosignature(crypto, note, witness.vkey)).toEqual({ verdict: 'bad' })
  })

  test('a log signature does not pass as a cosignature, nor the reverse, even of one and the same key', () => {
    const seed = crypto.sha256(utf8('one key'))
    const asLog = noteKey(origin, LOG_KEY_TYPE, seed)
    const asWitness = noteKey(origin, WITNESS_KEY_TYPE, seed)
    expect(asLog.vkey.id).not.toBe(asWitness.vkey.id)
    const posing = parseCheckpoint(formatNote(text, [relabel(signNote(asLog, text), asWitness.vkey)]))
    expect(verifyCosignature(crypto, posing, asWitness.vkey)).toEqual({ verdict: 'bad' })
    const cosigned = cosign(asWitness, text, now)
    const reverse = parseCheckpoint(formatNote(text, [relabel(cosigned, asLog.vkey)]))
    expect(verifyCheckpoint(crypto, reverse, origin, asLog.vkey)).toBe('bad')
    const stripped = { ...relabel(cosigned, asLog.vkey), signature: cosigned.signature.slice(8) }
    expect(verifyCheckpoint(crypto, parseCheckpoint(formatNote(text, [stripped])), origin, asLog.vkey)).toBe('bad')
  })

  test('one key under two names makes two lines, so that a quorum has to count keys', () => {
    const seed = crypto.sha256(utf8('one key'))
    const [one, two] = [witnessKey('one.example', seed), witnessKey('two.example', seed)]
    expect(one.vkey.key.bytes).toEqual(two.vkey.key.bytes)
    const both = parseCheckpoint(signed(text, cosign(one, text, now), cosign(two, text, now)))
    expect(verifyCosignature(crypto, both, one.vkey)).toEqual({ verdict: 'ok', seconds: now })
    expect(verifyCosignature(crypto, both, two.vkey)).toEqual({ verdict: 'ok', seconds: now })
    expect(formatVkey('one.example', WITNESS_KEY_TYPE, one.vkey.key, crypto)).toBe(one.vkey.text)
  })
})
