/** Whether refusals that must look alike do, but for what tells nothing (AHP-REFUSE-6). @module */
import { isHeadRequest } from '../wire/exchange.ts'
import { readResponse, valuesOf, type Response } from '../wire/response.ts'
import type { CaseResult, Shot } from './result.ts'

/** What clients see of refusals that must look alike. */
export const ALIKE = 'untrusted'

interface Look {
  /** Of the case. */
  readonly id: string
  /** What was wrong with the request, where it is known exactly. */
  readonly exact: string | undefined
  readonly response: Response
}

/** Fields whose values differ between any two responses. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'content-length'])

/** A sentence about the first two that can be told apart; `undefined` when there is nothing to compare. */
export function faultsOfLikeness(results: readonly CaseResult[]): readonly string[] | undefined {
  const refusals = results.flatMap((result) =>
    result.shots.filter(({ outcome }) => outcome.endsWith(` ${ALIKE}`)).map((shot) => ({ result, shot })),
  )
  // What was cut could differ in what is gone.
  const long = refusals.find(({ shot: { received, receivedBytes } }) => receivedBytes > received.length)
  if (long !== undefined)
    return [`the refusal of ${long.result.case.id} has ${long.shot.receivedBytes} bytes, too many to look like any other`]
  const looks = refusals.flatMap(({ result, shot }) => lookOf(result, shot))
  const [first, ...others] = looks
  if (first === undefined || others.length === 0) return undefined
  const idle = idleFields(looks)
  const different = others.find((other) => shown(other, idle) !== shown(first, idle))
  return different === undefined
    ? []
    : [`the refusals of ${first.id} and ${different.id} can be told apart: ${shown(first, idle)} and ${shown(different, idle)}`]
}

function lookOf({ case: { id, expect, steps } }: CaseResult, { label, sent, received }: Shot): readonly Look[] {
  const reading = readResponse(Buffer.from(received), true, isHeadRequest(sent))
  if (reading.kind !== 'complete') return []
  const exact = steps === undefined && label === 'changed' && 'code' in expect ? expect.code : undefined
  return [{ id, exact, response: reading.response }]
}

/** Everything of a refusal but what changes anyway: the clock, in the header and in the body, and the values of `idle` fields. */
function shown({ response: { status, reason, fields, trailers, content } }: Look, idle: ReadonlySet<string>): string {
  // Their order may differ from one response to the next where a framework keeps them in a hash.
  const lines = [...fields, ...trailers]
    .filter(([name]) => !CHANGING.has(name))
    .map(([name, value]) => (idle.has(name) ? name : `${name}: ${value}`))
    .toSorted()
  const text = Buffer.from(content)
    .toString('utf8')
    .replace(/"now":\s*\d+/, '"now":0')
  return [`${status} ${reason}`, ...lines, text].join(' | ')
}

/** Fields whose value tells nothing of what was wrong, such as an identifier of each request. */
function idleFields(looks: readonly Look[]): ReadonlySet<string> {
  const names = new Set(looks.flatMap(({ response }) => response.fields.map(([name]) => name)))
  return new Set([...names].filter((name) => isIdle(looks, name)))
}

/**
 * A value that differs between refusals of one and the same exact code is idle, unless few values come again and again and each with
 * one code alone: whoever has seen them all knows the code.
 */
function isIdle(looks: readonly Look[], name: string): boolean {
  const values = new Map<string, Set<string>>()
  const known = looks.filter(({ exact }) => exact !== undefined)
  for (const { exact = '', response } of known)
    values.set(exact, (values.get(exact) ?? new Set()).add(valuesOf(response, name).join('\n')))
  const sets = [...values.values()]
  const all = new Set(sets.flatMap((set) => [...set]))
  const isApart = sets.reduce((sum, { size }) => sum + size, 0) === all.size
  return sets.some(({ size }) => size > 1) && !(isApart && all.size * 2 <= known.length)
}
