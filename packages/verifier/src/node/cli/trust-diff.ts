/** Says in sentences who is trusted more, who less, and what else is different between two trust bundles (spec chapter 14). @module */
import type { TrustedLedger } from '../../trust-parties.ts'
import { parseTrustBundle, type TrustConfig } from '../../trust.ts'
import { isObject, type JsonObject, type JsonValue } from '@aiegis/protocol'

/** One difference. `more`: something is accepted that was refused; `less`: the other way round. */
export interface Difference {
  readonly kind: 'more' | 'less' | 'other'
  readonly sentence: string
}

/** Every difference that changes who or what is accepted. Throws `TypeError` as `parseTrustBundle` for a bundle that is wrong. */
export function diffTrust(before: unknown, after: unknown): readonly Difference[] {
  const [old, now] = [sideOf(before), sideOf(after)]
  return [
    ...receiver(old.config, now.config),
    ...parties('harness', old.json['harnesses'], now.json['harnesses']),
    ...parties('issuer', old.json['issuers'], now.json['issuers']),
    ...ledgers(old.config, now.config),
    ...settings(old.config, now.config),
    ...replay(old.config, now.config),
  ]
}

interface Side {
  readonly json: JsonObject
  readonly config: TrustConfig
}

function sideOf(bundle: unknown): Side {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parser has shown that it is an object of JSON
  return { config: parseTrustBundle(bundle), json: bundle as JsonObject }
}

function receiver(old: TrustConfig, now: TrustConfig): readonly Difference[] {
  const audience =
    old.audience === now.audience
      ? []
      : [more(`tokens for ${now.audience} are accepted`), less(`tokens for ${old.audience} are not accepted any more`)]
  return [
    ...audience,
    ...sets(old.bases.map(baseName), now.bases.map(baseName), (base) => `requests for ${base} are answered`),
    ...sets(hostsOf(old), hostsOf(now), (host) => `documents may be read from ${host}`),
    ...(old.didWeb.caFile === now.didWeb.caFile
      ? []
      : [
          changed(
            `certificates are judged by ${now.didWeb.caFile ?? 'the roots of the runtime'} instead of ${old.didWeb.caFile ?? 'the roots of the runtime'}`,
          ),
        ]),
  ]
}

function hostsOf({ didWeb }: TrustConfig): readonly string[] {
  return [...didWeb.hosts].map(([host, scheme]) => `${scheme}://${host}`)
}

/** Harnesses or issuers by DID, and for each what it may do. */
function parties(role: 'harness' | 'issuer', before: JsonValue | undefined, after: JsonValue | undefined): readonly Difference[] {
  const [old, now] = [listOf(before), listOf(after)]
  const does = role === 'harness' ? 'may decide' : 'may vouch for agents'
  const whole = sets(old.map(didOf), now.map(didOf), (did) => `${role} ${did} ${does}`)
  const both = now.flatMap((party) => {
    const known = old.find((other) => didOf(other) === didOf(party))
    return known === undefined ? [] : partyDiff(role, known, party)
  })
  return [...whole, ...both]
}

function partyDiff(role: string, old: JsonObject, now: JsonObject): readonly Difference[] {
  const name = `${role} ${didOf(now)}`
  const [oldStatus, nowStatus] = [old['status'], now['status']]
  return [
    ...keys(name, 'key', old['keys'], now['keys']),
    ...sets(flagOf(old['didWeb']), flagOf(now['didWeb']), () => `${name} is believed with every key of its DID document`),
    ...sets(textsOf(old['roles']), textsOf(now['roles']), (word) => `${name} may vouch in the role ${word}`),
    ...sets(textsOf(old['ledgers']), textsOf(now['ledgers']), (origin) => `${name} may use the log ${origin}`),
    ...sets(isText(oldStatus), isText(nowStatus), () => `${name} may issue passports that nobody can revoke`),
    ...(isObject(oldStatus) && isObject(nowStatus)
      ? [
          ...sets(textsOf(oldStatus['lists']), textsOf(nowStatus['lists']), (list) => `${name} may revoke through ${list}`),
          ...keys(name, 'status key', oldStatus['keys'], nowStatus['keys']),
        ]
      : []),
  ]
}

/** Keys by their id and bytes; of one that stays, the time in which it counts. */
function keys(name: string, what: string, before: JsonValue | undefined, after: JsonValue | undefined): readonly Difference[] {
  const [old, now] = [listOf(before), listOf(after)]
  const window = now.flatMap((key) => {
    const known = old.find((other) => keyOf(other) === keyOf(key))
    return known === undefined
      ? []
      : [
          ...bound(`${name}: ${what} ${keyOf(key)}`, 'from', known['validFrom'], key['validFrom']),
          ...bound(`${name}: ${what} ${keyOf(key)}`, 'until', known['validUntil'], key['validUntil']),
        ]
  })
  return [...sets(old.map(keyOf), now.map(keyOf), (key) => `${name} is believed with the ${what} ${key}`), ...window]
}

function bound(
  name: string,
  end: 'from' | 'until',
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): readonly Difference[] {
  if (before === after) return []
  const [old, now] = [timeIn(before, end), timeIn(after, end)]
  const isWider = end === 'from' ? now < old : now > old
  const sentence = `${name} counts ${end} ${typeof after === 'string' ? after : 'any time'} instead of ${typeof before === 'string' ? before : 'any time'}`
  return [isWider ? more(sentence) : less(sentence)]
}

