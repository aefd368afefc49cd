/** The settings of a bundle: replay, times, sizes, grades; whatever this version does not do is refused here (spec chapter 14). @module */
import { FACTS, GRADES, LIMITS } from '@aiegis/protocol'
import type { GradeRequirement } from './requirement.ts'
import { choice, integer, members, optionalMembers, wrong, type Spot } from './trust-reader.ts'

/** The memory of used tokens, when the bundle chooses it. */
export interface TrustReplay {
  readonly memory: { readonly singleProcess: true; readonly maxRecords?: number; readonly maxPerIssuer?: number }
}

/** Times, in seconds. */
export interface TrustTimes {
  readonly skewSeconds: number
  readonly maxLifetimeSeconds: number
  readonly bodyTimeoutSeconds: number
  readonly statusRefreshSeconds: number
  readonly maxStalenessSeconds: number
  readonly maxUnprovenSeconds: number
}

/** Sizes, never above those of the profile. */
export interface TrustLimits {
  readonly tokenBytes: number
  readonly passportBytes: number
  readonly proofChars: number
  readonly bodyBytes: number
  readonly delegations: number
}

/** Reads `replay`; `undefined` when the caller has to bring a store. */
export function parseReplay(spot: Spot): TrustReplay | undefined {
  if (spot.value === undefined) return undefined
  const cure = '"memory": { "singleProcess": true }'
  const memory = members(members(spot, { required: { memory: cure } })('memory'), {
    required: { singleProcess: '"singleProcess": true' },
    optional: { maxRecords: '', maxPerIssuer: '' },
  })
  if (memory('singleProcess').value !== true)
    wrong(memory('singleProcess'), 'not true', 'write true when exactly one process serves these bases, else pass a shared store')
  const maxRecords =
    memory('maxRecords').value === undefined ? undefined : { maxRecords: integer(memory('maxRecords'), 1, 10_000_000, 1_000_000) }
  const maxPerIssuer =
    memory('maxPerIssuer').value === undefined
      ? undefined
      : { maxPerIssuer: integer(memory('maxPerIssuer'), 1, 10_000_000, 1_000_000) }
  return { memory: { singleProcess: true, ...maxRecords, ...maxPerIssuer } }
}

/** Reads `time`, with the defaults of spec chapter 12. `isAudited`: some log has a URL. */
export function parseTimes(spot: Spot, isAudited: boolean): TrustTimes {
  const member = optionalMembers(spot, [
    'skewSeconds',
    'maxLifetimeSeconds',
    'bodyTimeoutSeconds',
    'statusRefreshSeconds',
    'maxStalenessSeconds',
    'maxUnprovenSeconds',
  ])
  const unproven = member('maxUnprovenSeconds')
  if (unproven.value !== undefined && !isAudited)
    wrong(unproven, 'no log has a "url", so none is audited', 'write the "url" of a log, or leave it out')
  const statusRefreshSeconds = integer(member('statusRefreshSeconds'), 1, 3600, 60)
  const maxStalenessSeconds = integer(member('maxStalenessSeconds'), ...STALENESS, 600)
  if (statusRefreshSeconds >= maxStalenessSeconds)
    wrong(
      member('statusRefreshSeconds'),
      `not less than maxStalenessSeconds (${maxStalenessSeconds}), so every list would be stale before it is read again`,
      'write 60, or a longer maxStalenessSeconds',
    )
  return {
    skewSeconds: integer(member('skewSeconds'), 0, 30, 5),
    maxLifetimeSeconds: integer(member('maxLifetimeSeconds'), 1, LIMITS.tokenSeconds, 60),
    bodyTimeoutSeconds: integer(member('bodyTimeoutSeconds'), 1, 30, 30),
    statusRefreshSeconds,
    maxStalenessSeconds,
    maxUnprovenSeconds: integer(unproven, 60, 86_400, 900),
  }
}

/** Reads `maxStalenessSeconds` of one issuer, which is that of `time` when absent. */
export function parseStaleness(spot: Spot, time: TrustTimes): number {
  const seconds = integer(spot, ...STALENESS, time.maxStalenessSeconds)
  if (time.statusRefreshSeconds < seconds) return seconds
  return wrong(
    spot,
    `not more than statusRefreshSeconds (${time.statusRefreshSeconds}), so every list would be stale before it is read again`,
    'write a longer time, or a shorter statusRefreshSeconds',
  )
}

const STALENESS = [60, 86_400] as const

/** Reads `limits`: each only downwards. */
export function parseLimits(spot: Spot): TrustLimits {
  const member = optionalMembers(spot, ['tokenBytes', 'passportBytes', 'proofChars', 'bodyBytes', 'delegations'])
  return {
    tokenBytes: integer(member('tokenBytes'), 1024, LIMITS.token, LIMITS.token),
    passportBytes: integer(member('passportBytes'), 1024, LIMITS.passport, LIMITS.passport),
    proofChars: integer(member('proofChars'), 512, LIMITS.proof, LIMITS.proof),
    bodyBytes: integer(member('bodyBytes'), 0, LIMITS.content, LIMITS.content),
    delegations: integer(member('delegations'), 0, 2, 0),
  }
}

/** Reads `require`: least grades for every route. */
export function parseRequire(spot: Spot): GradeRequirement {
  const member = optionalMembers(spot, FACTS)
  let require: GradeRequirement = {}
  for (const fact of FACTS) {
    if (member(fact).value === undefined) continue
    const grade = optionalMembers(member(fact), ['asserted', 'checked'])
    const asserted = grade('asserted').value === undefined ? undefined : { asserted: choice(grade('asserted'), GRADES) }
    const checked = grade('checked').value === undefined ? undefined : { checked: choice(grade('checked'), GRADES) }
    require = { ...require, [fact]: { ...asserted, ...checked } }
  }
  return require
}

/** A boolean that is false when absent. */
export function flag(spot: Spot): boolean {
  if (spot.value === undefined || spot.value === false) return false
  return spot.value === true ? true : wrong(spot, 'neither true nor false', 'write false, or leave it out')
}
