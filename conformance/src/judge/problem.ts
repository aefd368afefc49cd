/** Judges the response of a refusal against the row of its code (spec chapter 13.1, RFC 9457, RFC 9110 section 11.6.1). @module */
import { isDeepStrictEqual } from 'node:util'
import { valuesOf, type Response } from '../wire/response.ts'
import { objectIn, shown } from '../values.ts'
import type { Row } from './registry.ts'

/** What the responses of one receiver have in common. */
export interface Party {
  readonly audience: string
  /** DIDs of the accepted harnesses. */
  readonly harnesses: readonly string[]
  readonly skew: number
  /** The receiver's clock, epoch milliseconds. */
  readonly now: () => number
}

const MEMBERS = ['code', 'executed', 'now', 'retry', 'status', 'title', 'type']
const CLOCK_SECONDS = 5

/** Faults of a refusal that must be that of `row`, each a sentence; none when it is right. */
export function faultsOfRefusal(response: Response, row: Row, party: Party, isHead: boolean): readonly string[] {
  return [
    ...same('status', response.status, row.status),
    ...faultsOfCaching(response),
    ...faultsOfChallenge(response, row, party),
    ...faultsOfRetry(response, row, party),
    ...(isHead ? faultsOfNothing(response) : faultsOfBody(response, row, party)),
  ]
}

/** The public code in a refusal, if it says one. */
export function codeIn(response: Response): string | undefined {
  const problem = objectIn(response.content)
  const code = problem?.['code']
  return typeof code === 'string' ? code : challengeOf(response)?.get('error')
}

function faultsOfBody(response: Response, row: Row, party: Party): readonly string[] {
  const types = valuesOf(response, 'content-type')
  const problem = objectIn(response.content)
  if (problem === undefined) return [`the body is not one JSON object but ${describe(response)}`]
  const members = Object.keys(problem).toSorted()
  const now = problem['now']
  const clock = Math.floor(party.now() / 1000)
  return [
    ...(types.length === 1 && /^application\/problem\+json(?:\s*;\s*charset=utf-8)?$/i.test(types[0] ?? '')
      ? []
      : [`Content-Type is ${JSON.stringify(types.join(', '))} and not application/problem+json`]),
    ...(isDeepStrictEqual(members, MEMBERS)
      ? []
      : [`the problem has the members ${members.join(' ')} and not ${MEMBERS.join(' ')}`]),
    ...same('code', problem['code'], row.public),
    ...same('type', problem['type'], `urn:ahp-receiver:0.1:${row.public}`),
    ...same('status in the problem', problem['status'], row.status),
    ...same('retry', problem['retry'], row.retry),
    ...same('executed', problem['executed'], row.executed),
    // Those shown as `misconfigured` may differ in their title (AHP-REFUSE-6).
    ...(row.public === 'misconfigured' ? [] : same('title', problem['title'], row.title)),
    ...(typeof now === 'number' && Number.isInteger(now) && Math.abs(now - clock) <= CLOCK_SECONDS
      ? []
      : [`now is ${JSON.stringify(now)} and not the receiver's clock in whole seconds, about ${clock}`]),
  ]
}

function faultsOfNothing(response: Response): readonly string[] {
  return response.surplus === 0 ? [] : [`the response to HEAD has ${response.surplus} bytes of content`]
}

function faultsOfCaching(response: Response): readonly string[] {
  const directives = valuesOf(response, 'cache-control').flatMap((value) =>
    value.split(',').map((each) => each.trim().toLowerCase()),
  )
  return directives.includes('no-store') ? [] : ['there is no Cache-Control: no-store (AHP-REFUSE-2)']
}

function faultsOfChallenge(response: Response, row: Row, party: Party): readonly string[] {
  if (row.status !== 401) return []
  const challenge = challengeOf(response)
  if (challenge === undefined) return ['there is no WWW-Authenticate with the scheme AEGIS and its parameters (AHP-REFUSE-3)']
  const harnesses = (challenge.get('harness') ?? '').split(' ')
  return [
    ...same('error of the challenge', challenge.get('error'), row.code === 'token_missing' ? undefined : row.public),
    ...same('aud of the challenge', challenge.get('aud'), party.audience),
    ...same('ahp of the challenge', challenge.get('ahp'), 'ahp-receiver/0.1'),
    ...(isDeepStrictEqual(harnesses.toSorted(), [...party.harnesses].toSorted())
      ? []
      : [
          `harness of the challenge is ${JSON.stringify(challenge.get('harness'))} and not ${JSON.stringify(party.harnesses.join(' '))}`,
        ]),
  ]
}

function faultsOfRetry(response: Response, row: Row, party: Party): readonly string[] {
  if (row.status !== 503) return []
  const values = valuesOf(response, 'retry-after')
  const [text] = values
  if (values.length !== 1 || text === undefined || !/^\d{1,6}$/.test(text))
    return [`Retry-After is ${JSON.stringify(values.join(', '))} and not one number of whole seconds (AHP-REFUSE-4)`]
  const least = row.code === 'replay_warming' ? party.skew + 1 : 0
  return Number(text) >= least ? [] : [`Retry-After is ${text} and not at least ${least} (AHP-REFUSE-4)`]
}

/** The parameters of the one AEGIS challenge; `undefined` when there is none or it does not have its form. */
function challengeOf(response: Response): ReadonlyMap<string, string> | undefined {
  const own = valuesOf(response, 'www-authenticate').filter((value) => /^AEGIS\b/i.test(value))
  const [text] = own
  if (own.length !== 1 || text === undefined) return undefined
  const parameters = new Map<string, string>()
  let rest = text.slice('AEGIS'.length)
  while (rest !== '') {
    const [all = '', name = '', value = ''] = /^[\t ,]+([a-z]+)="((?:[^"\\]|\\.)*)"/i.exec(rest) ?? []
    if (all === '' || parameters.has(name.toLowerCase())) return undefined
    parameters.set(name.toLowerCase(), value)
    rest = rest.slice(all.length)
  }
  return parameters
}

function describe(response: Response): string {
  if (response.content.length === 0) return 'empty'
  const [type = ''] = valuesOf(response, 'content-type')
  return /html/i.test(type) ? 'an HTML page' : `${response.content.length} bytes of ${type === '' ? 'no type' : type}`
}

function same(name: string, actual: unknown, expected: unknown): readonly string[] {
  return isDeepStrictEqual(actual, expected) ? [] : [`${name} is ${shown(actual)} and not ${shown(expected)}`]
}
