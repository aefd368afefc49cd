/** Receivers that read a passport or a delegation in one place of a chain of three less closely than in every other (spec chapter 8.5). @module */
import { inFile, type Maker, type Mutant } from './mutant.ts'

const decode = inFile('verifier/steps/decode.js')
const passports = inFile('verifier/steps/passports.js')
const delegations = inFile('verifier/steps/delegations.js')
const passport = inFile('protocol/passport.js')
const delegation = inFile('protocol/delegation.js')

/** In the chain of three of the suite each passport, and each delegation, has a `maxDepth` of its own. */
const PASSPORTS = ['third', 'second', 'first']
const DELEGATIONS = ['second', 'first']

const PASSPORT_HEADER = 'map((part) => decodePassport(part, limits.passportBytes))'
const DELEGATION_HEADER = 'map(decodeDelegation)'
const KEY = 'verifyPassport(next, checking, now)'
const ISSUER = 'if (passport.issuer !== jws.signer)'
const MEMBERS = "claim.closed(json, 'the credential', "
const HOLDER = 'if (!equal(key.bytes, named.bytes))'
const YEAR = 'if (validUntil - validFrom > LIMITS.passportSeconds)'
const DELEGATION_MEMBERS = "claim.closed(json, 'the delegation', "
const DAY = 'if (exp - iat > LIMITS.delegationSeconds)'
const KID = 'if (jws.kid !== didKeyUrl(passport.subject))'
const ISS = 'if (claims.iss !== passport.subject)'
const PAR = 'if (claims.par !== hashText(crypto, before))'
const SUB = 'if (delegation.sub !== child.subject)'
const DEPTH = 'if (delegation.depth !== at + 1)'

/** A condition that holds nowhere but in one place. */
function unless(condition: string, place: string): string {
  return condition.replace('if (', `if (!(${place}) && `)
}

/** Reads what is no evidence of this kind as a token, in one place of three. */
function orToken(known: string, at: number, size: string): string {
  return `map((part, at) => { try { return ${known}; } catch (error) { if (at !== ${at} || parts.length < 5) throw error; return decodeToken(part, ${size}); } })`
}

function inPassports(depth: number, name: string): readonly Mutant[] {
  const at = 2 - depth
  const make = (maker: Maker, id: string, what: string, find: string, replace: string): Mutant =>
    maker(`${id}-${name}`, `${what} of the ${name} passport`, find, replace, 'standard')
  const members = `((...words) => (json.credentialSubject?.maxDepth ?? 0) === ${depth} ? words[0] : claim.closed(...words))(json, 'the credential', `
  return [
    make(
      decode,
      'place-typ',
      'does not ask the header',
      PASSPORT_HEADER,
      orToken('decodePassport(part, limits.passportBytes)', at, 'limits.passportBytes'),
    ),
    make(
      passports,
      'place-key-ended',
      'does not ask for the end of the key',
      KEY,
      `verifyPassport(next, checking, passports.length > 1 && links.length === ${at} ? 1_600_000_000 : now)`,
    ),
    make(
      passports,
      'place-issuer',
      'does not compare the issuer with the signer',
      ISSUER,
      unless(ISSUER, `passport.maxDepth === ${depth}`),
    ),
    make(passport, 'place-member', 'does not mind unknown members', MEMBERS, members),
    make(
      passport,
      'place-holder',
      'does not compare the two keys',
      HOLDER,
      unless(HOLDER, `(vc.credentialSubject.maxDepth ?? 0) === ${depth}`),
    ),
    make(passport, 'place-year', 'does not mind the length', YEAR, unless(YEAR, `(subject.maxDepth ?? 0) === ${depth}`)),
  ]
}

function inDelegations(depth: number, name: string): readonly Mutant[] {
  const at = 1 - depth
  const make = (maker: Maker, id: string, what: string, find: string, replace: string): Mutant =>
    maker(`place-delegation-${id}-${name}`, `${what} of the ${name} delegation`, find, replace, 'standard')
  const members = `((...words) => json.depth === ${at + 1} && json.maxDepth === ${depth} ? words[0] : claim.closed(...words))(json, 'the delegation', `
  const parent = `passport.maxDepth === ${depth + 1} && before.includes(0x7e) === ${at === 1}`
  const place = `at === ${at} && links.length === 3`
  return [
    make(decode, 'typ', 'does not ask the header', DELEGATION_HEADER, orToken('decodeDelegation(part)', at, 'LIMITS.delegation')),
    make(delegation, 'member', 'does not mind unknown members', DELEGATION_MEMBERS, members),
    make(
      delegation,
      'day',
      'does not mind the length',
      DAY,
      unless(DAY, `claims.depth === ${at + 1} && claims.maxDepth === ${depth}`),
    ),
    make(delegations, 'kid', 'does not ask for the key', KID, unless(KID, parent)),
    make(delegations, 'iss', 'does not ask for the agent', ISS, unless(ISS, parent)),
    make(delegations, 'par', 'does not ask for what precedes', PAR, unless(PAR, parent)),
    make(delegations, 'sub', 'does not ask for the receiver', SUB, unless(SUB, place)),
    make(delegations, 'depth', 'does not ask for the place', DEPTH, unless(DEPTH, place)),
  ]
}

export const PLACE_MUTANTS: readonly Mutant[] = [
  ...PASSPORTS.flatMap((name, depth) => inPassports(depth, name)),
  ...DELEGATIONS.flatMap((name, depth) => inDelegations(depth, name)),
]
