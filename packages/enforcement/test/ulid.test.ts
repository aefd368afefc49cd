import { expect, test } from 'vitest'
import { createUlid } from '../src/ulid.ts'

test('an identifier is the time and then chance, in base 32', () => {
  expect(createUlid(0, new Uint8Array(10))).toBe('0'.repeat(26))
  expect(createUlid(2 ** 48 - 1, new Uint8Array(10).fill(255))).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')
  expect(createUlid(1_795_212_000_000, new Uint8Array(10)).slice(0, 10)).toBe('01M7XFJER0')
})

test('later identifiers sort later, and none comes twice', () => {
  expect(createUlid(1) < createUlid(2)).toBe(true)
  expect(new Set(Array.from({ length: 1_000 }, () => createUlid(1))).size).toBe(1_000)
})
