import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeUtf8, fromHex, toHex, utf8 } from '../src/bytes.ts'
import {
  cosignatureMessage,
  formatCheckpointBody,
  parseCheckpoint,
  parseCosignature,
  verifyCheckpoint,
  verifyCosignature,
} from '../src/checkpoint.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { hashLeaf, hashNode, verifyConsistency, verifyInclusion } from '../src/merkle.ts'
import { formatNote, LOG_KEY_TYPE, noteKeyId, parseVkey, WITNESS_KEY_TYPE } from '../src/note.ts'
import { formatProof, parseProof } from '../src/tlog-proof.ts'
import { cosign, logKey, rootOf, signNote, witnessKey } from './log-keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const directory = process.env['VECTORS_DIR']
const crypto = defaultCrypto()

interface Worked {
  readonly origin: string
  readonly seeds: Readonly<Record<'log' | 'witness1' | 'witness2', string>>
  readonly vkeys: Readonly<Record<'log' | 'w1' | 'w2', string>>
  readonly log_key_id: { readonly preimage_hex: string; readonly key_id: string }
  readonly entries: readonly { readonly leaf_utf8: string; readonly leaf_hash: string }[]
  readonly node_0_1: string
  readonly roots: readonly string[]
  readonly checkpoints: readonly {
    readonly size: number
    readonly body: string
    readonly note: string
    readonly cosigned: string
    readonly cosig_message_w1: string
  }[]
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly proof: readonly string[] }[]
  readonly consistency: readonly { readonly from: number; readonly to: number; readonly proof: readonly string[] }[]
  readonly tlog_proofs: readonly string[]
}

const worked = (): Worked => JSON.parse(readFileSync(join(directory ?? '', 'ledger', 'own', 'worked.json'), 'utf8')) as Worked
const root = (vectors: Worked, size: number): Uint8Array => fromHex(vectors.roots[size] ?? '')

describe.skipIf(directory === undefined)('the worked example (skipped: VECTORS_DIR is not set)', () => {
  test('keys have their ids and texts', () => {
    const { origin, seeds, vkeys, log_key_id: id } = worked()
    const log = logKey(origin, fromHex(seeds.log))
    expect(log.vkey.text).toBe(vkeys.log)
    expect(witnessKey('witness1.example/w', fromHex(seeds.witness1)).vkey.text).toBe(vkeys.w1)
    expect(witnessKey('witness2.example/w', fromHex(seeds.witness2)).vkey.text).toBe(vkeys.w2)
    expect(toHex(crypto.sha256(fromHex(id.preimage_hex)).subarray(0, 4))).toBe(id.key_id)
    expect(noteKeyId(crypto, origin, LOG_KEY_TYPE, log.vkey.key)).toBe(Number.parseInt(id.key_id, 16))
  })

  test('leaves, nodes and roots hash to what is given', () => {
    const vectors = worked()
    const hashes = vectors.entries.map(({ leaf_utf8: leaf }) => hashLeaf(crypto, utf8(leaf)))
    expect(hashes.map(toHex)).toEqual(vectors.entries.map((entry) => entry.leaf_hash))
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = hashes
    expect(toHex(hashNode(crypto, first, second))).toBe(vectors.node_0_1)
    expect(vectors.roots.map((_, size) => toHex(rootOf(hashes.slice(0, size))))).toEqual(vectors.roots)
  })

  test('checkpoints and cosignatures are made byte for byte, and verify', () => {
    const vectors = worked()
    const log = logKey(vectors.origin, fromHex(vectors.seeds.log))
    const witnesses = [witnessKey('witness1.example/w', fromHex(vectors.seeds.witness1))]
    witnesses.push(witnessKey('witness2.example/w', fromHex(vectors.seeds.witness2)))
    for (const { size, body, note, cosigned, cosig_message_w1: message } of vectors.checkpoints) {
      expect(formatCheckpointBody(vectors.origin, BigInt(size), root(vectors, size))).toBe(body)
      expect(formatNote(body, [signNote(log, body)])).toBe(note)
      const checkpoint = parseCheckpoint(cosigned)
      expect(verifyCheckpoint(crypto, checkpoint, vectors.origin, log.vkey)).toBe('ok')
      const times = checkpoint.note.signatures.slice(1).map(({ signature }) => parseCosignature(signature).seconds)
      const lines = witnesses.map((witness, index) => cosign(witness, body, times[index] ?? 0n))
      expect(formatNote(body, [signNote(log, body), ...lines])).toBe(cosigned)
      expect(decodeUtf8(cosignatureMessage(times[0] ?? 0n, body))).toBe(message)
      for (const [index, { vkey }] of witnesses.entries()) {
        expect(verifyCosignature(crypto, checkpoint, vkey)).toEqual({ verdict: 'ok', seconds: times[index] })
      }
    }
  })

  test('inclusion and consistency proofs verify', () => {
    const vectors = worked()
    for (const { index, size, proof } of vectors.inclusion) {
      const leafHash = fromHex(vectors.entries[index]?.leaf_hash ?? '')
      const claim = { index: BigInt(index), size: BigInt(size), leafHash, path: proof.map(fromHex), root: root(vectors, size) }
      expect(verifyInclusion(crypto, claim)).toBe(true)
    }
    for (const { from, to, proof } of vectors.consistency) {
      const sizes = { size1: BigInt(from), size2: BigInt(to) }
      const claim = { ...sizes, root1: root(vectors, from), root2: root(vectors, to), path: proof.map(fromHex) }
      expect(verifyConsistency(crypto, claim)).toBe(true)
    }
  })

  test('proofs are refused with their extra line, and read and verify without it', () => {
    const vectors = worked()
    // The one deviation: nobody signs the extra line, and a proof here has one byte form, without it.
    const log = parseVkey(vectors.vkeys.log)
    for (const proof of vectors.tlog_proofs) {
      expect(outcome(() => parseProof(proof))).toBe(REFUSED)
      const plain = proof.replace(/\nextra .*\n/, '\n')
      const { index, path, checkpoint } = parseProof(plain)
      expect(formatProof(index, path, checkpoint.raw)).toBe(plain)
      expect(verifyCheckpoint(crypto, checkpoint, vectors.origin, log)).toBe('ok')
      const leafHash = fromHex(vectors.entries[Number(index)]?.leaf_hash ?? '')
      expect(verifyInclusion(crypto, { index, size: checkpoint.size, leafHash, path, root: checkpoint.root })).toBe(true)
    }
  })

  test('a key is of the type that its text says', () => {
    const { vkeys } = worked()
    expect([vkeys.log, vkeys.w1, vkeys.w2].map((vkey) => parseVkey(vkey).type)).toEqual([
      LOG_KEY_TYPE,
      WITNESS_KEY_TYPE,
      WITNESS_KEY_TYPE,
    ])
  })
})
