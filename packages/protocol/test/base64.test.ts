import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type * as Base64 from '../src/base64.ts'
import * as withBuffer from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { outcome, REFUSED } from './outcome.ts'

const URL_ALPHABET = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const bytesOfAnyLength = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 60, maxLength: 400 }))

describe.each(['with Buffer', 'without Buffer'])('%s', (kind) => {
  let base64: typeof Base64
  beforeAll(async () => {
    base64 = withBuffer
    if (kind === 'with Buffer') return
    vi.resetModules()
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    base64 = await import('../src/base64.ts')
  })
  afterAll(() => {
    vi.restoreAllMocks()
    vi.resetModules()
  })

  test('prints what Buffer prints and reads it back', () => {
    fc.assert(
      fc.property(bytesOfAnyLength, (bytes) => {
        expect(base64.encodeBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(base64.encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(base64.decodeBase64url(base64.encodeBase64url(bytes))).toEqual(bytes)
        expect(base64.decodeBase64(base64.encodeBase64(bytes))).toEqual(bytes)
      }),
    )
  })

  test('encodes the part of memory that a view shows, not all of it', () => {
    const view = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)
    expect(base64.encodeBase64url(view)).toBe('AgM')
  })

  test('gives a Uint8Array, never a Buffer, whatever the length', () => {
    for (const length of [0, 96, 100, 4000]) {
      expect(Object.getPrototypeOf(base64.decodeBase64url('A'.repeat(length)))).toBe(Uint8Array.prototype)
    }
  })

  test('AHP-BYTES-1 refuses 1 character left over, which is no whole byte', () => {
    for (const length of [1, 5, 97, 101]) expect(outcome(() => base64.decodeBase64url('A'.repeat(length)))).toBe(REFUSED)
  })

  test('AHP-BYTES-1 refuses every spelling with spare bits: 15 of 16 after one byte, 3 of 4 after two', () => {
    for (const prefix of ['', 'A'.repeat(100)]) {
      const accepted = (text: string): string[] =>
        URL_ALPHABET.filter((last) => outcome(() => base64.decodeBase64url(prefix + text + last)) !== REFUSED)
      expect(accepted('A')).toEqual(['A', 'Q', 'g', 'w'])
      expect(accepted('AA')).toEqual(Array.from('AEIMQUYcgkosw048'))
    }
  })

  test.each(['A===', 'QQ==', 'QUI=', 'Q Q', 'QQ\n', '\tQQ', 'Q+', 'Q/', 'Q.', 'Q%3D', 'QŁ', 'QUFB\u0000', '\ufeffQQ'])(
    'AHP-BYTES-1 refuses %j, short or long',
    (text) => {
      expect(outcome(() => base64.decodeBase64url(text))).toBe(REFUSED)
      expect(outcome(() => base64.decodeBase64url('AAAA'.repeat(30) + text))).toBe(REFUSED)
    },
  )

  test.each(['QQ', 'QQ=', 'QUI', 'QQ=Q', '=', '====', 'QUJD=', 'QR==', 'QUJ=', 'Q-==', 'QUJ_', ' QQ=', 'QQ==\n', 'QQ==QQ=='])(
    'AHP-BYTES-2 refuses %j',
    (text) => {
      expect(outcome(() => base64.decodeBase64(text))).toBe(REFUSED)
    },
  )

  test('AHP-BYTES-2 a part of text or of its ASCII is read as if it were cut out', () => {
    const around = fc.constantFrom('', '=', '==', 'QQ==', '\n')
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map(base64.encodeBase64),
      fc.string({ unit: fc.constantFrom('A', 'Q', '+', '=', '-', ' '), maxLength: 12 }),
    )
    fc.assert(
      fc.property(around, text, around, (before, part, after) => {
        const [start, end] = [before.length, before.length + part.length]
        const expected = outcome(() => base64.decodeBase64(part))
        const whole = before + part + after
        expect(outcome(() => base64.decodeBase64Part(whole, start, end))).toEqual(expected)
        expect(outcome(() => base64.decodeBase64Part(utf8(whole), start, end))).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test('AHP-BYTES-1 and AHP-BYTES-2: what it takes prints back to the same text; everything else is Malformed', () => {
    const character = fc.constantFrom(...URL_ALPHABET, '+', '/', '=', ' ', '\n', 'é', 'Ł', '\ud800')
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 130 }), (text) => {
        for (const [decode, encode] of [
          [base64.decodeBase64url, base64.encodeBase64url],
          [base64.decodeBase64, base64.encodeBase64],
        ] as const) {
          const bytes = outcome(() => decode(text))
          expect(bytes === REFUSED ? text : encode(bytes)).toBe(text)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
