/** How long clear text is kept at least, and what is too short (spec chapter 17.7). @module */

const DAY_SECONDS = 86_400
/** The longest month and year, so that counting in them is never shorter than the calendar. */
const DAYS = { D: 1, M: 31, Y: 366 } as const
/** Six months, in seconds: the least that Regulation (EU) 2024/1689 Articles 19(1) and 26(6) ask for. */
export const SIX_MONTHS_SECONDS: number = 6 * DAYS.M * DAY_SECONDS
/** Five years: policy of this project, not law. */
export const DEFAULT_RETENTION = 'P5Y'

/**
 * Seconds of a retention period: an ISO 8601 duration in whole years, months or days, such as `P5Y`, `P18M` or `P400D`; a year counts 366
 * days and a month 31. Throws `Error` with a sentence for the operator for every other text and for less than six months.
 */
export function parseRetention(text: string): number {
  const [, count, unit] = /^P([1-9][0-9]{0,3})([DMY])$/.exec(text) ?? []
  if (count === undefined || unit === undefined || !isUnit(unit))
    throw new Error(
      `ledger: a retention of "${text}" is not understood; write whole years, months or days, such as P5Y, P18M or P400D`,
    )
  const seconds = Number(count) * DAYS[unit] * DAY_SECONDS
  if (seconds < SIX_MONTHS_SECONDS)
    throw new Error(
      `ledger: a retention of ${text} is less than six months, which records of decisions are kept at least; write P6M or more`,
    )
  return seconds
}

function isUnit(text: string): text is keyof typeof DAYS {
  return Object.hasOwn(DAYS, text)
}
