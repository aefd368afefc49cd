/** What is counted of verdicts and dependencies, under which names, with labels that have few values (spec chapter 13.4). @module */
import { REASONS, type ReasonCode } from '@aiegis/protocol'
import type { DependencyEvent, DependencyState, VerdictEvent } from '../events.ts'

/** One measure, named as Prometheus does and as OpenTelemetry does; an exporter of the second makes the first of it. */
export interface Measure {
  readonly prometheus: string
  readonly otel: string
  readonly unit: string
  readonly help: string
  readonly labels: readonly string[]
}

/** Verifications by what came of them. */
export const VERDICTS: Measure = {
  prometheus: 'aiegis_verdicts_total',
  otel: 'aiegis.verdicts',
  unit: '{verdict}',
  help: 'Verifications, by verdict, exact code and the step that refused',
  labels: ['verdict', 'code', 'stage'],
}

/** How long they took. */
export const DURATION: Measure = {
  prometheus: 'aiegis_verification_duration_seconds',
  otel: 'aiegis.verification.duration',
  unit: 's',
  help: 'Time from the header of a request to its verdict, the content included',
  labels: ['verdict'],
}

/** Which state each dependency is in. */
export const DEPENDENCY: Measure = {
  prometheus: 'aiegis_dependency_state',
  otel: 'aiegis.dependency.state',
  unit: '1',
  help: '1 for the state that a status list, DID document, log or replay store is in, 0 for the others',
  labels: ['dependency', 'name', 'state'],
}

/** Bounds of the buckets in seconds: a warm verification takes below one millisecond, content at most 30 seconds. */
export const BUCKETS: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30]

/** What stands for no code. */
const NONE = 'none'

/** Labels of a verdict. Its agent, action and receipt are no labels: each request could bring a new one. */
export function verdictLabels({ verdict, code, stage }: VerdictEvent): Readonly<Record<string, string>> {
  return { verdict, code: code ?? NONE, stage }
}

/** The labels under which a receiver that has refused nobody counts, so that the counter is there before the first refusal. */
export const SERVED: Readonly<Record<string, string>> = { verdict: 'served', code: NONE, stage: 'context' }

const STATES: readonly DependencyState[] = ['up', 'down', 'closed']

/** Labels and value of each state of a dependency; names are those of the trust bundle, so there are no more than it lists. */
export function dependencyStates({
  dependency,
  name,
  state,
}: DependencyEvent): readonly (readonly [labels: Readonly<Record<string, string>>, value: 0 | 1])[] {
  return STATES.map((each) => [{ dependency, name, state: each }, each === state ? 1 : 0])
}

/** True for what is wrong with the receiver or with what it depends on, and not with a request. */
export function isOwnFault(code: ReasonCode | undefined): boolean {
  return code !== undefined && REASONS[code].status >= 500
}
