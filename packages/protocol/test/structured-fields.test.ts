import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Malformed } from '../src/refusal.ts'
import { isKey, parseDictionary, serializeString, type DictionaryMember } from '../src/structured-fields.ts'

const parse = (text: string): ReturnType<typeof parseDictionary> => parseDictionary(text, 8)

describe('dictionary', () => {
  test.each([
    ['nothing', '', []],
    ['spaces only', '  ', []],
    ['a key alone is true', 'a', [{ type: 'boolean', value: true }]],
    [
      'booleans',
      'a=?0, b=?1',
      [
        { type: 'boolean', value: false },
        { type: 'boolean', value: true },
      ],
    ],
    ['integers of 15 digits', 'a=-999999999999999', [{ type: 'integer', value: -999_999_999_999_999 }]],
    ['a decimal', 'a=123456789012.125', [{ type: 'decimal', value: 123_456_789_012.125 }]],
    ['a token', 'a=*tok/en:1', [{ type: 'token', value: '*tok/en:1' }]],
    ['a string with escapes', String.raw`a="b\"c\\"`, [{ type: 'string', value: String.raw`b"c\ `.trim() }]],
    ['bytes, not decoded', 'a=:AQI=:', [{ type: 'bytes', value: 'AQI=' }]],
    [
      'spaces and tabs around commas',
      'a=1 \t, \t b=2',
      [
        { type: 'integer', value: 1 },
        { type: 'integer', value: 2 },
      ],
    ],
    ['spaces at both ends', '  a=1  ', [{ type: 'integer', value: 1 }]],
  ])('parses %s', (_, text, values) => {
    expect(parse(text).map(({ value }) => value)).toEqual(values)
  })

  test('keeps the text of a member with its parameters, and both values of a parameter that occurs twice', () => {
    const [first, second] = parse('sig=("a";x  "b" );p=1; p="2" , other;q')
    expect(first).toEqual({
      key: 'sig',
      text: '("a";x  "b" );p=1; p="2"',
      value: [
        { value: { type: 'string', value: 'a' }, params: [['x', { type: 'boolean', value: true }]] },
        { value: { type: 'string', value: 'b' }, params: [] },
      ],
      params: [
        ['p', { type: 'integer', value: 1 }],
        ['p', { type: 'string', value: '2' }],
      ],
    })
    expect(second).toEqual({
      key: 'other',
      text: ';q',
      value: { type: 'boolean', value: true },
      params: [['q', { type: 'boolean', value: true }]],
    })
  })

  test.each([
    ['a comma at the end', 'a=1,'],
    ['a comma at the start', ',a=1'],
    ['two commas', 'a=1,,b=2'],
    ['no comma', 'a=1 b=2'],
    ['a tab at the start', '\ta=1'],
    ['a key in upper case', 'A=1'],
    ['a key that starts with a digit', '1a=1'],
    ['a missing value', 'a='],
    ['a space before the value', 'a= 1'],
    ['a space before ";"', 'a=1 ;b'],
    ['a parameter without a name', 'a=1;'],
    ['a parameter without a value', 'a=1;b='],
    ['an inner list as a parameter', 'a=1;b=("c")'],
    ['an inner list that is not closed', 'a=("b"'],
    ['an inner list inside an inner list', 'a=(("b"))'],
    ['items that touch', 'a=("b""c")'],
    ['a tab between items', 'a=("b"\t"c")'],
    ['a comma between items', 'a=("b", "c")'],
    ['a string that is not closed', 'a="b'],
    ['a string that ends in a backslash', 'a="b\\'],
    ['an escape of another character', String.raw`a="\n"`],
    ['a control character in a string', 'a="\t"'],
    ['DEL in a string', 'a="\x7f"'],
    ['a character outside ASCII in a string', 'a="\xe9"'],
    ['a NUL', 'a="\0"'],
    ['a minus alone', 'a=-'],
    ['an integer of 16 digits', 'a=1234567890123456'],
    ['a decimal with 13 digits before the point', 'a=1234567890123.1'],
    ['a decimal with four digits behind the point', 'a=1.1234'],
    ['a decimal that ends in its point', 'a=1.'],
    ['a decimal that starts with its point', 'a=.1'],
    ['a boolean that is no digit', 'a=?2'],
    ['bytes that are not closed', 'a=:AQI='],
    ['bytes with padding inside', 'a=:A=QI:'],
    ['base64url', 'a=:-_:'],
    ['a date, which RFC 8941 does not have', 'a=@1'],
    ['a key twice', 'a=1, a=2'],
    ['a key twice, first as a list', 'a=("b"), a'],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(Malformed)
  })

  test('accepts as many members as allowed and refuses one more', () => {
    expect(parseDictionary('a, b, c', 3)).toHaveLength(3)
    expect(() => parseDictionary('a, b, c', 2)).toThrow(Malformed)
  })

  test('throws nothing but Malformed, and every member parses again alone', () => {
    const piece = fc.constantFrom(
      'a',
      'b1',
      '=',
      '(',
      ')',
      ' ',
      '\t',
      ',',
      ';',
      '"',
      '\\',
      '"x"',
      '1',
      '-',
      '?1',
      ':',
      ':AAAA:',
      '("a")',
      'a=1',
      ', b',
    )
    let members = 0
    const agrees = ({ key, text, value }: DictionaryMember): boolean => {
      members++
      const flag = text === '' || text.startsWith(';')
      return JSON.stringify(parse(`${key}${flag ? '' : '='}${text}`)[0]?.value) === JSON.stringify(value)
    }
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        try {
          return parse(pieces.join('')).every(agrees)
        } catch (error) {
          return error instanceof Malformed
        }
      }),
      { numRuns: 20_000 },
    )
    expect(members).toBeGreaterThan(100)
  })
})

describe('printing', () => {
  test('a string prints with both escapes and refuses what a field cannot carry', () => {
    expect(serializeString(String.raw`a "b" \c`)).toBe(String.raw`"a \"b\" \\c"`)
    expect(serializeString('')).toBe('""')
    for (const wrong of ['\n', '\t', '\x7f', '\xe9', '\0']) expect(() => serializeString(wrong)).toThrow(Malformed)
  })

  test('a printed string parses back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(parse(`a=${serializeString(text)}`)[0]?.value).toEqual({ type: 'string', value: text })
      }),
    )
  })

  test('knows what a key is', () => {
    for (const key of ['a', '*', 'a-b_c.d*1']) expect(isKey(key)).toBe(true)
    for (const other of ['', 'A', '1', '-a', 'a b', 'a=', 'a\n']) expect(isKey(other)).toBe(false)
  })
})
