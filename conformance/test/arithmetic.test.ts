/** The builder's own arithmetic against public vectors, the worked example of the specification, and our verifier (spec chapters 2 to 6). @module */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCrypto, importEd25519, verifyEd25519 } from '@aiegis/protocol'
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { base64, base64url, fromHex, hashOf, sha256, utf8 } from '../src/build/bytes.ts'
import { Changes } from '../src/build/changes.ts'
import { didKey, jwk, thumbprint } from '../src/build/did.ts'
import { integerOf, isKey, keyPairOf, L, sign, verify } from '../src/build/ed25519.ts'
import { canonical, isObject, parseJson, textOf, type Json, type JsonObject } from '../src/build/json.ts'
import { leafOf } from '../src/build/leaf.ts'
import { leafHash, rootOf, sides, treePath, treeRoot, verifyInclusion } from '../src/build/merkle.ts'
import { logBlob, LOG_TYPE, signatureLine, verifierKey } from '../src/build/note.ts'
import { keyOf } from '../src/build/parties.ts'
import { signed } from '../src/build/signatures.ts'

const directory = process.env['VECTORS_DIR']

describe.skipIf(directory === undefined)('public vectors (skipped: VECTORS_DIR is not set)', () => {
  test('151 signatures of Wycheproof have the verdict of their file, and ours', () => {
    const { testGroups } = vectors('wycheproof/ed25519_test.json') as {
      testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[]
    }
    const all = testGroups.flatMap(({ publicKey, tests }) => tests.map((item) => ({ ...item, key: fromHex(publicKey.pk) })))
    expect(all).toHaveLength(151)
    const verdicts = all.map(({ tcId, key, msg, sig }) => [tcId, verify(key, fromHex(msg), fromHex(sig))])
    expect(verdicts).toEqual(all.map(({ tcId, result }) => [tcId, result === 'valid']))
  })

  test('98 inclusion proofs have the verdict of their file', () => {
    const base = join(directory ?? '', 'merkle/inclusion')
    const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
    expect(files).toHaveLength(98)
    const verdicts = files.map((name) => {
      const text = readFileSync(join(base, name), 'utf8').replaceAll(/("\w+": )(-?\d+)/g, '$1"$2"')
      const item = JSON.parse(text) as {
        leafIdx: string
        treeSize: string
        root: string
        leafHash: string
        proof: string[] | null
        wantErr: boolean
      }
      const path = (item.proof ?? []).map(decoded)
      const all = [decoded(item.leafHash), decoded(item.root), ...path]
      const found =
        all.every(({ length }) => length === 32) &&
        verifyInclusion(decoded(item.leafHash), BigInt(item.leafIdx), BigInt(item.treeSize), path, decoded(item.root))
      return [name, found, !item.wantErr]
    })
    expect(verdicts.filter(([, found, wanted]) => found !== wanted)).toEqual([])
  })

  test('six documents have the canonical form of RFC 8785', () => {
    const names = ['arrays', 'french', 'structures', 'unicode', 'values', 'weird']
    const read = (folder: string, name: string): string =>
      readFileSync(join(directory ?? '', 'jcs', folder, `${name}.json`), 'utf8')
    expect(names.map((name) => canonical(JSON.parse(read('input', name)) as Json))).toEqual(
      names.map((name) => read('output', name)),
    )
  })
})

describe('the worked example of the specification', () => {
  const example = parseJson(readFileSync(new URL('../../spec/worked-example.json', import.meta.url), 'utf8'))
  const at = (path: string): Json =>
    path.split('.').reduce<Json>((value, name) => (isObject(value) ? (value[name] ?? null) : null), example)
  const text = (path: string): string => at(path) as string
  const key = (name: string): ReturnType<typeof keyPairOf> => keyPairOf(fromHex(text(`keys.${name}.seed`)))

  test('has the keys, DIDs, JWKs and thumbprints that the builder makes', () => {
    for (const name of ['harness', 'issuer', 'status', 'agent', 'worker', 'log']) {
      expect(jwk(key(name).publicKey)).toEqual(at(`keys.${name}.jwk`))
      expect(thumbprint(key(name).publicKey)).toBe(at(`keys.${name}.thumbprint`))
    }
    expect([didKey(key('agent').publicKey), didKey(key('worker').publicKey)]).toEqual([
      at('keys.agent.did'),
      at('keys.worker.did'),
    ])
    expect(verifierKey('ledger.example/aiegis/1', LOG_TYPE, key('log').publicKey)).toBe(at('log.vkey'))
  })

  test.each([
    ['token.text', 'harness'],
    ['passport.text', 'issuer'],
    ['statusList.text', 'status'],
    ['handOff.delegation.text', 'agent'],
  ])('has %s with the signature that the builder makes', (path, signer) => {
    const [header = '', payload = '', signature] = text(path).split('.')
    expect(base64url(sign(key(signer), utf8(`${header}.${payload}`)))).toBe(signature)
  })

  test('has the leaf that the builder makes of its token, of a hand-off too', () => {
    const leaf = (path: string): string =>
      canonical(leafOf(at(`${path}token.claims`) as JsonObject, text('keys.harness.kid'), text(`${path}token.text`)))
    expect(leaf('')).toBe(at('leaf.text'))
    expect(leaf('handOff.')).toBe(at('handOff.leaf.text'))
    expect(Buffer.from(leafHash(utf8(leaf('')))).toString('hex')).toBe(at('leaf.hash'))
  })

  test('has the tree, the checkpoint and the proof that the builder makes', () => {
    const leaves = (at('log.leaves') as string[]).map((leaf) => leafHash(utf8(leaf)))
    const index = leaves.findIndex((hash) => Buffer.from(hash).toString('hex') === at('leaf.hash'))
    expect(index).toBe(at('log.index'))
    expect(Buffer.from(treeRoot(leaves)).toString('hex')).toBe(at('log.root'))
    const origin = text('keys.log.kid')
    const head = `${origin}\n${leaves.length}\n${base64(treeRoot(leaves))}\n`
    const note = `${head}\n${signatureLine(origin, logBlob(origin, key('log'), head))}`
    expect(note).toBe(at('log.checkpoint'))
    const hashes = treePath(leaves, index).map((hash) => `${base64(hash)}\n`)
    expect(`c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.join('')}\n${note}`).toBe(at('log.proof'))
  })

  test('has the signature of possession that the builder makes', () => {
    expect(base64(sign(key('agent'), utf8(text('possession.base'))))).toBe(at('possession.signature'))
    expect(hashOf(text('request.content'))).toBe(at('token.claims.htd'))
    expect(hashOf(text('passport.text'))).toBe(at('token.claims.psp'))
  })
})

