import { describe, expect, test } from 'vitest'
import { Fuel, PolicyFault } from '../../src/policy/fault.ts'
import { compilePattern } from '../../src/policy/pattern.ts'

function matches(source: string, text: string, fuel = new Fuel(1_000_000)): boolean | string {
  const pattern = compilePattern(source)
  return typeof pattern === 'string' ? pattern : pattern.matches(text, fuel)
}

function used(source: string, length: number): number {
  const fuel = new Fuel(1_000_000)
  matches(source, 'x'.repeat(length), fuel)
  return fuel.used
}

describe('AHP-POLICY-12 AHP-POLICY-106 regular expressions are linear, and their size is bounded when they load', () => {
  test.each([['(a+)+$'], ['(a|aa)+$'], ['(a|a?)+b$'], ['(.*a){12}$'], ['(x+x+)+y'], ['^(([a-z])+.)+[A-Z]([a-z])+$']])(
    '%s on text that makes backtracking engines hang gives an answer',
    (source) => {
      expect(matches(source, `${'a'.repeat(30_000)}${'x'.repeat(30_000)}!`)).toBe(false)
    },
  )

  test('a match may be anywhere, and case folds with (?i)', () => {
    expect(matches('b+', 'abba')).toBe(true)
    expect(matches('^b+$', 'abba')).toBe(false)
    expect(matches('(?i)BB', 'abba')).toBe(true)
    expect(matches('\\p{Greek}', 'α')).toBe(true)
  })

  test.each([
    ['(a)\\1', 'is no RE2 expression'],
    ['a(?=b)', 'is no RE2 expression'],
    ['(?<=a)b', 'is no RE2 expression'],
    ['a{1001}', 'is no RE2 expression'],
    ['(', 'is no RE2 expression'],
    ['('.repeat(1_500), 'is no RE2 expression'],
    ['(?:(?:a{100}){100}){100}', 'is no RE2 expression'],
    ['a{1000}b{1000}', 'instructions, more than 2000'],
    ['a'.repeat(2_049), 'is longer than 2048 characters'],
  ])('%s is refused', (source, part) => {
    expect(compilePattern(source)).toContain(part)
  })

  test('a long text and a large pattern cost more fuel than small ones, and it runs out', () => {
    expect(used('abc', 60_000)).toBeGreaterThan(used('abc', 6_000))
    expect(used('a{900}', 60_000)).toBeGreaterThan(used('abc', 60_000))
    expect(() => matches('abc', 'x'.repeat(60_000), new Fuel(10))).toThrow(PolicyFault)
  })

  test('AHP-POLICY-113 a pattern is paid for before it runs: by bytes times instructions, 256 for a unit', () => {
    const size = 904
    expect(used('a[ab]{900}[cd]', 28_000)).toBe(1 + Math.ceil((28_000 * size) / 256))
    const fuel = new Fuel(1_000_000)
    matches('a[ab]{900}[cd]', 'é'.repeat(14_000), fuel)
    expect(fuel.used).toBe(1 + Math.ceil((28_000 * size) / 256))
    expect(() => matches('a[ab]{900}[cd]', 'ab'.repeat(32_768), new Fuel(100_000))).toThrow('more than 100000 units of fuel')
  })

  test('AHP-POLICY-113 65,536 characters are matched, one more is a fault and not cut', () => {
    expect(matches('c$', `${'x'.repeat(65_535)}c`)).toBe(true)
    expect(() => matches('c', `${'x'.repeat(65_536)}c`)).toThrow('a pattern on text of more than 65536 characters')
  })
})
