/** Reads a chain for the agent that is in it: forms only, because an agent holds no trust (spec chapter 8). @module */
import {
  decodeBase64url,
  decodeDelegation,
  decodePassport,
  LIMITS,
  parseDelegation,
  parsePassport,
  splitPassportHeader,
  type DelegationClaims,
  type Passport,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { given } from './given.ts'

/** What a chain says about itself. Nobody's signature was verified. */
export interface ReadChain {
  readonly passports: readonly Passport[]
  /** Between the passports, one less. */
  readonly delegations: readonly DelegationClaims[]
}

/**
 * Every part of `text`, the value of `X-AEGIS-Passport`. Throws `TypeError` for a part without its form, for more than 7,980 characters,
 * for a delegation whose `iss` and `sub` are not the agents of the passports before and after it, and for delegations of two tasks. Verifies
 * no signature and looks at no clock.
 */
export function readChain(text: string): ReadChain {
  const parts = partsOf(text)
  const chain = { passports: parts.filter((_, at) => at % 2 === 0).map(readPassport), delegations: readDelegations(parts) }
  for (const [at, { iss, sub }] of chain.delegations.entries()) {
    if (iss !== chain.passports[at]?.subject)
      throw new TypeError(`the chain: hand-off ${at + 1} is by ${iss}, which is not the agent of the passport before it`)
    if (sub !== chain.passports[at + 1]?.subject)
      throw new TypeError(`the chain: hand-off ${at + 1} is for ${sub}; it is taken over with the passport of that agent`)
  }
  checkOneTask(chain.delegations)
  return chain
}

/** The task of the hand-offs in a chain, `undefined` for one passport. Throws `TypeError` as `readChain`, but reads no passport. */
export function taskOf(text: string): string | undefined {
  const delegations = readDelegations(partsOf(text))
  checkOneTask(delegations)
  return delegations[0]?.txn
}

function checkOneTask([first, ...others]: readonly DelegationClaims[]): void {
  if (others.some(({ txn }) => txn !== first?.txn))
    throw new TypeError('the chain: its hand-offs are for two tasks; ask for a hand-off of this task')
}

function partsOf(text: string): readonly string[] {
  if (text.length > LIMITS.passportHeader)
    throw new TypeError(`the chain: ${text.length} characters, receivers read ${LIMITS.passportHeader}; shorten its missions`)
  const header = readable(() => splitPassportHeader(text))
  if (header.kind === 'reference') throw new TypeError('the chain: a reference in its place; give the chain itself')
  return header.parts
}

function readPassport(part: string): Passport {
  return readable(() => parsePassport(unverifiedPayload(decodePassport(part))))
}

function readDelegations(parts: readonly string[]): readonly DelegationClaims[] {
  return parts
    .filter((_, at) => at % 2 === 1)
    .map((part) => readable(() => parseDelegation(unverifiedPayload(decodeDelegation(part)))))
}

function readable<T>(read: () => T): T {
  return given(
    read,
    (problem) => `the chain: ${problem}; give a passport as it was issued, or the chain that takeOver() returned`,
  )
}

/** For one's own use only: receivers and the harness believe a payload after its signature. */
function unverifiedPayload({ text }: UnverifiedJws): Uint8Array {
  return decodeBase64url(text.split('.')[1] ?? '')
}
