import { createHash } from 'node:crypto'
import * as nodeModule from 'node:crypto'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { encodeBase64url } from '../src/base64.ts'
import { defaultCrypto, hashInto, nobleCrypto, nodeCrypto, webCrypto } from '../src/crypto.ts'
import { testKey } from './keys.ts'

const alice = testKey('alice')
const bob = testKey('bob')
const message = new TextEncoder().encode('hello')

/** Bytes of a key that is no point of the curve: y = 2. */
const noPoint = Uint8Array.of(2, ...new Uint8Array(31))

const failing = (name: string): object => ({
  subtle: { importKey: () => Promise.reject(new DOMException('no', name)), verify: () => Promise.resolve(true) },
})

const hashWithoutBinary = (algorithm: string, data: Uint8Array, encoding: 'hex' | 'binary'): string =>
  encoding === 'binary' ? 'x'.repeat(32) : nodeModule.hash(algorithm, data, encoding)

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('sha256', () => {
  test('every engine gives the 32 bytes that node:crypto gives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const expected = new Uint8Array(createHash('sha256').update(bytes).digest())
        for (const engine of [nodeCrypto(), webCrypto(), nobleCrypto()]) expect(engine?.sha256(bytes)).toEqual(expected)
      }),
    )
  })

  test('hashes the part of memory that a view shows', () => {
    const view = Uint8Array.of(9, 1, 2, 9).subarray(1, 3)
    for (const engine of [nodeCrypto(), nobleCrypto()]) expect(engine?.sha256(view)).toEqual(engine?.sha256(Uint8Array.of(1, 2)))
  })

  test('a digest is written where it belongs and nowhere else, also into the memory that is hashed', () => {
    for (const engine of [defaultCrypto(), nobleCrypto()]) {
      const memory = new Uint8Array(70).fill(7)
      const digest = engine.sha256(memory)
      hashInto(engine, memory, memory, 33)
      expect(memory.subarray(33, 65)).toEqual(digest)
      expect(memory.subarray(0, 33)).toEqual(new Uint8Array(33).fill(7))
      expect(memory.subarray(65)).toEqual(new Uint8Array(5).fill(7))
    }
  })

  test('falls back to createHash where one-shot hashing is missing', () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ ...nodeModule, hash: undefined })
    expect(nodeCrypto()?.sha256(message)).toEqual(nobleCrypto().sha256(message))
  })
})

describe('verifyEd25519 of the engines', () => {
  test.each([
    ['node:crypto', nodeCrypto()],
    ['WebCrypto', webCrypto()],
    ['portable JavaScript', nobleCrypto()],
  ])('%s is false, not an error, for a key that is no point and for another message', async (_, engine) => {
    const signature = alice.sign(message)
    expect(await engine?.verifyEd25519(alice.key.bytes, message, signature)).toBe(true)
    expect(await engine?.verifyEd25519(noPoint, message, signature)).toBe(false)
    expect(await engine?.verifyEd25519(bob.key.bytes, message, signature)).toBe(false)
    expect(await engine?.verifyEd25519(alice.key.bytes, new Uint8Array(0), signature)).toBe(false)
  })

  test.each([
    ['node:crypto', nodeCrypto()],
    ['WebCrypto', webCrypto()],
  ])('%s imports again when the caller rewrites the array of a key it has seen', async (_, engine) => {
    const bytes = alice.key.bytes.slice()
    const signature = alice.sign(message)
    expect(await engine?.verifyEd25519(bytes, message, signature)).toBe(true)
    bytes.set(bob.key.bytes)
    expect(await engine?.verifyEd25519(bytes, message, signature)).toBe(false)
    expect(await engine?.verifyEd25519(bytes, message, bob.sign(message))).toBe(true)
  })

  test('WebCrypto reads its arguments before it waits', async () => {
    const text = message.slice()
    const signature = alice.sign(message)
    const verdict = webCrypto()?.verifyEd25519(alice.key.bytes.slice(), text, signature)
    text.fill(0)
    signature.fill(0)
    expect(await verdict).toBe(true)
  })

  test('portable JavaScript takes no S ≥ L and no other length, even when nothing was checked before', () => {
    const engine = nobleCrypto()
    const signature = alice.sign(message)
    expect(
      engine.verifyEd25519(
        alice.key.bytes,
        message,
        signature.map((byte, at) => (at > 31 ? 0xff : byte)),
      ),
    ).toBe(false)
    expect(engine.verifyEd25519(alice.key.bytes, message, signature.subarray(0, 40))).toBe(false)
    expect(engine.verifyEd25519(alice.key.bytes, message, Uint8Array.of(...signature, 0))).toBe(false)
    expect(engine.verifyEd25519(alice.key.bytes.subarray(1), message, signature)).toBe(false)
  })
})

