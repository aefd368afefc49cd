import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { didWebHost, didWebUrl } from '../src/did-web.ts'
import { formatDidKey } from '../src/did.ts'
import { Malformed } from '../src/refusal.ts'
import { testKey } from './keys.ts'
import { outcome, REFUSED } from './outcome.ts'

test.each([
  ['did:web:harness.example', 'harness.example', '/.well-known/did.json'],
  ['did:web:harness.example%3A8443', 'harness.example:8443', '/.well-known/did.json'],
  ['did:web:harness.example%3A80:u', 'harness.example:80', '/u/did.json'],
  ['did:web:localhost%3A18081:issuer', 'localhost:18081', '/issuer/did.json'],
  ['did:web:identity.example:people:7f3a', 'identity.example', '/people/7f3a/did.json'],
  ['did:web:identity.example:_:a.b:-_', 'identity.example', '/_/a.b/-_/did.json'],
])('AHP-BYTES-25 the document of %s is at one URL', (did, host, path) => {
  expect(didWebUrl(did)).toBe(`https://${host}${path}`)
  expect(didWebHost(did)).toBe(host)
  expect(new URL(didWebUrl(did)).href).toBe(didWebUrl(did))
})

test.each([
  ['a did:key', formatDidKey(testKey('alice').key)],
  ['an address', 'did:web:127.0.0.1'],
  ['user information', 'did:web:harness.example%40evil.example'],
  ['a dot segment', 'did:web:harness.example:..:x'],
  ['a DID URL', 'did:web:harness.example#1'],
  ['the default port', 'did:web:harness.example%3A443'],
])('AHP-BYTES-25 there is no URL for %s', (_, did) => {
  expect(() => didWebUrl(did)).toThrow(Malformed)
  expect(() => didWebHost(did)).toThrow(Malformed)
})

test('AHP-BYTES-25 a URL leads back to its DID, and nothing but Malformed is thrown', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^[a-z.]{1,6}\.example(%3A[0-9]{1,5})?(:[A-Za-z._]{1,4}){0,3}$/)),
      (text) => {
        const did = `did:web:${text}`
        const url = outcome(() => didWebUrl(did))
        if (url === REFUSED) return
        const { host, pathname, protocol, search, hash, username, password } = new URL(url)
        expect([protocol, search, hash, username, password]).toEqual(['https:', '', '', '', ''])
        const segments = pathname
          .replace(/\/did\.json$/, '')
          .split('/')
          .slice(1)
        const path = segments.join() === '.well-known' ? [] : segments
        expect(['did:web', host.replace(':', '%3A'), ...path].join(':')).toBe(did)
      },
    ),
    { numRuns: 3000 },
  )
})
