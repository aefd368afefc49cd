import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkDid, didKeyUrl, formatDidKey, parseDidKey, parseDidUrl } from '../src/did.ts'
import { importEd25519 } from '../src/ed25519.ts'
import { Malformed } from '../src/refusal.ts'
import { smallOrderEncodings } from '../../../scripts/ed25519-cases.mjs'
import { testKey } from './keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const BASE58 = Array.from('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz')
const alice = formatDidKey(testKey('alice').key)

/** base58btc of any bytes, as the multibase specification says. */
function base58(bytes: Uint8Array): string {
  let rest = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let text = ''
  for (; rest > 0n; rest /= 58n) text = BASE58[Number(rest % 58n)] + text
  return '1'.repeat(bytes.findIndex((byte) => byte !== 0)) + text
}

describe('AHP-BYTES-22 did:key', () => {
  test('reads back every key it prints', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = outcome(() => importEd25519(bytes))
        fc.pre(key !== REFUSED)
        const did = formatDidKey(key)
        expect(did).toBe(`did:key:z${base58(Uint8Array.of(0xed, 0x01, ...bytes))}`)
        expect(parseDidKey(did).bytes).toEqual(bytes)
        expect(checkDid(did)).toBe(did)
      }),
    )
  })

  test('never becomes an identity that anybody can sign for', () => {
    for (const bytes of smallOrderEncodings()) {
      const did = `did:key:z${base58(Uint8Array.of(0xed, 0x01, ...bytes))}`
      expect(() => parseDidKey(did)).toThrow(Malformed)
      expect(() => checkDid(did)).toThrow(Malformed)
    }
  })

  test.each([
    ['another multicodec of the same length', `did:key:z${base58(Uint8Array.of(0xec, 0x01, ...testKey('alice').key.bytes))}`],
    ['the multicodec 0xed 0x02', `did:key:z${base58(Uint8Array.of(0xed, 0x02, ...testKey('alice').key.bytes))}`],
    ['a varint that is not minimal', `did:key:z${base58(Uint8Array.of(0xed, 0x81, 0x00, ...testKey('alice').key.bytes))}`],
    ['31 bytes', `did:key:z${base58(Uint8Array.of(0xed, 0x01, ...testKey('alice').key.bytes.subarray(1)))}`],
    ['33 bytes', `did:key:z${base58(Uint8Array.of(0xed, 0x01, ...testKey('alice').key.bytes, 1))}`],
    ['the largest number of 48 characters', `did:key:z6Mk${'z'.repeat(44)}`],
    ['the smallest number of 48 characters', `did:key:z6Mk${'1'.repeat(44)}`],
    ['a leading 1', alice.replace('z6Mk', 'z16Mk')],
    ['another multibase', alice.replace(':z', ':Z')],
    ['no multibase', alice.replace(':z', ':')],
    ['upper case', alice.replace('did:key', 'DID:KEY')],
    ['a fragment', `${alice}#${alice.slice(8)}`],
    ['a query', `${alice}?service=x`],
    ['a line end', `${alice}\n`],
    ['white space before', ` ${alice}`],
    ['the letter O', alice.slice(0, -1) + 'O'],
    ['a version', alice.replace('did:key:', 'did:key:1.1:')],
    ['two hundred thousand characters', `did:key:z6Mk${'a'.repeat(200_000)}`],
  ])('refuses %s', (_, did) => {
    expect(() => parseDidKey(did)).toThrow(Malformed)
    expect(() => checkDid(did)).toThrow(Malformed)
  })
})

