/** Finds out for one mutant which cases kill it: those that are known to, then all. @module */
import { includes, isAsked, OVERALL, type Case, type Level } from '@aiegis/conformance/run'
import type { Known } from './all.ts'
import type { Looker } from './look.ts'
import type { Row } from './matrix.ts'
import { lookAtStarts, tryStarts } from './starts.ts'
import { tryOne, type Surroundings, type Trial } from './trial.ts'

/** What was found about one mutant. */
export interface Verdict extends Trial {
  readonly mutant: Known
  /** Milliseconds that it took. */
  readonly milliseconds: number
}

/** Known killers that are tried before anything else: one is enough, the others are for when it has changed. */
const FIRST = 3
/** More than these are not noted: a mutant that so many cases notice is no question. */
export const MOST = 60
/** Code that the first look does not run: it starts behind the adapter. */
const IN_FRONT = /^(?:express|fixture|verifier\/(?:node(?!\/(?:get|did-web))|contexts|mount|refusal-response))/

/** Tries the cases that killed it before, then all of its level. */
export async function judgeKnown(
  mutant: Known,
  row: Row | undefined,
  lookerOf: ((level: Level) => Promise<Looker>) | undefined,
  surroundings: Surroundings,
): Promise<Verdict> {
  const started = performance.now()
  const { cases } = surroundings.catalogue
  const first = firstOf(row)
  if (mutant.isOfStart === true) return timed(mutant, started, await judgeStarts(mutant, first, cases))
  const chosen = first[0] === 'smoke' ? cases.slice(0, 1) : cases.filter(({ id }) => first.includes(id))
  const light = lightest(mutant, chosen, surroundings)
  // Without HTTP where that can show it: it takes a tenth of the time.
  const isSeen = chosen.length > 0 && !IN_FRONT.test(mutant.file)
  const seen = isSeen ? await (await lookerOf?.(light.level))?.look(mutant, first) : undefined
  if (seen !== undefined && seen.killers.length > 0) return timed(mutant, started, { ...seen, verdict: 'killed', sentence: '' })
  const once = (): Promise<Trial | undefined> =>
    chosen.length === 0 ? Promise.resolve(undefined) : tryOne(mutant, chosen, light)
  const found = await once()
  // A receiver that is known to start has lost its port to somebody else.
  const tried = found?.verdict === 'smoke' && first[0] !== 'smoke' ? await once() : found
  const trial = tried === undefined || tried.verdict === 'survived' ? await confirmed(mutant, cases, surroundings) : tried
  return timed(mutant, started, trial)
}

/** The known killers that are tried first. */
export function firstOf(row: Row | undefined): readonly string[] {
  return withoutWhole(row?.killers ?? []).slice(0, FIRST)
}

/** What is judged about a run as a whole brings many others along: it is tried where nothing else notices. */
function withoutWhole(ids: readonly string[]): readonly string[] {
  const own = ids.filter((id) => !OVERALL.some((whole) => whole.id === id))
  return own.length === 0 ? ids : own
}

/** Where cases of level basic kill a mutant, nobody waits for a suite host. */
function lightest(mutant: Known, chosen: readonly Case[], surroundings: Surroundings): Surroundings {
  const isBasic = mutant.level === 'basic' && chosen.every(({ level }) => level === 'basic')
  return isBasic ? { ...surroundings, level: 'basic' } : surroundings
}

/** Starts receivers with the bundles that are known to show it; where none does, all are looked at. */
async function judgeStarts(mutant: Known, first: readonly string[], cases: readonly Case[]): Promise<Trial> {
  const tried = await tryStarts(
    mutant,
    cases.filter(({ id }) => first.includes(id)),
  )
  return tried.verdict === 'survived' ? lookAtStarts(mutant, ofStart(cases)) : tried
}

/** Whether a case sends requests: bundles with which a receiver only starts, or does not, are for mutants of the start. */
export function isSent(test: Case): boolean {
  return test.bundle === undefined || isAsked(test)
}

function ofStart(cases: readonly Case[]): readonly Case[] {
  return cases.filter(({ bundle }) => bundle !== undefined)
}

function timed(mutant: Known, started: number, trial: Trial): Verdict {
  return { ...trial, mutant, milliseconds: Math.round(performance.now() - started) }
}

/** Finds all its killers, with a first look where that can help: then only what it could not look at is left. */
export async function judgeAnew(mutant: Known, looker: Looker, surroundings: Surroundings): Promise<Verdict> {
  const started = performance.now()
  const { cases } = surroundings.catalogue
  if (mutant.isOfStart === true) return timed(mutant, started, await lookAtStarts(mutant, ofStart(cases)))
  const seen = IN_FRONT.test(mutant.file) ? undefined : await looker.look(mutant)
  const rest = seen === undefined ? cases : cases.filter(({ id }) => !looker.ids.has(id))
  const trial =
    seen !== undefined && seen.killers.length > 0
      ? ({ ...seen, killers: seen.killers.slice(0, Math.max(MOST, seen.flips.length)), verdict: 'killed', sentence: '' } as const)
      : await confirmed(mutant, rest, surroundings)
  return timed(mutant, started, trial)
}

/** All cases without controls, then those that noticed with them: what fails under load alone kills nothing. */
async function confirmed(mutant: Known, cases: readonly Case[], surroundings: Surroundings): Promise<Trial> {
  const all = cases.filter((test) => includes(surroundings.level, test.level) && isSent(test))
  const scanned = await tryOne(mutant, all, { ...surroundings, isScan: true })
  if (scanned.verdict !== 'killed') return scanned
  const killers = withoutWhole(scanned.killers)
  const noticed = all.filter(({ id }) => killers.includes(id)).slice(0, MOST)
  return tryOne(mutant, noticed, { ...surroundings, parallel: CALM })
}

/** Cases at the same time where each of them counts. */
const CALM = 4
