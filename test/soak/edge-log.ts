/** A log that proves only its newest entry, and so keeps only the roots of its complete subtrees: for a million entries (RFC 9162 §2.1.3). @module */
import {
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
import type { MemoryLog } from '@aiegis/testing'

/** Creates an empty log; `path` and `prove` are for the newest entry and throw `RangeError` for any other. */
export function createEdgeLog(crypto: CryptoPort, origin: string, key: SyncSigner): MemoryLog {
  /** Roots of complete subtrees from the largest to the smallest, of the tree without the newest leaf. */
  let peaks: readonly { readonly height: number; readonly root: Uint8Array }[] = []
  let newest: Uint8Array | undefined
  let size = 0

  const append = (leaf: Uint8Array): number => {
    if (newest !== undefined) peaks = grown(peaks, newest)
    newest = hashLeaf(crypto, leaf)
    return size++
  }
  const grown = (before: typeof peaks, leaf: Uint8Array): typeof peaks => {
    const left = [...before]
    let added = { height: 0, root: leaf }
    for (let last = left.at(-1); last?.height === added.height; last = left.at(-1)) {
      left.pop()
      added = { height: added.height + 1, root: hashNode(crypto, last.root, added.root) }
    }
    return [...left, added]
  }
  const path = (index: number): readonly Uint8Array[] => {
    if (index !== size - 1) throw new RangeError('only the newest entry has a path')
    return peaks.map(({ root }) => root).toReversed()
  }
  const root = (): Uint8Array => {
    if (newest === undefined) throw new RangeError('the log is empty')
    return peaks.reduceRight((right, left) => hashNode(crypto, left.root, right), newest)
  }
  const checkpoint = (signer: SyncSigner = key): string => {
    const body = formatCheckpointBody(origin, BigInt(size), root())
    const id = noteKeyId(crypto, origin, LOG_KEY_TYPE, key.publicKey)
    return formatNote(body, [{ name: origin, id, signature: signer.sign(utf8(body)) }])
  }
  return {
    origin,
    vkey: formatVkey(origin, LOG_KEY_TYPE, key.publicKey, crypto),
    get size() {
      return size
    },
    append,
    root,
    path,
    checkpoint,
    tile: () => {
      throw new RangeError('no tile is kept')
    },
    prove: (index, note = checkpoint()) => formatProof(BigInt(index), path(index), note),
  }
}
