import { createHash } from 'node:crypto'
import { Point } from '@noble/ed25519'
import { describe, expect, test } from 'vitest'
import { ed25519Cases, nonCanonicalEncodings, smallOrderEncodings } from '../../../scripts/ed25519-cases.mjs'
import { concat } from '../src/bytes.ts'
import { nobleCrypto, nodeCrypto, webCrypto, type CryptoPort } from '../src/crypto.ts'
import { importEd25519, verifyEd25519, type Ed25519PublicKey } from '../src/ed25519.ts'
import { Malformed } from '../src/refusal.ts'
import { testKey } from './keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const cases = ed25519Cases()
const engines: readonly (readonly [string, CryptoPort | undefined])[] = [
  ['node:crypto', nodeCrypto()],
  ['WebCrypto', webCrypto()],
  ['portable JavaScript', nobleCrypto()],
]
const alice = testKey('alice')
const message = new TextEncoder().encode('pay 1 to bob')

const random = (name: string, length: number): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update(name).digest())

async function accepts(engine: CryptoPort, key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const imported = outcome(() => importEd25519(key))
  return imported !== REFUSED && verifyEd25519(engine, imported, text, signature)
}

describe.each(engines)('on %s', (_, found) => {
  const engine = found ?? nobleCrypto()

  test('the engine is there', () => {
    expect(found).toBeDefined()
  })

  test('AHP-BYTES-9 to AHP-BYTES-12: every generated case has the verdict of the strict rule', async () => {
    const wrong: string[] = []
    for (const { name, key, message: text, signature, valid } of cases) {
      if ((await accepts(engine, key, text, signature)) !== valid) wrong.push(name)
    }
    expect(wrong).toEqual([])
  })

  test('AHP-BYTES-10 the universal forgery, identity as key and as R with S = 0, signs nothing', async () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31))
    const forgery = concat([identity, new Uint8Array(32)])
    expect(await accepts(engine, identity, message, forgery)).toBe(false)
    expect(await accepts(engine, identity, new Uint8Array(0), forgery)).toBe(false)
  })

  test('AHP-BYTES-11 S + L is no second signature', async () => {
    const signature = alice.sign(message)
    expect(await accepts(engine, alice.key.bytes, message, signature)).toBe(true)
    const order = Point.CURVE().n
    const s = signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order
    const grown = Uint8Array.from({ length: 32 }, (__, index) => Number((s >> BigInt(8 * index)) & 255n))
    expect(await accepts(engine, alice.key.bytes, message, concat([signature.subarray(0, 32), grown]))).toBe(false)
  })
})

describe('the cases', () => {
  test('AHP-BYTES-12 hold the classes that engines are known to differ on', () => {
    expect(smallOrderEncodings()).toHaveLength(14)
    expect(nonCanonicalEncodings()).toHaveLength(38)
    expect(cases.filter(({ cofactored, valid }) => cofactored === true && !valid).length).toBeGreaterThan(500)
    expect(cases.filter(({ cofactored, valid }) => cofactored === true && valid).length).toBeGreaterThan(100)
    expect(cases.length).toBeGreaterThan(3500)
  })
})

describe('importEd25519', () => {
  test('AHP-BYTES-10 refuses every encoding of every point of small order, with either sign', () => {
    for (const bytes of smallOrderEncodings()) expect(() => importEd25519(bytes)).toThrow(Malformed)
  })

  test('AHP-BYTES-9 refuses every y from p on, and takes p − 3 with either sign', () => {
    for (const bytes of nonCanonicalEncodings()) expect(() => importEd25519(bytes)).toThrow(Malformed)
    for (const top of [0x7f, 0xff]) {
      const below = Uint8Array.of(0xea, ...new Uint8Array(30).fill(0xff), top)
      expect(importEd25519(below).bytes).toEqual(below)
    }
  })

  test('takes the neighbours of the points of small order', () => {
    const neighbours = smallOrderEncodings().flatMap((bytes) =>
      [1, 30].map((index) => Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 1 : byte))),
    )
    // Flipping a bit of a y that is not below p may give another one that is not: those are counted apart.
    expect(neighbours.filter((bytes) => outcome(() => importEd25519(bytes)) === REFUSED)).toEqual([])
  })

  test.each([0, 31, 33, 64])('AHP-BYTES-9 refuses %i bytes', (length) => {
    expect(() => importEd25519(new Uint8Array(length).fill(7))).toThrow(Malformed)
  })

  test('copies: writing to the argument afterwards changes nothing', () => {
    const bytes = alice.key.bytes.slice()
    const key = importEd25519(bytes)
    bytes.fill(1)
    expect(key.bytes).toEqual(alice.key.bytes)
  })

  test('takes a Buffer that is a view of a pool', () => {
    expect(importEd25519(Buffer.from(alice.key.bytes)).bytes).toEqual(alice.key.bytes)
  })
})

describe('verifyEd25519', () => {
  test('never reaches the engine with a key that importEd25519 did not check', () => {
    const forged = { bytes: Uint8Array.of(1, ...new Uint8Array(31)) } as Ed25519PublicKey
    expect(() => verifyEd25519(nobleCrypto(), forged, message, new Uint8Array(64))).toThrow(TypeError)
  })

  test('AHP-BYTES-11 never reaches the engine with R of small order, R not canonical or S ≥ L', () => {
    const greedy: CryptoPort = { ...nobleCrypto(), verifyEd25519: () => true }
    const good = alice.sign(message)
    const zero = new Uint8Array(32)
    expect(verifyEd25519(greedy, alice.key, message, good)).toBe(true)
    for (const r of [...smallOrderEncodings(), ...nonCanonicalEncodings()]) {
      expect(verifyEd25519(greedy, alice.key, message, concat([r, zero]))).toBe(false)
    }
    expect(verifyEd25519(greedy, alice.key, message, concat([good.subarray(0, 32), zero.map(() => 0xff)]))).toBe(false)
    for (const length of [0, 63, 65])
      expect(verifyEd25519(greedy, alice.key, message, new Uint8Array(length).fill(7))).toBe(false)
  })

  test('gives a plain boolean on the synchronous engines', () => {
    for (const engine of [nodeCrypto() ?? nobleCrypto(), nobleCrypto()]) {
      expect(verifyEd25519(engine, alice.key, message, alice.sign(message))).toBe(true)
    }
  })

  test('two engines agree on thousands of random signatures, keys and mutations', () => {
    const node = nodeCrypto() ?? nobleCrypto()
    for (let index = 0; index < 600; index++) {
      const key = outcome(() => importEd25519(random(`key ${index}`, 32)))
      const signature = random(`signature ${index}`, 64)
      signature[63] = 0
      const verdicts = [node, nobleCrypto()].map((engine) => key !== REFUSED && verifyEd25519(engine, key, message, signature))
      expect(verdicts).toEqual([false, false])
    }
  })
})
