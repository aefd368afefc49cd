import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { isObject, parseJson, type JsonValue } from '../src/json.ts'
import { Malformed } from '../src/refusal.ts'
import { outcome, REFUSED } from './outcome.ts'

const parse = (text: string, limits = {}): JsonValue => parseJson(utf8(text), { maxBytes: 100_000, ...limits })
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('parseJson reads what every parser reads alike', () => {
  test.each([
    'null',
    'true',
    '"a"',
    '0',
    '-1',
    '1.5',
    '[]',
    '{}',
    ' {"a": [1, {"b": "c"}]} ',
    '"\\u00e9\\ud83d\\ude00"',
    '{"a,:{}[]":"\\\\\\""}',
  ])('%s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test('names that only look alike are two members', () => {
    expect(parse('{"a":1,"A":2,"á":3,"a\\u0301":4}')).toEqual({ a: 1, A: 2, á: 3, 'a\u0301': 4 })
  })

  test('the same name in two objects is not repeated', () => {
    expect(parse('{"a":{"a":1},"b":[{"a":1},{"a":1}]}')).toEqual({ a: { a: 1 }, b: [{ a: 1 }, { a: 1 }] })
  })
})

describe('parseJson refuses', () => {
  test.each([
    ['AHP-BYTES-4 a repeated name', '{"a":1,"a":2}'],
    ['AHP-BYTES-4 a repeated name with equal values', '{"a":1,"a":1}'],
    ['AHP-BYTES-4 a repeated name, once escaped', '{"a":1,"\\u0061":1}'],
    ['AHP-BYTES-4 a repeated name, escaped in two ways', '{"\\u002f":1,"\\/":2}'],
    ['AHP-BYTES-4 a repeated name deep inside', '[{"b":{"c":[{"d":1,"d":1}]}}]'],
    ['AHP-BYTES-4 a repeated name whose first value held an object', '{"a":{"x":1,"y":2},"a":1}'],
    ['AHP-BYTES-4 a repeated empty name', '{"":1,"":2}'],
    ['AHP-BYTES-5 __proto__', '{"__proto__":{"admin":true}}'],
    ['AHP-BYTES-5 __proto__, escaped', '{"\\u005f_proto__":1}'],
    ['AHP-BYTES-5 __proto__ inside', '{"a":[{"__proto__":null}]}'],
    ['AHP-BYTES-5 a lone high surrogate', '"\\ud800"'],
    ['AHP-BYTES-5 a lone low surrogate', '["\\udc00"]'],
    ['AHP-BYTES-5 surrogates in the wrong order', '{"a":"\\udc00\\ud800"}'],
    ['AHP-BYTES-5 a lone surrogate in a name', '{"\\ud800":1}'],
    ['AHP-BYTES-6 negative zero', '-0'],
    ['AHP-BYTES-6 negative zero, in another spelling', '[-0.0]'],
    ['AHP-BYTES-6 a number that underflows to negative zero', '-1e-400'],
    ['AHP-BYTES-6 a number beyond all doubles', '1e400'],
    ['AHP-BYTES-6 a number below all doubles', '-1e400'],
    ['AHP-BYTES-6 2^53', '9007199254740992'],
    ['AHP-BYTES-6 2^53 + 1', '9007199254740993'],
    ['AHP-BYTES-6 −2^53', '{"a":-9007199254740992}'],
    ['AHP-BYTES-6 2^53 as exponent', '9.007199254740992e15'],
    ['a comma at the end', '[1,]'],
    ['a leading zero', '01'],
    ['a leading plus', '+1'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{}//'],
    ['two values', '{}{}'],
    ['nothing', ''],
    ['NaN', 'NaN'],
    ['a control character in a string', '"\u0001"'],
    ['an open string', '{"a'],
    ['a string whose end is escaped', '"a\\"'],
    ['a no-break space', '\u00a0{}'],
    ['U+FEFF as white space', '{"a":\ufeff1}'],
  ])('%s', (_, text) => {
    expect(() => parse(text)).toThrow(Malformed)
  })

  test('AHP-BYTES-3 a byte order mark and bytes that are not UTF-8', () => {
    expect(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d), { maxBytes: 10 })).toThrow(Malformed)
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), { maxBytes: 10 })).toThrow(Malformed)
  })

  test('the message of the refusal does not quote the text', () => {
    expect(() => parse('{"secret-value')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }))
    expect(() => parse('secret-value')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }))
  })
})

