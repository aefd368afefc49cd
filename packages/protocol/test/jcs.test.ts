import canonicalizeOracle from 'canonicalize'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { canonicalize } from '../src/jcs.ts'
import { parseJson, type JsonValue } from '../src/json.ts'
import { Malformed } from '../src/refusal.ts'

const nested = (depth: number): JsonValue => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonValue

describe('canonicalize', () => {
  test('AHP-BYTES-8 sorts members by UTF-16 code units, not by code points', () => {
    // U+1F600 begins with 0xD83D and so sorts before U+FB33, although it is the larger code point.
    expect(canonicalize({ '\ufb33': 1, '😀': 2, ö: 3, '1': 4, '\r': 5, '€': 6, '10': 7, '2': 8 })).toBe(
      '{"\\r":5,"1":4,"10":7,"2":8,"ö":3,"€":6,"😀":2,"\ufb33":1}',
    )
  })

  test('sorts inside arrays and objects, and keeps the order of arrays', () => {
    expect(canonicalize([{ b: [3, 1], a: { d: null, c: true } }])).toBe('[{"a":{"c":true,"d":null},"b":[3,1]}]')
  })

  test.each([
    [-0, '0'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [0.1, '0.1'],
    [5e-324, '5e-324'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('AHP-BYTES-8 prints %d as ECMAScript does', (value, text) => {
    expect(canonicalize(value)).toBe(text)
  })

  test('AHP-BYTES-8 escapes only what RFC 8785 escapes', () => {
    expect(canonicalize('\u0000\u001f\b\t\n\f\r"\\/\u007f\u2028é😀')).toBe(
      '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\u007f\u2028é😀"',
    )
  })

  test.each<[string, unknown]>([
    ['NaN', NaN],
    ['Infinity', [Infinity]],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays -- the hole is the case
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('a')]],
    ['a bigint', 1n],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a byte array', new Uint8Array(2)],
    ['an object of a class', new URL('https://api.example.com')],
    ['a boxed string', Object('a')],
  ])('refuses %s instead of dropping or rewriting it', (_, value) => {
    expect(() => canonicalize(value as JsonValue)).toThrow(Malformed)
  })

  test('refuses a cycle and depth 65, and takes depth 64', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(() => canonicalize(cycle as never)).toThrow(Malformed)
    expect(canonicalize(nested(64))).toHaveLength(128)
    expect(() => canonicalize(nested(65))).toThrow(Malformed)
  })

  test('AHP-BYTES-8 equals an independent implementation, and prints back to itself', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = canonicalize(value as JsonValue)
        expect(text).toBe(canonicalizeOracle(value))
        expect(canonicalize(JSON.parse(text) as JsonValue)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('what it prints, the strict parser reads', () => {
    const safe = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(null, true, 'a', 'é"\\', 0, -7, 1.5),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '\u0000', '😀'), tie('value'), { noNullPrototype: true }),
      ),
    })).value
    fc.assert(
      fc.property(safe, (value) => {
        expect(parseJson(utf8(canonicalize(value as JsonValue)), { maxBytes: 1_000_000 })).toEqual(value)
      }),
    )
  })
})