test('a node:crypto that already refuses to import a key that is no point gives false as well', () => {
  const importing = (options: Parameters<typeof nodeModule.createPublicKey>[0]): object => {
    if (JSON.stringify(options).includes(encodeBase64url(noPoint))) throw new Error('cannot decompress')
    return nodeModule.createPublicKey(options)
  }
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ ...nodeModule, createPublicKey: importing })
  const engine = nodeCrypto()
  expect(engine?.verifyEd25519(noPoint, message, alice.sign(message))).toBe(false)
  expect(engine?.verifyEd25519(alice.key.bytes, message, alice.sign(message))).toBe(true)
})

describe('which engine is chosen', () => {
  test('node:crypto where it is', () => {
    expect(defaultCrypto().verifyEd25519(alice.key.bytes, message, alice.sign(message))).toBe(true)
    expect(defaultCrypto()).toBe(defaultCrypto())
  })

  test.each<[string, object | undefined]>([
    ['no node:crypto', undefined],
    ['a node:crypto without the functions', {}],
    ['a node:crypto that verifies nothing', { ...nodeModule, verify: () => false }],
    ['a node:crypto that accepts everything', { ...nodeModule, verify: () => true }],
    ['a node:crypto that answers with a promise', { ...nodeModule, verify: async () => true }],
    ['a node:crypto that hashes wrongly', { ...nodeModule, hash: () => 'x'.repeat(32) }],
    ['a node:crypto that knows no binary strings', { ...nodeModule, hash: hashWithoutBinary }],
    [
      'a node:crypto that has no Ed25519',
      {
        ...nodeModule,
        createPublicKey: () => {
          throw new Error('unsupported')
        },
      },
    ],
  ])('WebCrypto with %s', async (_, module) => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(module)
    vi.resetModules()
    const fresh = await import('../src/crypto.ts')
    expect(fresh.nodeCrypto()).toBeUndefined()
    const verdict = fresh.defaultCrypto().verifyEd25519(alice.key.bytes, message, alice.sign(message))
    expect(verdict).toBeInstanceOf(Promise)
    expect(await verdict).toBe(true)
  })

  test('portable JavaScript without both', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    vi.stubGlobal('crypto', undefined)
    vi.resetModules()
    const fresh = await import('../src/crypto.ts')
    expect(fresh.webCrypto()).toBeUndefined()
    expect(fresh.defaultCrypto().verifyEd25519(alice.key.bytes, message, alice.sign(message))).toBe(true)
  })

  test('portable JavaScript inside a WebCrypto that does not know Ed25519; a key that is no point is false; other failures rise', async () => {
    vi.stubGlobal('crypto', failing('NotSupportedError'))
    expect(await webCrypto()?.verifyEd25519(alice.key.bytes, message, alice.sign(message))).toBe(true)
    expect(await webCrypto()?.verifyEd25519(alice.key.bytes, message, bob.sign(message))).toBe(false)
    vi.stubGlobal('crypto', failing('DataError'))
    expect(await webCrypto()?.verifyEd25519(noPoint, message, alice.sign(message))).toBe(false)
    vi.stubGlobal('crypto', failing('OperationError'))
    await expect(webCrypto()?.verifyEd25519(alice.key.bytes, message, alice.sign(message))).rejects.toThrow('no')
  })
})