describe('parseJson takes the last value inside each bound and refuses the first outside', () => {
  test('AHP-BYTES-6 integers up to ±(2^53 − 1)', () => {
    expect(parse('[9007199254740991,-9007199254740991]')).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
  })

  test('AHP-BYTES-7 bytes, not characters', () => {
    expect(parse('"éé"', { maxBytes: 6 })).toBe('éé')
    expect(() => parse('"ééé"', { maxBytes: 6 })).toThrow(Malformed)
  })

  test('AHP-BYTES-7 depth 16, objects and arrays together', () => {
    expect(parse(nested(16))).toBeDefined()
    expect(() => parse(nested(17))).toThrow(Malformed)
    expect(() => parse(`{"a":${nested(16)}}`)).toThrow(Malformed)
    expect(parse(`{"a":${nested(15)}}`)).toBeDefined()
    expect(parse(nested(3), { maxDepth: 3 })).toBeDefined()
    expect(() => parse(nested(4), { maxDepth: 3 })).toThrow(Malformed)
  })

  test('brackets inside strings are not depth', () => {
    expect(parse(JSON.stringify('['.repeat(40)))).toBe('['.repeat(40))
  })

  test('AHP-BYTES-7 members and elements, counted before they are parsed', () => {
    expect(parse('[1,2,3]', { maxMembers: 3 })).toEqual([1, 2, 3])
    expect(() => parse('[1,2,3,4]', { maxMembers: 3 })).toThrow(Malformed)
    expect(() => parse('{"a":{"b":{"c":{"d":1}}}}', { maxMembers: 3 })).toThrow(Malformed)
    expect(() => parse(`[${'0,'.repeat(2048)}0]`)).toThrow(Malformed)
    expect(parse(`[${'0,'.repeat(2047)}0]`)).toHaveLength(2048)
  })
})

describe('parseJson against JSON.parse', () => {
  const name = fc.constantFrom('a', 'b', '\\u0061', 'c:,{', '\\"', '')
  const { document } = fc.letrec<{ document: { text: string; repeated: boolean } }>((tie) => ({
    document: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('1', '"x"', '"{\\"a\\":1,"', 'null', '1.25').map((text) => ({ text, repeated: false })),
      fc.array(tie('document'), { maxLength: 3 }).map((parts) => ({
        text: `[${parts.map((part) => part.text).join(' , ')}]`,
        repeated: parts.some((part) => part.repeated),
      })),
      fc.array(fc.tuple(name, tie('document')), { maxLength: 4 }).map((members) => ({
        text: `{${members.map(([key, part]) => `"${key}" : ${part.text}`).join(',')}}`,
        repeated:
          members.some(([, part]) => part.repeated) ||
          new Set(members.map(([key]) => JSON.parse(`"${key}"`) as string)).size !== members.length,
      })),
    ),
  }))

  test('AHP-BYTES-4 refuses exactly the documents that repeat a name', () => {
    fc.assert(
      fc.property(document, ({ text, repeated }) => {
        expect(outcome(() => parse(text))).toEqual(repeated ? REFUSED : JSON.parse(text))
      }),
      { numRuns: 5000 },
    )
  })

  test('only ever throws Malformed', () => {
    const noise = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,\\ud8000123eE+-. atrufls')) }).map(utf8),
      fc.uint8Array(),
      fc.json().map((text) => utf8(text.slice(0, -1))),
    )
    fc.assert(
      fc.property(noise, (bytes) => {
        const value = outcome(() => parseJson(bytes, { maxBytes: 1000 }))
        expect(value === REFUSED || typeof JSON.stringify(value) === 'string').toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

test('isObject is true for objects only', () => {
  expect([{}, Object.create(null)].every(isObject)).toBe(true)
  expect([null, undefined, [], 'a', 1, true, () => 1].some(isObject)).toBe(false)
})