/** A bound that is absent is none. */
function timeIn(value: JsonValue | undefined, end: 'from' | 'until'): number {
  if (typeof value === 'string') return Date.parse(value)
  return end === 'from' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function ledgers(old: TrustConfig, now: TrustConfig): readonly Difference[] {
  const both = now.ledgers.flatMap((ledger) => {
    const known = old.ledger(ledger.origin)
    return known === undefined ? [] : ledgerDiff(known, ledger)
  })
  return [...sets(originsOf(old), originsOf(now), (origin) => `decisions in the log ${origin} are accepted`), ...both]
}

function ledgerDiff(old: TrustedLedger, now: TrustedLedger): readonly Difference[] {
  const name = `log ${now.origin}`
  return [
    ...(old.vkey.text === now.vkey.text
      ? []
      : [more(`${name} signs with another key`), less(`the key that ${name} had is not believed any more`)]),
    ...asked(old.quorum, now.quorum, (quorum) => `${name} needs ${quorum} witnesses`),
    ...sets(witnessesOf(old), witnessesOf(now), (witness) => `${witness} counts as witness of ${name}`),
    ...sets(audited(old), audited(now), () => `${name} is accepted without being looked at`).map(turned),
  ]
}

function audited({ url }: TrustedLedger): readonly string[] {
  return url === undefined ? [] : ['audited']
}

/** What is audited more is trusted less. */
function turned({ kind, sentence }: Difference): Difference {
  return kind === 'more' ? less(sentence.replace('is accepted without', 'is not accepted without')) : more(sentence)
}

function settings(old: TrustConfig, now: TrustConfig): readonly Difference[] {
  return [
    ...sets(old.acceptObligations, now.acceptObligations, (word) => `the obligation ${word} is accepted`),
    ...sets(old.acceptWarn ? ['warn'] : [], now.acceptWarn ? ['warn'] : [], () => 'decisions with a warning are accepted'),
    ...sets(gradesOf(now), gradesOf(old), (least) => `agents without ${least} are accepted`),
    ...now.statusIssuers.flatMap((issuer) => {
      const known = old.statusIssuers.find(({ did }) => did === issuer.did) ?? issuer
      return number(known, issuer, 'maxStalenessSeconds', `issuer ${issuer.did}: seconds for which its old status list counts`)
    }),
    ...Object.entries(TIMES).flatMap(([member, words]) => number(old.time, now.time, member, words)),
    ...Object.entries(LIMITS).flatMap(([member, words]) => number(old.limits, now.limits, member, words)),
  ]
}

const TIMES = {
  skewSeconds: 'seconds that a clock may be ahead',
  maxLifetimeSeconds: 'seconds that a token may live',
  bodyTimeoutSeconds: 'seconds that content may take',
  statusRefreshSeconds: 'seconds between two readings of a status list',
  maxStalenessSeconds: 'seconds for which an old status list counts',
  maxUnprovenSeconds: 'seconds for which a log may owe its tree',
}
const LIMITS = {
  tokenBytes: 'bytes of a token',
  passportBytes: 'bytes of a passport',
  proofChars: 'characters of a proof',
  bodyBytes: 'bytes of content',
  delegations: 'hand-offs',
}

function number(old: object, now: object, member: string, words: string): readonly Difference[] {
  const [before, after]: readonly unknown[] = [Reflect.get(old, member), Reflect.get(now, member)]
  if (typeof before !== 'number' || typeof after !== 'number' || before === after) return []
  return [(after > before ? more : less)(`${words}: ${after} instead of ${before}`)]
}

function asked(before: number, after: number, sentence: (value: number) => string): readonly Difference[] {
  if (before === after) return []
  return [(after < before ? more : less)(`${sentence(after)} instead of ${before}`)]
}

function replay(old: TrustConfig, now: TrustConfig): readonly Difference[] {
  if (JSON.stringify(old.replay) === JSON.stringify(now.replay)) return []
  return [changed(`used tokens are remembered ${placeOf(now)} instead of ${placeOf(old)}`)]
}

/** What is in one list and not in the other. */
function sets(old: readonly string[], now: readonly string[], sentence: (member: string) => string): readonly Difference[] {
  return [
    ...now.filter((member) => !old.includes(member)).map((member) => more(sentence(member))),
    ...old.filter((member) => !now.includes(member)).map((member) => less(`no longer: ${sentence(member)}`)),
  ]
}

function more(sentence: string): Difference {
  return { kind: 'more', sentence }
}

function less(sentence: string): Difference {
  return { kind: 'less', sentence }
}

function changed(sentence: string): Difference {
  return { kind: 'other', sentence }
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function flagOf(value: JsonValue | undefined): readonly string[] {
  return value === true ? ['yes'] : []
}

function isText(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'string' ? [value] : []
}

function didOf(party: JsonObject): string {
  return textOf(party['did'])
}

function keyOf({ kid, jwk }: JsonObject): string {
  return `${textOf(kid)} (${isObject(jwk) ? textOf(jwk['x']) : ''})`
}

/** The parser has shown that it is text. */
function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function baseName({ public: uri, mount, authority }: TrustConfig['bases'][number]): string {
  return `${uri} at ${mount === '' ? '/' : mount}${authority === 'fixed' ? ', whatever Host says' : ''}`
}

function originsOf({ ledgers: all }: TrustConfig): readonly string[] {
  return all.map(({ origin }) => origin)
}

function witnessesOf(ledger: TrustedLedger): readonly string[] {
  return ledger.witnesses.map(({ text }) => text)
}

function gradesOf({ require }: TrustConfig): readonly string[] {
  return Object.entries(require).flatMap(([fact, grades]) =>
    Object.entries(grades ?? {}).map(([who, least]) => `${fact} ${who} at least ${least}`),
  )
}

function placeOf({ replay: memory }: TrustConfig): string {
  return memory === undefined ? 'in the store given in code' : `in memory, ${JSON.stringify(memory.memory)}`
}
