/** Decides what a receiver trusts: reads the bundle once, whole and closed, into tables that the road looks things up in (spec chapter 14). @module */
import { AHP_VERSION, OBLIGATIONS, type Obligation } from '@aiegis/protocol'
import type { GradeRequirement } from './requirement.ts'
import type { StatusIssuer } from './status.ts'
import { parseAudience, parseBases, targetUriOf, type Base, type TargetUri } from './trust-bases.ts'
import { parseDidWeb, type DidWebParty, type DidWebSettings } from './trust-did-web.ts'
import { createKeyRing, type KeyLookup, type KeyRole } from './trust-keys.ts'
import {
  parseHarness,
  parseIssuer,
  parseLedger,
  type TrustedHarness,
  type TrustedIssuer,
  type TrustedLedger,
} from './trust-parties.ts'
import { choice, choices, elements, members, wrong, type Spot } from './trust-reader.ts'
import {
  flag,
  parseLimits,
  parseReplay,
  parseRequire,
  parseTimes,
  type TrustLimits,
  type TrustReplay,
  type TrustTimes,
} from './trust-settings.ts'

export type { Base, TargetUri } from './trust-bases.ts'
export type { DidWebParty, DidWebSettings } from './trust-did-web.ts'
export type { KeyLookup, KeyRole, TrustedKey } from './trust-keys.ts'
export type { TrustedHarness, TrustedIssuer, TrustedLedger } from './trust-parties.ts'
export type { TrustLimits, TrustReplay, TrustTimes } from './trust-settings.ts'

/** A bundle that was read and found right: every key imported, every name resolved. */
export interface TrustConfig {
  readonly audience: string
  readonly bases: readonly Base[]
  readonly targetUri: TargetUri
  readonly harnessDids: readonly string[]
  readonly issuerDids: readonly string[]
  readonly statusIssuers: readonly StatusIssuer[]
  harness(did: string): TrustedHarness | undefined
  issuer(did: string): TrustedIssuer | undefined
  ledger(origin: string): TrustedLedger | undefined
  readonly ledgers: readonly TrustedLedger[]
  /** Validity of the key found is for the caller to judge, at each use. */
  readonly harnessKey: KeyLookup
  readonly issuerKey: KeyLookup
  readonly statusKey: KeyLookup
  /** The role of a pinned key, by its RFC 7638 thumbprint. */
  readonly roleOf: (jkt: string) => KeyRole | undefined
  readonly didWeb: DidWebSettings
  /** Parties whose keys are in their DID documents; the look-ups above have none of theirs. */
  readonly didWebParties: readonly DidWebParty[]
  /** Absent when the caller brings a store. */
  readonly replay?: TrustReplay
  readonly time: TrustTimes
  readonly limits: TrustLimits
  readonly require: GradeRequirement
  readonly acceptWarn: boolean
  readonly acceptObligations: readonly Obligation[]
}

/**
 * Reads a trust bundle, parsed JSON. Throws `TypeError` with one sentence: the path of the member, what is wrong, what to write instead.
 * Local hosts, addresses and http are accepted where the bundle lists them, and nowhere else. Does not fetch anything.
 */
export function parseTrustBundle(value: unknown): TrustConfig {
  const member = members({ path: '', value }, BUNDLE)
  choice(member('ahp'), [AHP_VERSION])
  const didWeb = parseDidWeb(member('didWeb'))
  const ring = createKeyRing(didWeb)
  const bases = parseBases(member('bases'))
  const listed = (name: 'ledgers' | 'harnesses' | 'issuers', max: number): readonly Spot[] =>
    elements(member(name), 1, max, `write ${BUNDLE.required[name]}`)
  const ledgers = tableOf(
    listed('ledgers', 64),
    (spot) => parseLedger(spot, ring),
    ({ origin }) => origin,
  )
  const harnesses = tableOf(
    listed('harnesses', 64),
    (spot) => parseHarness(spot, ring, ledgers),
    ({ did }) => did,
  )
  const isAudited = [...ledgers.values()].some(({ url }) => url !== undefined)
  const time = parseTimes(member('time'), isAudited)
  const issuers = tableOf(
    listed('issuers', 256),
    (spot) => parseIssuer(spot, ring, time),
    ({ did }) => did,
  )
  const statusKey = ring.lookup('status')
  const replay = parseReplay(member('replay'))
  return {
    audience: parseAudience(member('audience'), bases),
    bases,
    targetUri: targetUriOf(bases),
    harnessDids: [...harnesses.keys()],
    issuerDids: [...issuers.keys()],
    statusIssuers: [...issuers.values()].flatMap(({ did, status }) =>
      status === 'unrevocable' ? [] : [{ did, ...status, key: (kid: string) => statusKey(did, kid) }],
    ),
    harness: (did) => harnesses.get(did),
    issuer: (did) => issuers.get(did),
    ledger: (origin) => ledgers.get(origin),
    ledgers: [...ledgers.values()],
    harnessKey: ring.lookup('harness'),
    issuerKey: ring.lookup('issuer'),
    statusKey,
    roleOf: (jkt) => ring.roleOf(jkt),
    didWeb,
    didWebParties: ring.didWebParties,
    ...(replay === undefined ? undefined : { replay }),
    time,
    limits: parseLimits(member('limits')),
    require: parseRequire(member('require')),
    acceptWarn: flag(member('acceptWarn')),
    acceptObligations: choices(member('acceptObligations'), 0, OBLIGATIONS),
  }
}

const BUNDLE = {
  required: {
    ahp: `"ahp": "${AHP_VERSION}"`,
    audience: '"audience": "https://api.example.com"',
    bases: '"bases": [{ "public": "https://api.example.com", "mount": "/", "authority": "match" }]',
    harnesses: '"harnesses": [{ "did": "did:web:harness.example", "keys": […], "ledgers": ["ledger.example/aiegis/1"] }]',
    issuers:
      '"issuers": [{ "did": "did:web:identity.example", "keys": […], "roles": ["root"], "status": { "lists": […], "keys": […] } }]',
    ledgers: '"ledgers": [{ "origin": "ledger.example/aiegis/1", "vkey": "…", "assurance": "proof" }]',
  },
  optional: { didWeb: '', replay: '', time: '', limits: '', require: '', acceptWarn: '', acceptObligations: '' },
} as const

/** Reads every element into a table by its name; a name that occurs twice is refused. */
function tableOf<T>(spots: readonly Spot[], parse: (spot: Spot) => T, nameOf: (entry: T) => string): ReadonlyMap<string, T> {
  const table = new Map<string, T>()
  for (const spot of spots) {
    const entry = parse(spot)
    const name = nameOf(entry)
    if (table.has(name)) wrong(spot, `a second entry for "${name}"`, 'write one entry with everything')
    table.set(name, entry)
  }
  return table
}
