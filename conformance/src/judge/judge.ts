/** Judges one exchange against one expectation: what is wrong with it, in sentences. @module */
import type { Built, Expectation } from '../build/index.ts'
import { isHeadRequest, type Exchange, type Outcome } from '../wire/exchange.ts'
import type { Response } from '../wire/response.ts'
import { faultsOfLeak } from './leak.ts'
import { codeIn, faultsOfRefusal, type Party } from './problem.ts'
import { faultsOfReflection } from './reflection.ts'
import type { Registry, Row } from './registry.ts'
import { faultsOfServed } from './served.ts'

export interface Judge {
  /** Faults of an exchange that had to be refused, or left to the HTTP parser. */
  refused(exchange: Exchange, built: Built, expect: Expectation): readonly string[]
  /** Faults of an exchange that had to be served; `echo` is added to what the builder expects. */
  served(exchange: Exchange, built: Built, echo: Readonly<Record<string, unknown>>): readonly string[]
  /** Whether the exchange was refused with this public code. */
  isRefusedWith(exchange: Exchange, code: string): boolean
}

/** What an HTTP parser may answer to framing that it does not read. */
const PARSER_STATUS: readonly number[] = [400, 408, 413, 414, 417, 431, 501, 505]

/** What a framework answers at a path that it does not have. */
const NOT_FOUND = 404

/** A judge for one receiver. Throws `TypeError` for an expected code that the registry does not have. */
export function createJudge(registry: Registry, party: Party): Judge {
  const rowOf = (code: string): Row => {
    const row = registry.get(code)
    if (row === undefined) throw new TypeError(`'${code}' is not in the registry of refusals`)
    return row
  }
  const allowed = [party.audience, ...party.harnesses, 'ahp-receiver/0.1']
  return {
    refused(exchange, built, expect) {
      const { outcome } = exchange
      if ('framing' in expect) {
        if (outcome.kind === 'closed') return []
        if (outcome.kind === 'response' && !('anyOf' in expect)) return faultsOfParser(outcome.response)
        if (
          outcome.kind === 'response' &&
          PARSER_STATUS.includes(outcome.response.status) &&
          codeIn(outcome.response) === undefined
        )
          return []
      }
      if (outcome.kind !== 'response') return [sentenceOf(outcome)]
      if ('routing' in expect && outcome.response.status === NOT_FOUND && codeIn(outcome.response) === undefined) return []
      // A receiver that reads HTTP itself says so with the code for it, whatever byte it stopped at.
      const own = 'framing' in expect ? ['request_malformed'] : []
      const rows = [...('code' in expect ? [expect.code] : 'anyOf' in expect ? expect.anyOf : []), ...own].map(rowOf)
      if (outcome.response.status < 400) return ['the request was served and had to be refused']
      const first = lead(outcome.response, rows)
      // With another code than the right one, all else is held against the row of that code: one mistake is told once.
      const other = first.length === 0 ? [] : [...registry.values()].filter((row) => row.public === codeIn(outcome.response))
      const faults = (other.length === 0 ? rows : other).map((row) =>
        faultsOfRefusal(outcome.response, row, party, isHeadRequest(exchange.sent)),
      )
      const best = faults.toSorted((left, right) => left.length - right.length)[0] ?? ['nothing was expected']
      const surplus =
        outcome.response.surplus > 0 && !isHeadRequest(exchange.sent)
          ? [`${outcome.response.surplus} bytes came after the response`]
          : []
      const leak = faultsOfLeak(outcome.response, registry, [codeIn(outcome.response), ...rows.map((row) => row.public)])
      return [...first, ...best, ...surplus, ...leak, ...faultsOfReflection(outcome.response, built, allowed)]
    },
    served(exchange, built, echo) {
      const { outcome } = exchange
      if (outcome.kind !== 'response') return [sentenceOf(outcome)]
      const { status } = outcome.response
      if (status >= 400) return [`it was refused with ${status} ${codeIn(outcome.response) ?? 'and no code'}`]
      return faultsOfServed(outcome.response, { ...built.echo, ...echo }, isHeadRequest(exchange.sent))
    },
    isRefusedWith: ({ outcome }, code) =>
      outcome.kind === 'response' && outcome.response.status >= 400 && codeIn(outcome.response) === code,
  }
}

/** The first thing to know when the wrong code came, or none. */
function lead(response: Response, rows: readonly Row[]): readonly string[] {
  const code = codeIn(response)
  if (code === undefined || rows.some((row) => row.public === code)) return []
  return [`the code is ${code} and not ${rows.map((row) => row.public).join(' or ')}`]
}

function faultsOfParser({ status }: Response): readonly string[] {
  return PARSER_STATUS.includes(status) ? [] : [`the status is ${status} and not one of ${PARSER_STATUS.join(', ')}`]
}

/** Why there was no response that could be judged. */
export function sentenceOf(outcome: Exclude<Outcome, { readonly kind: 'response' }>): string {
  if (outcome.kind === 'timeout') return `there was no response within ${outcome.seconds} seconds`
  if (outcome.kind === 'unreachable') return `there was no connection (${outcome.why})`
  return outcome.kind === 'closed' ? outcome.why : `the response cannot be read as HTTP/1.1: ${outcome.why}`
}