describe('AHP-BYTES-23 did:web', () => {
  test.each([
    'did:web:harness.example',
    'did:web:identity.example:people:7f3a',
    'did:web:a.b.c.example%3A8443',
    'did:web:example.com%3A80:u',
    'did:web:example.com%3A65535',
    'did:web:localhost',
    'did:web:localhost%3A18081',
    'did:web:xn--bcher-kva.example',
    'did:web:example.xn--p1ai',
    'did:web:xn--a.example',
    'did:web:ab--cd.example',
    'did:web:example.com:user:-x:_y:v1.0',
    `did:web:example.com${':a'.repeat(8)}`,
    `did:web:example.com:${'a'.repeat(64)}`,
    `did:web:${'a'.repeat(63)}.example`,
  ])('takes %s', (did) => {
    expect(checkDid(did)).toBe(did)
  })

  test.each([
    ['upper case in the host', 'did:web:Harness.example'],
    ['upper case in the method', 'did:WEB:harness.example'],
    ['a host without a dot', 'did:web:harness'],
    ['a dot at the end', 'did:web:harness.example.'],
    ['a dot at the start', 'did:web:.example'],
    ['an empty label', 'did:web:a..example'],
    ['an IPv4 address', 'did:web:127.0.0.1'],
    ['an IPv4 address with a port', 'did:web:127.0.0.1%3A8443'],
    ['a number', 'did:web:2130706433'],
    ['a hexadecimal address', 'did:web:0x7f.1'],
    ['a hexadecimal last label', 'did:web:a.0x7f'],
    ['an IPv6 address', 'did:web:[::1]'],
    ['an escaped IPv6 address', 'did:web:%5B%3A%3A1%5D'],
    ['user information', 'did:web:aiegis.ie%40evil.example'],
    ['an escaped slash', 'did:web:example.com%2Fpath'],
    ['an escaped query', 'did:web:example.com%3Fx'],
    ['an escaped dot', 'did:web:example%2Ecom'],
    ['an escaped zero byte', 'did:web:example.com%00'],
    ['a lower-case escape', 'did:web:localhost%3a18081'],
    ['an open port', 'did:web:localhost:18081%3A'],
    ['port 443', 'did:web:example.com%3A443'],
    ['port 0', 'did:web:example.com%3A0'],
    ['port 65536', 'did:web:example.com%3A65536'],
    ['a port with a leading zero', 'did:web:example.com%3A08443'],
    ['an empty port', 'did:web:example.com%3A'],
    ['two ports', 'did:web:example.com%3A8443%3A1'],
    ['a dot segment', 'did:web:example.com:..:x'],
    ['a segment that begins with a dot', 'did:web:example.com:.well-known'],
    ['an empty segment', 'did:web:example.com::x'],
    ['a tilde, which no DID has', 'did:web:example.com:~user'],
    ['an empty last segment', 'did:web:example.com:'],
    ['an escape in a segment', 'did:web:example.com:a%2Bb'],
    ['nine segments', `did:web:example.com${':a'.repeat(9)}`],
    ['a segment of 65 characters', `did:web:example.com:${'a'.repeat(65)}`],
    ['a label of 64 characters', `did:web:${'a'.repeat(64)}.example`],
    ['a host of 254 characters', `did:web:${'a.'.repeat(125)}abcd`],
    ['a label that begins with a hyphen', 'did:web:-a.example'],
    ['a label that ends with a hyphen', 'did:web:a-.example'],
    ['an underscore in the host', 'did:web:a_b.example'],
    ['punycode of plain ASCII', 'did:web:xn--example-.com'],
    ['letters beyond ASCII', 'did:web:bücher.example'],
    ['a path', 'did:web:example.com/x'],
    ['a query', 'did:web:example.com?versionId=1'],
    ['a fragment', 'did:web:example.com#1'],
    ['a line end', 'did:web:example.com\n'],
    ['a parameter', 'did:web:example.com;a=b'],
    ['nothing', 'did:web:'],
    ['AHP-BYTES-21 another method', 'did:jwk:eyJ9'],
    ['a name of Object.prototype as method', 'did:constructor:x'],
    ['no DID', 'https://example.com'],
    ['the empty text', ''],
  ])('refuses %s', (_, did) => {
    expect(() => checkDid(did)).toThrow(Malformed)
  })

  test('AHP-BYTES-21 takes 512 characters and refuses 513', () => {
    const did = `did:web:${`${'a'.repeat(29)}.`.repeat(8)}example${`:${'b'.repeat(60)}`.repeat(4)}`
    const longest = did + ':' + 'c'.repeat(512 - did.length - 1)
    expect(longest).toHaveLength(512)
    expect(checkDid(longest)).toBe(longest)
    expect(() => checkDid(`${longest}c`)).toThrow(Malformed)
  })

  test('what it takes is the host and path of exactly one URL', () => {
    const label = fc.oneof(
      fc.constantFrom('a', 'xn--bcher-kva', 'a-b', '0x7f', '127', '-', ''),
      fc.stringMatching(/^[a-z0-9-]{1,8}$/),
    )
    const last = fc.constantFrom('com', 'example', 'xn--p1ai', '1', '0x1', 'c0', '')
    const port = fc.constantFrom('', '', '%3A1', '%3A80', '%3A443', '%3A65535', '%3A65536', '%3A01', ':80')
    const path = fc.array(fc.oneof(fc.constantFrom('.', '..', '%2e', '~', ''), fc.stringMatching(/^[A-Za-z0-9._~-]{1,8}$/)), {
      maxLength: 3,
    })
    fc.assert(
      fc.property(fc.array(label, { maxLength: 3 }), last, port, path, (labels, tld, number, segments) => {
        const host = [...labels, tld].join('.')
        const did = outcome(() => checkDid(`did:web:${[host + number, ...segments].join(':')}`))
        const url = `https://${host}${number.replace('%3A', ':')}/${segments.join('/')}`
        expect(did === REFUSED || new URL(url).href).toBe(did === REFUSED || url)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('AHP-BYTES-24 parseDidUrl', () => {
  test('splits at the only #', () => {
    expect(parseDidUrl('did:web:harness.example#key-1.a_B')).toEqual({ did: 'did:web:harness.example', fragment: 'key-1.a_B' })
    expect(didKeyUrl(alice)).toBe(`${alice}#${alice.slice(8)}`)
    expect(parseDidUrl(didKeyUrl(alice))).toEqual({ did: alice, fragment: alice.slice(8) })
  })

  test('takes a fragment of 128 characters and refuses 129', () => {
    expect(parseDidUrl(`${alice}#${'a'.repeat(128)}`).fragment).toHaveLength(128)
    expect(() => parseDidUrl(`${alice}#${'a'.repeat(129)}`)).toThrow(Malformed)
  })

  test.each([
    '#1',
    'did:web:harness.example',
    'did:web:harness.example#',
    'did:web:harness.example#a#b',
    'did:web:harness.example#a b',
  ])('refuses %s', (text) => {
    expect(() => parseDidUrl(text)).toThrow(Malformed)
  })

  test.each([
    'did:web:harness.example#%31',
    'did:web:harness.example/x#1',
    'did:web:harness.example?x#1',
    'did:web:Harness.example#1',
    'key-1#1',
  ])('refuses %s', (text) => {
    expect(() => parseDidUrl(text)).toThrow(Malformed)
  })

  test('only ever throws Malformed', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `did:web:${text}`),
          fc.string().map((text) => `did:key:z6Mk${text}`),
        ),
        (text) => {
          const found = outcome(() => parseDidUrl(text))
          expect(found === REFUSED || text === `${found.did}#${found.fragment}`).toBe(true)
        },
      ),
      { numRuns: 3000 },
    )
  })
})
