import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../src/base64.ts'
import { decodeUtf8, fromHex, toHex } from '../src/bytes.ts'
import {
  formatCheckpointBody,
  parseCheckpoint,
  parseDecimal,
  parseHash,
  verifyCheckpoint,
  verifyCosignature,
} from '../src/checkpoint.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { importEd25519 } from '../src/ed25519.ts'
import { emptyRoot, hashLeaf, verifyConsistency } from '../src/merkle.ts'
import { formatNote, formatVkey, LOG_KEY_TYPE, parseVkey } from '../src/note.ts'
import { cosign, logKey, rootOf, signNote, witnessKey } from './log-keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const directory = process.env['VECTORS_DIR']
const crypto = defaultCrypto()

/** What this profile refuses although its source serves it, and why. */
const STRICTER = {
  'torchwood/add-checkpoint.json, second request':
    'its changed signature is no canonical base64: refused before it can be called invalid',
  'own/worked.json, tlog_proofs': 'each has an `extra` line, which nobody signs; a proof here has one byte form, without it',
}

const bytes = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(directory ?? '', 'ledger', ...path)))
const text = (...path: string[]): string => decodeUtf8(bytes(...path))

const splitTile = (tile: Uint8Array): Uint8Array[] =>
  Array.from({ length: tile.length / 32 }, (_, index) => tile.subarray(index * 32, index * 32 + 32))

/** Entries of a bundle: each after its length in two bytes. */
function splitBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let offset = 0; offset < bundle.length;) {
    const length = ((bundle[offset] ?? 0) << 8) | (bundle[offset + 1] ?? 0)
    entries.push(bundle.subarray(offset + 2, offset + 2 + length))
    offset += 2 + length
  }
  return entries
}

