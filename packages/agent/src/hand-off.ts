/** Hands a part of an agent's authority to another agent, and takes over what was handed (spec chapter 8.5). @module */
import {
  AHP_VERSION,
  defaultCrypto,
  DELEGATION_TYPE,
  didKeyUrl,
  equal,
  hashText,
  LIMITS,
  parseDelegation,
  parseDidKey,
  signJws,
  utf8,
  type DelegationClaims,
  type MissionPair,
  type Passport,
  type Signer,
} from '@aiegis/protocol'
import { readChain, type ReadChain } from './chain.ts'
import { given } from './given.ts'
import { createIdentifier } from './identifier.ts'

/** What is handed off, by whom and to whom. */
export interface HandOffOptions {
  /** The chain of the agent that hands off: its passport, or `chain` of what `takeOver` returned. */
  readonly chain: string
  /** Holds the key of the last passport in `chain`. */
  readonly signer: Signer
  /** The agent that gets it, a `did:key`. */
  readonly to: string
  /** Origins of the receivers at which it may be used, at most 8. */
  readonly audience: string | readonly string[]
  /** What may be done under it; the missions of all passports hold too. */
  readonly mission: readonly MissionPair[]
  /** The task; in a chain with hand-offs it is theirs, else a new one when absent. */
  readonly txn?: string
  /** 600 when absent, at most 86,400. It cannot be taken back: choose the time that the task needs. */
  readonly lifetimeSeconds?: number
  /** How many hand-offs may follow; none when absent. */
  readonly maxDepth?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** What the other agent is sent. It holds passports and delegations, never a token. */
export interface HandOff {
  /** The chain text up to and including the new delegation: `P0~D1`, or `P0~D1~P1~D2`. */
  readonly handOff: string
  /** The task; every token under the hand-off carries it. */
  readonly txn: string
  /** When it ends, epoch seconds. */
  readonly expires: number
  /** True when the chain ends before the lifetime that was asked for: then `expires` is the end of the chain. */
  readonly shortened: boolean
}

/**
 * Signs a delegation and returns the text for the child. Rejects with `TypeError` what receivers would refuse as far as the chain shows
 * it: a signer that is not its last agent, a child that is in it, hand-offs used up, another task, an audience that the hand-off before
 * does not have, members without the form, more than 1,100 characters. Verifies no signature of the chain: an agent holds no trust.
 */
export async function handOff(options: HandOffOptions): Promise<HandOff> {
  const { signer } = options
  const chain = readChain(options.chain)
  const { last, before, maxDepth } = placeOf(chain, options)
  const iat = Math.floor((options.now ?? Date.now)() / 1000)
  const asked = iat + lifetimeOf(options)
  const exp = Math.min(asked, last.validUntil, before?.exp ?? asked)
  if (exp <= iat) throw new TypeError('handOff: the chain has ended; begin with one that is in force')
  const crypto = defaultCrypto()
  const claims = checkedClaims(
    {
      ahp: AHP_VERSION,
      iss: last.subject,
      sub: options.to,
      aud: typeof options.audience === 'string' ? [options.audience] : options.audience,
      iat,
      exp,
      jti: createIdentifier(),
      txn: before?.txn ?? options.txn ?? createIdentifier(),
      par: hashText(crypto, utf8(options.chain)),
      depth: chain.passports.length,
      maxDepth,
      mission: options.mission,
    },
    before,
  )
  // The one key of a did:key has one name, whatever name the signer has for it.
  const delegation = await signJws(
    { kid: didKeyUrl(last.subject), publicKey: signer.publicKey, sign: (bytes) => signer.sign(bytes) },
    { typ: DELEGATION_TYPE },
    { ...claims, mission: claims.mission.map((pair) => ({ ...pair })) },
  )
  if (delegation.length > LIMITS.delegation)
    throw new TypeError(
      `handOff: ${delegation.length} characters, receivers read ${LIMITS.delegation}; shorten the mission or the audience`,
    )
  return { handOff: `${options.chain}~${delegation}`, txn: claims.txn, expires: exp, shortened: exp < asked }
}

/** What an agent was handed, for it to judge before it acts. Said by the chain: nobody's signature was verified, nor who brought it. */
export interface TakenOver {
  /** For `harnessFetch`, and for a hand-off of its own. */
  readonly chain: string
  /** On whose authority the task is done: the agent of the first passport, a `did:key`. */
  readonly principal: string
  /** Who handed it off, a `did:key`; the principal when it is the first hand-off. Whoever brings it has to prove that it is this agent. */
  readonly from: string
  /** The task; every token under the hand-off carries it. */
  readonly txn: string
  /** Origins of the receivers at which it may be used: those that every delegation names. */
  readonly audience: readonly string[]
  /** What the last delegation allows; the missions of the passports and of delegations before hold too. */
  readonly mission: readonly MissionPair[]
  /** When the first of its delegations ends, epoch seconds. */
  readonly expires: number
}

/**
 * Reads a hand-off for the agent of `ownPassport`. Throws `TypeError` when it is for another agent or by another than that of the passport
 * before it, when something is missing or added, when its delegations are for two tasks or have no receiver in common, and when the whole
 * has more than 7,980 characters. Verifies no signature and no time: the harness refuses what nobody it knows vouches for. Does not say who
 * brings it either, and a hand-off is no secret: whoever takes it from a network authenticates the sender and compares with `from` (spec
 * chapter 8.5).
 */
export function takeOver(handedOff: string, ownPassport: string): TakenOver {
  if (ownPassport.includes('~')) throw new TypeError('takeOver: a chain in place of a passport; give the own passport alone')
  if (handedOff.split('~', 6).length % 2 !== 0) throw notHandedOff()
  const chain = `${handedOff}~${ownPassport}`
  const { delegations } = readChain(chain)
  const [first, last] = [delegations[0], delegations.at(-1)]
  if (first === undefined || last === undefined) throw notHandedOff()
  const audience = last.aud.filter((origin) => delegations.every(({ aud }) => aud.includes(origin)))
  if (audience.length === 0)
    throw new TypeError('takeOver: no receiver is named by all its delegations; ask for another hand-off')
  const expires = Math.min(...delegations.map(({ exp }) => exp))
  return { chain, principal: first.iss, from: last.iss, txn: last.txn, audience, mission: last.mission, expires }
}

function notHandedOff(): TypeError {
  return new TypeError('takeOver: not a hand-off, which ends in a delegation; give the text that handOff() returned')
}

const LIFETIME_SECONDS = 600

function lifetimeOf({ lifetimeSeconds = LIFETIME_SECONDS }: HandOffOptions): number {
  if (Number.isInteger(lifetimeSeconds) && lifetimeSeconds >= 1 && lifetimeSeconds <= LIMITS.delegationSeconds)
    return lifetimeSeconds
  throw new TypeError(`handOff: lifetimeSeconds ${lifetimeSeconds}; write whole seconds from 1 to ${LIMITS.delegationSeconds}`)
}

/** Where in the chain the new delegation stands: who makes it, after which, and how many may follow. */
function placeOf(
  { passports, delegations }: ReadChain,
  options: HandOffOptions,
): { readonly last: Passport; readonly before: DelegationClaims | undefined; readonly maxDepth: number } {
  const last = passports.at(-1)
  const before = delegations.at(-1)
  if (last === undefined || !equal(last.key.bytes, options.signer.publicKey.bytes))
    throw new TypeError('handOff: the signer does not hold the key of the last passport; an agent hands off its own chain only')
  if (passports[0]?.delegatedOnly === true)
    throw new TypeError('handOff: the first passport is for delegation only; begin with one that may act for itself')
  if (passports.some(({ subject }) => subject === options.to))
    throw new TypeError(`handOff: ${options.to} is in the chain already; hand off to another agent`)
  const allowed = Math.min(last.maxDepth, before?.maxDepth ?? last.maxDepth) - 1
  const { maxDepth = 0 } = options
  if (maxDepth > allowed)
    throw new TypeError(
      allowed < 0
        ? 'handOff: the chain allows no further hand-off; its passports and delegations say how many in maxDepth'
        : `handOff: maxDepth ${maxDepth} is more than the chain allows; write at most ${allowed}`,
    )
  if (before !== undefined && options.txn !== undefined && options.txn !== before.txn)
    throw new TypeError(`handOff: the hand-off before is for task ${before.txn}; leave txn out`)
  return { last, before, maxDepth }
}

/** The claims as the reader of receivers returns them, so that what is signed is what they read. */
function checkedClaims(claims: DelegationClaims, before: DelegationClaims | undefined): DelegationClaims {
  given(
    () => parseDidKey(claims.sub),
    (problem) => `handOff: to: ${problem}; write the agent's did:key`,
  )
  const checked = given(
    () => parseDelegation(utf8(JSON.stringify(claims))),
    (problem) => `handOff: ${problem}; no receiver reads such a delegation (spec chapter 8.5)`,
  )
  const lost = before && checked.aud.find((origin) => !before.aud.includes(origin))
  if (lost !== undefined) throw new TypeError(`handOff: the hand-off before is not for ${lost}; name receivers that it names`)
  return checked
}
