/** What the ledger step costs as a log grows: path hashes, and nothing else (spec chapter 5.3). @module */
import { createMockHarness, receivedFrom, type MemoryLog } from '@aiegis/testing'
import {
  defaultCrypto,
  formatProof,
  hashLeaf,
  hashNode,
  inclusionPath,
  rootOf,
  utf8,
  type CryptoPort,
  type NodeSource,
} from '@aiegis/protocol'
import { expect, test } from 'vitest'
import { signedHead } from '../../testing/src/memory-log.ts'
import { createVerifier } from '../src/verifier.ts'

const crypto = defaultCrypto()
const FILLER = hashLeaf(crypto, utf8('filler'))

/** A log of `size` leaves: all alike but the last, which is the decision. No tree is kept: equal subtrees are one. */
function hugeLog(harness: ReturnType<typeof createMockHarness>, size: number): MemoryLog {
  const equal: Uint8Array[] = [FILLER]
  const equalAt = (height: number): Uint8Array => (equal[height] ??= hashNode(crypto, equalAt(height - 1), equalAt(height - 1)))
  let last: Uint8Array = FILLER
  const node: NodeSource = (height, index) => {
    if ((index + 1) * 2 ** height < size) return equalAt(height)
    return height === 0 ? last : hashNode(crypto, node(height - 1, 2 * index), node(height - 1, 2 * index + 1))
  }
  const checkpoint: MemoryLog['checkpoint'] = (signer) =>
    signedHead(crypto, harness.log.origin, harness.keys.log, { size, root: rootOf(crypto, node, size) }, signer)
  return {
    ...harness.log,
    append(leaf) {
      last = hashLeaf(crypto, leaf)
      return size - 1
    },
    checkpoint,
    prove: (index, note = checkpoint()) => formatProof(BigInt(index), inclusionPath(crypto, node, index, size), note),
  }
}

/** SHA-256 computations for one request that is served, with a log of so many leaves. */
async function hashesAt(size: number): Promise<number> {
  let hashes = 0
  const counting: CryptoPort = {
    sha256(bytes) {
      hashes++
      return crypto.sha256(bytes)
    },
    verifyEd25519: (key, message, signature) => crypto.verifyEd25519(key, message, signature),
  }
  const harness = createMockHarness({ logSize: 1 })
  const verifier = createVerifier({ ...harness.receiver(), crypto: counting })
  await verifier.warm()
  harness.clock.advance(6)
  const request = harness.mint({}, { log: hugeLog(harness, size) })
  hashes = 0
  const { ledger } = await verifier.verify(receivedFrom(request))
  verifier.close()
  expect(ledger.size).toBe(BigInt(size))
  return hashes
}

test('AHP-PROOF-10 from 2^10 to 2^30 leaves a request costs at most 20 hashes more', async () => {
  // The name of the agent's key is computed once for all requests.
  await hashesAt(2)
  const [small, ...larger] = await Promise.all([2 ** 10, 2 ** 15, 2 ** 20, 2 ** 25, 2 ** 30].map(hashesAt))
  expect(larger.map((hashes) => hashes - (small ?? 0))).toEqual([5, 10, 15, 20])
})

test('AHP-PROOF-10 at any size up to there a request costs no more than at 2^30', async () => {
  const most = await hashesAt(2 ** 30)
  for (const size of [1, 2, 2 ** 10 + 1, 2 ** 20 - 1, 2 ** 29 + 12_345, 2 ** 30 - 1])
    expect(await hashesAt(size)).toBeLessThanOrEqual(most)
})