describe.skipIf(directory === undefined)('public log vectors (skipped: VECTORS_DIR is not set)', () => {
  test('tessera: 16 checkpoints of sizes 0 to 15 verify, and their tiles and bundles give their roots', () => {
    const vkey = parseVkey('example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx')
    for (let size = 0; size < 16; size++) {
      const checkpoint = parseCheckpoint(text('tessera-log', 'log', `checkpoint.${size}`))
      expect(checkpoint.size).toBe(BigInt(size))
      expect(verifyCheckpoint(crypto, checkpoint, 'example.com/log/testdata', vkey)).toBe('ok')
      expect(
        formatNote(formatCheckpointBody(checkpoint.origin, checkpoint.size, checkpoint.root), checkpoint.note.signatures),
      ).toBe(checkpoint.raw)
    }
    for (const width of readdirSync(join(directory ?? '', 'ledger', 'tessera-log', 'log', 'tile', '0', '000.p'))) {
      const hashes = splitTile(bytes('tessera-log', 'log', 'tile', '0', '000.p', width))
      const { root: top } = parseCheckpoint(text('tessera-log', 'log', `checkpoint.${width}`))
      expect(encodeBase64(rootOf(hashes))).toBe(encodeBase64(top))
      if (width === '1') continue
      const entries = splitBundle(bytes('tessera-log', 'log', 'tile', 'entries', '000.p', String(Math.min(9, hashes.length))))
      expect(entries.map((entry) => toHex(hashLeaf(crypto, entry)))).toEqual(hashes.slice(0, 9).map(toHex))
    }
    expect(text('tessera-log', 'log', 'checkpoint')).toBe(text('tessera-log', 'log', 'checkpoint.15'))
  })

  test('sunlight: cosigned checkpoints verify, beside a line of type 5 that is passed over, and a 300-leaf tree gives its root', () => {
    const log = '000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706'
    const cases = [
      ['witness', text('sunlight-skylight', 'witness', log, 'checkpoint'), 'witness.v0.json'],
      ['witness/mirror', text('sunlight-skylight', 'witness', 'mirror', log, 'checkpoint'), 'mirror.v0.json'],
      [
        'witness2',
        text('sunlight-skylight', 'witness2', '88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482', 'checkpoint'),
        'witness.v0.json',
      ],
    ] as const
    for (const [folder, note, file] of cases) {
      const description = JSON.parse(text('sunlight-skylight', folder, file)) as { verifier_keys: string[] }
      const witness = parseVkey(description.verifier_keys[0] ?? '')
      expect(verifyCosignature(crypto, parseCheckpoint(note), witness)).toEqual({ verdict: 'ok', seconds: 1_767_139_200n })
    }
    const tiles = join('sunlight-skylight', 'witness', 'mirror', log, 'tile')
    const full = splitTile(bytes(tiles, '0', '000'))
    const hashes = [...full, ...splitTile(bytes(tiles, '0', '001.p', '44'))]
    const { root: top, size } = parseCheckpoint(text('sunlight-skylight', 'witness', 'mirror', log, 'checkpoint'))
    expect(BigInt(hashes.length)).toBe(size)
    expect(encodeBase64(rootOf(hashes))).toBe(encodeBase64(top))
    expect(splitTile(bytes(tiles, '1', '000.p', '1')).map(toHex)).toEqual([toHex(rootOf(full))])
  })

  test('sunlight: the decoy files are no checkpoints', () => {
    for (const folder of ['witness', 'witness/mirror']) {
      expect(outcome(() => parseCheckpoint(text('sunlight-skylight', folder, 'checkpoint')))).toBe(REFUSED)
    }
  })

  test('sigsum: the deterministic checkpoint and cosignature are made byte for byte, and the bad lines do not verify', () => {
    const vectors = JSON.parse(text('sigsum-go', 'vectors.json')) as {
      ed25519_seed_hex: string
      checkpoint: string
      cosigned_body: string
      cosigner: string
      timestamp: number
      cosignature_line: string
      bad_lines: string[]
    }
    const seed = fromHex(vectors.ed25519_seed_hex)
    const { origin, note, raw } = parseCheckpoint(vectors.checkpoint)
    const log = logKey(origin, seed)
    expect(verifyCheckpoint(crypto, parseCheckpoint(raw), origin, log.vkey)).toBe('ok')
    expect(formatNote(note.text, [signNote(log, note.text)])).toBe(raw)

    const witness = witnessKey(vectors.cosigner, seed)
    const body = vectors.cosigned_body
    expect(formatNote(body, [cosign(witness, body, BigInt(vectors.timestamp))])).toBe(`${body}\n${vectors.cosignature_line}`)
    const verdicts = vectors.bad_lines.map((line) => {
      const parsed = outcome(() => parseCheckpoint(`${body}\n${line}`))
      return parsed === REFUSED ? 'refused' : verifyCosignature(crypto, parsed, witness.vkey)
    })
    // Another id; another name; two bytes too many.
    expect(verdicts).toEqual([{ verdict: 'unsigned' }, { verdict: 'unsigned' }, { verdict: 'bad' }])
  })

  test('torchwood: nine witness requests have their outcome', () => {
    const vectors = JSON.parse(text('torchwood', 'add-checkpoint.json')) as {
      log_pubkey_hex: string
      origin: string
      requests: { body: string; status: number }[]
    }
    const key = importEd25519(fromHex(vectors.log_pubkey_hex))
    const vkey = parseVkey(formatVkey(vectors.origin, LOG_KEY_TYPE, key, crypto))
    let known = { size: 0n, root: emptyRoot(crypto) }
    const statuses = vectors.requests.map(({ body }) => {
      const end = body.indexOf('\n\n')
      const [first = '', ...hashes] = body.slice(0, end).split('\n')
      const checkpoint = outcome(() => parseCheckpoint(body.slice(end + 2)))
      if (checkpoint === REFUSED) return STRICTER['torchwood/add-checkpoint.json, second request']
      const size1 = parseDecimal(first.replace('old ', ''))
      if (verifyCheckpoint(crypto, checkpoint, vectors.origin, vkey) !== 'ok') return 403
      if (size1 !== known.size) return 409
      const claim = { size1, size2: checkpoint.size, root1: known.root, root2: checkpoint.root, path: hashes.map(parseHash) }
      if (size1 > 0n && !verifyConsistency(crypto, claim)) return 422
      known = checkpoint
      return 200
    })
    const expected: (number | string)[] = vectors.requests.map(({ status }) => status)
    expect(expected[1]).toBe(403)
    expect(statuses).toEqual(expected.with(1, STRICTER['torchwood/add-checkpoint.json, second request']))
  })

  test('transparency-dev: the eight standard leaves have their hashes and roots', () => {
    const vectors = JSON.parse(text('merkle', 'testonly', 'tree8.json')) as {
      leaf_inputs_hex: string[]
      node_hashes_hex_level_order: string[]
      root_hashes_hex_sizes_1_to_8: string[]
    }
    const hashes = vectors.leaf_inputs_hex.map((leaf) => hashLeaf(crypto, fromHex(leaf)))
    expect(hashes.map(toHex)).toEqual(vectors.node_hashes_hex_level_order.slice(0, 8))
    const roots = hashes.map((_, index) => toHex(rootOf(hashes.slice(0, index + 1))))
    expect(roots).toEqual(vectors.root_hashes_hex_sizes_1_to_8)
  })
})
