/** What every case of a run uses: build for the receiver's clock, send on a connection of its own, ask for effects. @module */
import { setTimeout as pause } from 'node:timers/promises'
import { build, serialise, type Built, type Case, type CaseRequest, type World } from '../build/index.ts'
import type { Judge } from '../judge/judge.ts'
import { codeIn } from '../judge/problem.ts'
import type { Address } from '../wire/address.ts'
import { exchange, type Exchange } from '../wire/exchange.ts'
import { FixtureError, type Fixture } from '../wire/fixture.ts'
import { isStillIn, untilEarly } from './clock.ts'
import { KEPT_BYTES, type Shot } from './result.ts'

/** The suite host, as far as cases steer it. */
export interface HostControl {
  /** What the host does from now on below the prefix of this case. Throws `TypeError` for a script that is none. */
  readonly script: (caseId: string, script: Readonly<Record<string, unknown>>) => void
  /** How often a path was asked for. */
  readonly hitsOf: (path: string) => number
  /** Requests to places that nobody may ask, since the last call; each a sentence. */
  readonly takeTrespasses: () => readonly string[]
}

export interface Bench {
  readonly world: World
  readonly address: Address
  readonly fixture: Fixture
  readonly judge: Judge
  readonly host: HostControl | null
  readonly session: string
  /** Seconds for one exchange. */
  readonly deadlineSeconds: number
}

/** A request that was built, and when: the same `run` and `at` give the same token again. */
export interface Sendable {
  readonly built: Built
  readonly run: number
  readonly at: number
}

/** Builds a request for the receiver's clock; where the case is about seconds, early in one of them. */
export async function prepare(bench: Bench, test: Case, request: CaseRequest, run: number): Promise<Sendable> {
  if (isTimed(request)) await pause(untilEarly(bench.world.now()))
  const at = bench.world.now()
  return { built: rebuild(bench, test, request, { run, at }), run, at }
}

/** The same request once more, with other changes. */
export function rebuild(bench: Bench, test: Case, request: CaseRequest, { run, at }: Pick<Sendable, 'run' | 'at'>): Built {
  return build(bench.world, request.base, request.change, { caseId: test.id, run, at, session: bench.session })
}

export async function send(bench: Bench, built: Built, gate?: () => Promise<void>): Promise<Exchange> {
  const { fragments, end } = built.wire
  const request = { bytes: serialise(bench.world, built.wire), fragments, end }
  return exchange(bench.address, request, { deadlineSeconds: bench.deadlineSeconds, gate })
}

/** So often a request whose second was over when it was answered is built anew. */
const TRIES = 3

/**
 * Builds and sends a request. Where it names a second, that one has to last until the answer is there: on a busy machine it is built
 * anew, with another token and nonce.
 */
export async function sendInTime(
  bench: Bench,
  test: Case,
  request: CaseRequest,
  run: number,
): Promise<Sendable & { readonly done: Exchange }> {
  for (let left = TRIES; ; left -= 1) {
    const sendable = await prepare(bench, test, request, run)
    const done = await send(bench, sendable.built)
    const isInTime = done.outcome.kind !== 'response' || isStillIn(sendable.at, bench.world.now())
    if (left === 1 || isInTime || !isTimed(request)) return { ...sendable, done }
  }
}

/** Seconds after which nothing can be from before the receiver's start: the longest life of a token, and the longest skew. */
const WARMING_SECONDS = 100

/**
 * Builds and sends what has to be served. A receiver whose store forgets at a restart refuses for a while what may have been used before
 * (AHP-TIME-13): that is right, and the request is built anew until it is over.
 */
export async function sendServable(
  bench: Bench,
  test: Case,
  request: CaseRequest,
  run: number,
): Promise<Sendable & { readonly done: Exchange }> {
  const end = performance.now() + WARMING_SECONDS * 1000
  for (;;) {
    const sent = await sendInTime(bench, test, request, run)
    if (!bench.judge.isRefusedWith(sent.done, 'replay_warming') || performance.now() > end) return sent
    await pause(500)
  }
}

/** How often the handler ran, or null when the receiver does not tell. */
export async function effectsOf({ fixture }: Pick<Bench, 'fixture'>, nonce: string): Promise<number | null> {
  try {
    return await fixture.effects(nonce)
  } catch (error) {
    if (error instanceof FixtureError) return null
    throw error
  }
}

/** Notes one request for the reports. */
export function shotOf(label: string, built: Built, done: Exchange, effects: number | null, effectsExpected: number): Shot {
  return {
    label,
    sent: done.sent,
    // A copy: what it is the beginning of is large.
    received: Uint8Array.from(done.received.subarray(0, KEPT_BYTES)),
    receivedBytes: done.received.length,
    outcome: wordsOf(done),
    milliseconds: done.milliseconds,
    nonce: built.nonce,
    effects,
    effectsExpected,
    parts: built.parts,
  }
}

const MAX_CODE = 60

/** The outcome in a few words. */
export function wordsOf({ outcome }: Exchange): string {
  if (outcome.kind === 'response') {
    const code = outcome.response.status >= 400 ? codeIn(outcome.response) : undefined
    return code === undefined ? String(outcome.response.status) : `${outcome.response.status} ${code.slice(0, MAX_CODE)}`
  }
  return outcome.kind === 'timeout' ? 'no response' : outcome.kind
}

/** Why a request that had to be served was not: what came is said once. */
export function uncleanness(done: Exchange, fault: string): string {
  if (done.outcome.kind !== 'response') return `: ${fault}`
  return done.outcome.response.status < 400 ? ` (${wordsOf(done)}): ${fault}` : ` (${wordsOf(done)})`
}

/** A sentence when the handler ran another number of times than it had to. */
export function faultsOfEffects(what: string, effects: number | null, expected: number): readonly string[] {
  if (effects === null) return [`GET /conformance/effects/<nonce> did not tell how often the handler ran for ${what}`]
  return effects === expected ? [] : [`the handler ran ${times(effects)} for ${what} and not ${times(expected)}`]
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

/** Whether a request names a second relative to now. */
export function isTimed({ change }: Pick<CaseRequest, 'change'>): boolean {
  return change.some(({ value }) => /"(?:now|nowText|time|ts)":/.test(JSON.stringify(value ?? null)))
}
