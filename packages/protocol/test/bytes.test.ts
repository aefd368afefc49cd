import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { concat, decodeUtf8, equal, fromHex, isWellFormed, toHex, utf8 } from '../src/bytes.ts'
import { Malformed } from '../src/refusal.ts'
import { outcome, REFUSED } from './outcome.ts'

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('utf8', () => {
  test('agrees with TextEncoder on well-formed text of every length', () => {
    const long = fc.string({ unit: 'grapheme', minLength: 90, maxLength: 200 })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), long), (text) => {
        fc.pre(isWellFormed(text))
        expect(utf8(text)).toEqual(new TextEncoder().encode(text))
      }),
    )
  })

  test('gives a Uint8Array, never a Buffer, whatever the length', () => {
    for (const length of [0, 1, 95, 96, 97, 5000]) {
      const bytes = utf8('x'.repeat(length))
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(bytes).toHaveLength(length)
    }
  })

  test.each(['\ud800', 'a\udc00b', `${'x'.repeat(200)}\ud83d`, '\udc00\ud800'])('refuses a lone surrogate: %j', (text) => {
    expect(() => utf8(text)).toThrow(Malformed)
  })

  test('keeps U+FFFD that was really written', () => {
    expect(utf8('\ufffd')).toEqual(bytesOf(0xef, 0xbf, 0xbd))
  })
})

describe('decodeUtf8', () => {
  test.each([
    ['a stray continuation byte', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ['a byte order mark alone', [0xef, 0xbb, 0xbf]],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(Malformed)
  })

  test('keeps U+FEFF that is not at the start', () => {
    expect(decodeUtf8(utf8('a\ufeff'))).toBe('a\ufeff')
  })

  test('only ever throws Malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = outcome(() => decodeUtf8(bytes))
        expect(text === REFUSED ? bytes : utf8(text)).toEqual(bytes)
      }),
      { numRuns: 2000 },
    )
  })
})

test('concat keeps order and copies', () => {
  const first = bytesOf(1, 2)
  const whole = concat([first, bytesOf(), bytesOf(3)])
  first[0] = 9
  expect(whole).toEqual(bytesOf(1, 2, 3))
  expect(concat([])).toEqual(bytesOf())
})

test('equal needs the same length and every byte', () => {
  expect(equal(bytesOf(), bytesOf())).toBe(true)
  expect(equal(bytesOf(1, 2), bytesOf(1, 2))).toBe(true)
  expect(equal(bytesOf(1, 2), bytesOf(1, 3))).toBe(false)
  expect(equal(bytesOf(1, 2), bytesOf(1, 2, 0))).toBe(false)
  expect(equal(bytesOf(0x01), bytesOf(0x81))).toBe(false)
})

describe('hexadecimal', () => {
  test('reads back what it prints', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
      }),
    )
  })

  test.each(['0', 'AB', '0g', ' 00', '00\n', '0x00', '٠٠'])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(Malformed)
  })
})

describe('without a Buffer', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.resetModules()
  })

  test('the same bytes and the same refusals', async () => {
    vi.resetModules()
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    const portable = await import('../src/bytes.ts')
    expect(portable.nodeBuffer).toBeUndefined()
    const text = `${'ü'.repeat(120)}😀`
    expect(portable.utf8(text)).toEqual(utf8(text))
    expect(() => portable.utf8(`${text}\ud800`)).toThrow('lone surrogate')
  })
})
