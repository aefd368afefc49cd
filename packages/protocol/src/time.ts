/** Reads RFC 3339 times in the two spellings this profile allows (spec chapter 12). @module */
import { Malformed } from './refusal.ts'

const SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const MILLISECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Epoch seconds of `YYYY-MM-DDThh:mm:ssZ`. Throws `Malformed` for any other spelling and for days that do not exist. */
export function parseSeconds(text: string): number {
  return parse(text, SECONDS, (iso) => `${iso.slice(0, 19)}Z`) / 1000
}

/** Epoch milliseconds of `YYYY-MM-DDThh:mm:ss.sssZ`. Throws `Malformed` for any other spelling and for days that do not exist. */
export function parseMilliseconds(text: string): number {
  return parse(text, MILLISECONDS, (iso) => iso)
}

/** `YYYY-MM-DDThh:mm:ssZ` for whole epoch seconds. */
export function formatSeconds(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

/** `YYYY-MM-DDThh:mm:ss.sssZ` for whole epoch milliseconds. */
export function formatMilliseconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function parse(text: string, form: RegExp, print: (iso: string) => string): number {
  const milliseconds = form.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse rolls 30 February over: what does not print back is no time.
  if (Number.isNaN(milliseconds) || print(new Date(milliseconds).toISOString()) !== text)
    throw new Malformed('not a UTC time in RFC 3339 form')
  return milliseconds
}
