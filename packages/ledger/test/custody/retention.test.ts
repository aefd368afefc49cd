import { describe, expect, test } from 'vitest'
import { DEFAULT_RETENTION, parseRetention, SIX_MONTHS_SECONDS } from '../../src/custody/retention.ts'
import { CUSTODY_TRIGGERS } from '../../src/custody/sqlite-schema.ts'

const DAY = 86_400

describe('a retention', () => {
  test('AHP-CUSTODY-3 counts months and years at their longest, and is five years where nobody says', () => {
    expect(DEFAULT_RETENTION).toBe('P5Y')
    expect(parseRetention('P5Y')).toBe(5 * 366 * DAY)
    expect(parseRetention('P6M')).toBe(6 * 31 * DAY)
    expect(parseRetention('P186D')).toBe(186 * DAY)
    expect(parseRetention('P9999Y')).toBe(9999 * 366 * DAY)
  })

  test.each(['P5M', 'P185D', 'P1D', 'P1M'])('AHP-CUSTODY-3 of %s is too short, and the sentence says what to write', (text) => {
    expect(() => parseRetention(text)).toThrow(
      `ledger: a retention of ${text} is less than six months, which records of decisions are kept at least; write P6M or more`,
    )
  })

  test.each([
    '',
    'P',
    'P0Y',
    '5Y',
    'P5',
    'P5Y6M',
    'P-5Y',
    'P05Y',
    'P5.5Y',
    'PT5H',
    'p5y',
    'P10000Y',
    ' P5Y',
    'P5Y\n',
    'Infinity',
  ])('of %j is not understood', (text) => {
    expect(() => parseRetention(text)).toThrow(/^ledger: a retention of ".*" is not understood; write/s)
  })

  test('AHP-CUSTODY-3 in the schema is the same six months', () => {
    const [text = ''] = CUSTODY_TRIGGERS.filter((trigger) => trigger.includes('TRIGGER private_stay '))
    expect(text).toContain(`unixepoch() - ${SIX_MONTHS_SECONDS}`)
  })
})