describe('trees', () => {
  const leaves = Array.from({ length: 33 }, (_, index) => leafHash(utf8(`leaf ${index}`)))

  test('have the roots and paths of RFC 9162 for every place of every size up to 33', () => {
    for (let size = 1; size <= leaves.length; size += 1) {
      const tree = leaves.slice(0, size)
      for (const [index, leaf] of tree.entries()) {
        const path = treePath(tree, index)
        expect(sides(BigInt(index), BigInt(size))).toHaveLength(path.length)
        expect(rootOf(leaf, BigInt(index), BigInt(size), path)).toEqual(treeRoot(tree))
        expect(verifyInclusion(leaf, BigInt(index), BigInt(size), path, treeRoot(tree))).toBe(true)
      }
    }
  })

  test('may be so large that nobody could build them', () => {
    const leaf = leafHash(utf8('leaf'))
    for (const [index, size] of [
      [2n ** 40n - 1n, 2n ** 40n],
      [0n, 2n ** 40n],
      [2n ** 62n, 2n ** 62n + 1n],
      [12345678901234567n, 98765432109876543n],
    ] as const) {
      const path = sides(index, size).map((side, step) => sha256(utf8(`${side} ${step}`)))
      const root = rootOf(leaf, index, size, path)
      expect(verifyInclusion(leaf, index, size, path, root)).toBe(true)
      expect(verifyInclusion(leaf, index, size, path.slice(1), root)).toBe(false)
      expect(verifyInclusion(leaf, index, size, [...path, leaf], root)).toBe(false)
    }
  })
})

describe('signatures at the edges', () => {
  const crypto = defaultCrypto()
  const message = utf8('message')
  const world = { seed: 'edges', url: new URL('http://127.0.0.1'), level: 'basic', hostUrl: null, skew: 5, now: () => 0 } as const
  const made = (label: string, edit?: string): Uint8Array =>
    signed(
      new Changes({ world, now: 0, scope: '', instance: '' }, edit === undefined ? [] : [{ at: 'x', op: 'edit', edit }]),
      'x',
      label,
      message,
    )

  test.each([
    ['agent', undefined, true],
    ['agent', 's-plus-l', false],
    ['agent', 'torsion', false],
    ['agent', 'r-identity', false],
    ['agent', 'r-order-8', false],
    ['agent-mixed', 'mixed-inside', true],
    ['agent-mixed', 'mixed-outside', false],
    ['agent-identity', undefined, false],
    ['agent-beyond-p', undefined, false],
  ] as const)('by %s, edited as %s, verify here as in our verifier: %s', (label, edit, wanted) => {
    const { publicKey } = keyOf('edges', label)
    expect(verify(publicKey, message, made(label, edit))).toBe(wanted)
    expect(isKey(publicKey)).toBe(!/identity|beyond/.test(label))
    expect(ours(publicKey, made(label, edit))).toBe(wanted)
    expect(careless(publicKey, made(label, edit)), 'a careless verifier would accept it').toBe(true)
  })

  /** As libraries do that reduce S, multiply with the cofactor and take every point. */
  function careless(publicKey: Uint8Array, signature: Uint8Array): boolean {
    const R = Point.fromBytes(signature.slice(0, 32), true)
    const A = Point.fromBytes(publicKey, true)
    const k = integerOf(sha512(Buffer.concat([signature.slice(0, 32), publicKey, message]))) % L
    const left = Point.BASE.multiply(integerOf(signature.slice(32)) % L, false)
    return left.subtract(A.multiply(k, false)).subtract(R).clearCofactor().is0()
  }

  function ours(publicKey: Uint8Array, signature: Uint8Array): unknown {
    try {
      return verifyEd25519(crypto, importEd25519(publicKey), message, signature)
    } catch {
      return false
    }
  }
})

test('a name that stands twice is found wherever it is', () => {
  for (const bad of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"a":1}}]',
    '{"__proto__":1}',
    '{"a":[1,{"x":"}","x":2}]}',
    '{',
    '{"a":01}',
  ]) {
    expect(() => parseJson(bad)).toThrow(SyntaxError)
  }
  expect(parseJson(' {"a" : [ {"a":"\\"{" } , {} , [ ] , -1.5e3 , null ] , "b":{"a":true}} ')).toEqual({
    a: [{ a: '"{' }, {}, [], -1500, null],
    b: { a: true },
  })
  expect(textOf({ a: 1 }, 'a')).toBe('')
})

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(join(directory ?? '', name), 'utf8'))
}

function decoded(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
