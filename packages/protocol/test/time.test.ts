import { describe, expect, test } from 'vitest'
import { Malformed } from '../src/refusal.ts'
import { formatMilliseconds, formatSeconds, parseMilliseconds, parseSeconds } from '../src/time.ts'

describe('AHP-TIME-7 times have one spelling', () => {
  test('seconds and milliseconds print back', () => {
    expect(formatSeconds(parseSeconds('2026-11-20T22:00:00Z'))).toBe('2026-11-20T22:00:00Z')
    expect(formatMilliseconds(parseMilliseconds('2026-11-20T22:00:00.123Z'))).toBe('2026-11-20T22:00:00.123Z')
    expect(parseSeconds('1970-01-01T00:00:01Z')).toBe(1)
    expect(parseMilliseconds('1970-01-01T00:00:00.001Z')).toBe(1)
  })

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T22:00:60Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T22:00:00.000Z',
    '2026-11-20T22:00:00+00:00',
    '2026-11-20t22:00:00z',
    '2026-11-20 22:00:00Z',
    '2026-11-20T22:00:00',
    '+002026-11-20T22:00:00Z',
    '2026-11-20T22:00Z',
    '2026-11-20T22:00:00Z\n',
    '',
  ])('refuses %j as seconds', (text) => {
    expect(() => parseSeconds(text)).toThrow(Malformed)
  })

  test.each(['2026-11-20T22:00:00Z', '2026-11-20T22:00:00.1Z', '2026-11-20T22:00:00.1234Z', '2026-02-29T00:00:00.000Z'])(
    'refuses %j as milliseconds',
    (text) => {
      expect(() => parseMilliseconds(text)).toThrow(Malformed)
    },
  )
})
