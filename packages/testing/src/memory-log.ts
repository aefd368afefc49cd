/** A real Merkle log in memory: RFC 6962 tree, signed checkpoints, tlog-proofs; nothing in it is made up (spec chapters 5 and 17). @module */
import {
  emptyRoot,
  formatCheckpointBody,
  formatNote,
  formatProof,
  formatVkey,
  hashLeaf,
  hashNode,
  LOG_KEY_TYPE,
  noteKeyId,
  utf8,
  type CryptoPort,
  type SyncSigner,
} from '@aiegis/protocol'

/** Appends leaves and proves them. */
export interface MemoryLog {
  readonly origin: string
  readonly vkey: string
  readonly size: number
  /** Returns the index of the leaf. */
  append(leaf: Uint8Array): number
  root(): Uint8Array
  /** Sibling hashes from leaf to root of the present tree. */
  path(index: number): readonly Uint8Array[]
  /** The signed tree head of the present tree, by the log's key or another. */
  checkpoint(signer?: SyncSigner): string
  /** The tlog-proof text of one entry under the present tree. */
  prove(index: number, checkpoint?: string): string
}

/** A log that starts with `filler` leaves, so that paths have a realistic length. */
export function createMemoryLog(crypto: CryptoPort, origin: string, key: SyncSigner, filler: number): MemoryLog {
  /** `levels[k][i]`: root of the i-th complete subtree of 2^k leaves. */
  const levels: Uint8Array[][] = [[]]

  const append = (leaf: Uint8Array): number => {
    const index = levelAt(0).push(hashLeaf(crypto, leaf)) - 1
    for (let level = 0, at = index; at % 2 === 1; level++, at = (at - 1) / 2) {
      levelAt(level + 1).push(hashNode(crypto, nodeAt(level, at - 1), nodeAt(level, at)))
    }
    return index
  }
  const levelAt = (level: number): Uint8Array[] => (levels[level] ??= [])
  const nodeAt = (level: number, index: number): Uint8Array => {
    const node = levels[level]?.[index]
    if (node === undefined) throw new RangeError(`no node ${index} at level ${level}`)
    return node
  }
  /** RFC 9162 §2.1.1: MTH of the leaves from `start` to `end`. */
  const hashRange = (start: number, end: number): Uint8Array => {
    const size = end - start
    const split = largestPowerBelow(size)
    if (size === 1 || (split * 2 === size && start % size === 0)) return nodeAt(Math.log2(size), start / size)
    return hashNode(crypto, hashRange(start, start + split), hashRange(start + split, end))
  }
  /** RFC 9162 §2.1.3.1. */
  const pathIn = (index: number, start: number, end: number): readonly Uint8Array[] => {
    if (end - start === 1) return []
    const split = start + largestPowerBelow(end - start)
    return index < split
      ? [...pathIn(index, start, split), hashRange(split, end)]
      : [...pathIn(index, split, end), hashRange(start, split)]
  }
  const size = (): number => levelAt(0).length
  const root = (): Uint8Array => (size() === 0 ? emptyRoot(crypto) : hashRange(0, size()))
  const checkpoint = (signer: SyncSigner = key): string => {
    const body = formatCheckpointBody(origin, BigInt(size()), root())
    const id = noteKeyId(crypto, origin, LOG_KEY_TYPE, key.publicKey)
    return formatNote(body, [{ name: origin, id, signature: signer.sign(utf8(body)) }])
  }

  for (let filled = 0; filled < filler; filled++) append(utf8(`filler ${filled}`))
  return {
    origin,
    vkey: formatVkey(origin, LOG_KEY_TYPE, key.publicKey, crypto),
    get size() {
      return size()
    },
    append,
    root,
    path: (index) => pathIn(index, 0, size()),
    checkpoint,
    prove: (index, note = checkpoint()) => formatProof(BigInt(index), pathIn(index, 0, size()), note),
  }
}

/** The largest power of two below `size`; 1 for sizes up to two. */
function largestPowerBelow(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}
