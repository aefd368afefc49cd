/** Times in text (AHP-TIME-7): RFC 3339 in UTC, of a day that exists. Throws `Malformed`. @module */
import { must } from './refusal.mjs'

/** Whole seconds since 1970 of a time without decimals, or with three that are cut. */
export function secondsOf(text, decimals = 0) {
  const form = decimals === 0 ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ : /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
  const milliseconds = typeof text === 'string' && form.test(text) ? Date.parse(text) : Number.NaN
  // Date takes 30 February for 2 March: what is printed again shows it.
  const exists = Number.isFinite(milliseconds) && new Date(milliseconds).toISOString().slice(0, 19) === text.slice(0, 19)
  must(exists, 'not a time of this form that exists')
  return Math.floor(milliseconds / 1000)
}
