/** Reads RFC 3339 times in the two spellings this profile allows (spec chapter 12). @module */
import { Malformed } from './refusal.ts'

const SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const MILLISECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Epoch seconds of `YYYY-MM-DDThh:mm:ssZ`. Throws `Malformed` for any other spelling and for times that do not exist. */
export function parseSeconds(text: string): number {
  return (SECONDS.test(text) ? parse(text) : refuse()) / 1000
}

/** Epoch milliseconds of `YYYY-MM-DDThh:mm:ss.sssZ`. Throws `Malformed` for any other spelling and for times that do not exist. */
export function parseMilliseconds(text: string): number {
  return MILLISECONDS.test(text) ? parse(text) + number(text, 20, 23) : refuse()
}

/** `YYYY-MM-DDThh:mm:ssZ` for whole epoch seconds. */
export function formatSeconds(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

/** `YYYY-MM-DDThh:mm:ss.sssZ` for whole epoch milliseconds. */
export function formatMilliseconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

/** Milliseconds of the first 19 characters, which are digits where digits belong. `Date.UTC` would roll 30 February over. */
function parse(text: string): number {
  const year = number(text, 0, 4)
  const month = number(text, 5, 7)
  const day = number(text, 8, 10)
  const hour = number(text, 11, 13)
  const minute = number(text, 14, 16)
  const second = number(text, 17, 19)
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0)
  if (year < 1970 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) refuse()
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function number(text: string, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index++) value = value * 10 + text.charCodeAt(index) - 48
  return value
}

function refuse(): never {
  throw new Malformed('not a UTC time in RFC 3339 form')
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
