/** A real Merkle log in memory: RFC 6962 tree, signed checkpoints, tlog-proofs; nothing in it is made up (spec chapters 5 and 17). @module */
import {
  concat,
  formatCheckpointBody,
  formatNote,
  formatProof,
  formatVkey,
  hashLeaf,
  hashNode,
  inclusionPath,
  LOG_KEY_TYPE,
  noteKeyId,
  rootOf,
  TILE_HEIGHT,
  TILE_WIDTH,
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
  /** The first `width` hashes of tile `n` at `level`, as they are served. Throws `RangeError` for hashes that are not there. */
  tile(level: number, n: bigint, width: number): Uint8Array
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
  const size = (): number => levelAt(0).length
  const root = (): Uint8Array => rootOf(crypto, nodeAt, size())
  const checkpoint = (signer: SyncSigner = key): string => signedHead(crypto, origin, key, { size: size(), root: root() }, signer)

  for (let filled = 0; filled < filler; filled++) append(utf8(`filler ${filled}`))
  return {
    origin,
    vkey: formatVkey(origin, LOG_KEY_TYPE, key.publicKey, crypto),
    get size() {
      return size()
    },
    append,
    root,
    path: (index) => inclusionPath(crypto, nodeAt, index, size()),
    checkpoint,
    tile: (level, n, width) => {
      const first = Number(n) * TILE_WIDTH
      return concat(Array.from({ length: width }, (_, at) => nodeAt(TILE_HEIGHT * level, first + at)))
    },
    prove: (index, note = checkpoint()) => formatProof(BigInt(index), inclusionPath(crypto, nodeAt, index, size()), note),
  }
}

/** A checkpoint with the line of `key`; the signature is by `signer`, another one than its own makes it wrong. */
export function signedHead(
  crypto: CryptoPort,
  origin: string,
  key: SyncSigner,
  head: { readonly size: number; readonly root: Uint8Array },
  signer: SyncSigner = key,
): string {
  const body = formatCheckpointBody(origin, BigInt(head.size), head.root)
  const id = noteKeyId(crypto, origin, LOG_KEY_TYPE, key.publicKey)
  return formatNote(body, [{ name: origin, id, signature: signer.sign(utf8(body)) }])
}
