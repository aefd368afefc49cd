/** Judges the response of a request that had to be served: status, and what the handler says it was given. @module */
import { isDeepStrictEqual } from 'node:util'
import { isObject, objectIn, shown } from '../values.ts'
import { valuesOf, type Response } from '../wire/response.ts'

/** Members of the echo that every receiver must give; the others may be null where a library does not give them. */
const REQUIRED: ReadonlySet<string> = new Set(['nonce', 'agent', 'action', 'contentSha256', 'seen'])
/** Evidence and credentials that no handler may see. */
const HIDDEN: ReadonlySet<string> = new Set([
  'x-aegis-token',
  'x-aegis-passport',
  'x-aegis-proof',
  'signature-input',
  'signature',
  'cookie',
  'authorization',
])

/** Faults of a response to a request that had to be served, each a sentence. `expected` is what an honest receiver echoes. */
export function faultsOfServed(
  response: Response,
  expected: Readonly<Record<string, unknown>>,
  isHead: boolean,
): readonly string[] {
  if (response.status !== 200) return [`status is ${response.status} and not 200`]
  if (response.surplus > 0)
    return [
      `${response.surplus} bytes came after the response: its Content-Length is too small, or the request was read as more than one`,
    ]
  if (isHead) return []
  const echo = echoOf(response)
  if (echo === undefined) return ['the handler did not answer with the JSON object of the echo']
  const seen = echo['seen']
  const visible = Array.isArray(seen) ? seen.filter((name) => typeof name === 'string' && HIDDEN.has(name)) : []
  return [
    ...[...REQUIRED]
      .filter((name) => echo[name] === undefined || (echo[name] === null && expected[name] !== null))
      .map((name) => `the echo has no ${name}`),
    ...(visible.length > 0 ? [`the handler still sees ${visible.join(', ')}`] : []),
    ...Object.entries(expected).flatMap(([name, value]) => faultsOfMember(name, echo[name], value)),
  ]
}

function faultsOfMember(name: string, actual: unknown, expected: unknown): readonly string[] {
  if (actual === undefined || actual === null || name === 'seen') return []
  return covers(actual, expected) ? [] : [`${name} of the echo is ${shown(actual)} and not ${shown(expected)}`]
}

/** Objects by the members that are expected, all else whole. A null that a library gives for what it does not know is no fault. */
function covers(actual: unknown, expected: unknown): boolean {
  if (!isObject(actual) || !isObject(expected)) return isDeepStrictEqual(actual, expected)
  return Object.entries(expected).every(
    ([name, value]) => actual[name] === null || actual[name] === undefined || covers(actual[name], value),
  )
}

function echoOf(response: Response): Readonly<Record<string, unknown>> | undefined {
  if (!/^application\/json\b/i.test(valuesOf(response, 'content-type')[0] ?? '')) return undefined
  return objectIn(response.content)
}
