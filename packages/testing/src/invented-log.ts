/** A log that lies: it signs heads over trees that do not exist, and every proof leads to its head (spec chapter 5.5). @module */
import { formatProof, hashLeaf, hashNode, utf8, type CryptoPort, type SyncSigner } from '@aiegis/protocol'
import { createMemoryLog, signedHead, type MemoryLog } from './memory-log.ts'

/**
 * A log whose siblings are invented for each leaf: there is no tree behind its proofs, and its tiles are noise. `size` grows by one with each
 * leaf, from `filler`, so that no two heads have one size.
 */
export function createInventedLog(crypto: CryptoPort, origin: string, key: SyncSigner, filler: number): MemoryLog {
  let size = filler
  let path: readonly Uint8Array[] = []
  let root = noise(crypto, 'no leaf yet')

  const append = (leaf: Uint8Array): number => {
    const index = size
    size++
    // The last leaf has siblings on its left only, one for each complete subtree there.
    path = Array.from({ length: ones(index) }, (_, at) => noise(crypto, `sibling ${index} ${at}`))
    root = path.reduce((right, left) => hashNode(crypto, left, right), hashLeaf(crypto, leaf))
    return index
  }
  const checkpoint = (signer: SyncSigner = key): string => signedHead(crypto, origin, key, { size, root }, signer)

  return {
    origin,
    vkey: createMemoryLog(crypto, origin, key, 0).vkey,
    get size() {
      return size
    },
    append,
    root: () => root,
    path: () => path,
    checkpoint,
    tile(level, n, width) {
      const bytes = new Uint8Array(width * 32)
      for (let at = 0; at < width; at++) bytes.set(noise(crypto, `tile ${level} ${n} ${at}`), at * 32)
      return bytes
    },
    prove: (index, note = checkpoint()) => formatProof(BigInt(index), path, note),
  }
}

function ones(value: number): number {
  return value.toString(2).replaceAll('0', '').length
}

function noise(crypto: CryptoPort, name: string): Uint8Array {
  return crypto.sha256(utf8(name))
}
