/** The pinned keys of a bundle, each with one role, looked up by (role, DID, kid) and never by anything else (spec chapter 14). @module */
import {
  formatDidKey,
  defaultCrypto,
  Malformed,
  parseDidUrl,
  parseEd25519Jwk,
  parseSeconds,
  thumbprint,
  type Ed25519PublicKey,
} from '@aiegis/protocol'
import { checkReachable, type DidWebParty, type DidWebSettings } from './trust-did-web.ts'
import { attempt, elements, members, parsed, unique, wrong, type Spot } from './trust-reader.ts'

/** A key that the receiver was given. */
export interface TrustedKey {
  readonly did: string
  /** DID URL whose DID is `did`. */
  readonly kid: string
  readonly key: Ed25519PublicKey
  /** Epoch seconds: may be used from here on … */
  readonly validFrom?: number
  /** … and before this. */
  readonly validUntil?: number
}

/** What a key is for. */
export type KeyRole = 'harness' | 'issuer' | 'status' | 'log' | 'witness' | 'receiver'

/** Finds a key of one role. */
export type KeyLookup = (did: string, kid: string) => TrustedKey | undefined

/** Collects the keys of a bundle; refuses a key that already has another role. */
export interface KeyRing {
  /** Reads `keys` of the party `did`. */
  readKeys(spot: Spot, role: KeyRole, did: string): void
  /** Reads `didWeb` of the party `did`, whose keys are in its document then. */
  readDidWeb(spot: Spot, role: DidWebParty['role'], did: string): void
  /** Parties that `readDidWeb` was called for. */
  readonly didWebParties: readonly DidWebParty[]
  /** Notes a key that is not looked up by DID. */
  claim(spot: Spot, role: KeyRole, key: Ed25519PublicKey): void
  lookup(role: KeyRole): KeyLookup
  /** The role of the key with that RFC 7638 thumbprint. */
  roleOf(jkt: string): KeyRole | undefined
}

/** An empty ring. */
export function createKeyRing(didWeb: DidWebSettings): KeyRing {
  const crypto = defaultCrypto()
  const didWebParties: DidWebParty[] = []
  const roles = new Map<string, { readonly role: KeyRole; readonly path: string }>()
  const keys: Readonly<Record<KeyRole, Map<string, TrustedKey>>> = {
    harness: new Map(),
    issuer: new Map(),
    status: new Map(),
    log: new Map(),
    witness: new Map(),
    receiver: new Map(),
  }

  const claim = (spot: Spot, role: KeyRole, key: Ed25519PublicKey): void => {
    const name = thumbprint(crypto, key)
    const earlier = roles.get(name)
    // Whoever holds a key of two roles could sign the one kind of evidence as the other.
    if (earlier !== undefined && earlier.role !== role) {
      wrong(
        spot,
        `the same key as ${earlier.path}, which has the role ${earlier.role}`,
        `write a key of its own for the role ${role}`,
      )
    }
    roles.set(name, { role, path: spot.path })
  }

  return {
    claim,
    readKeys(spot, role, did) {
      const cure = `write [{ "kid": "${did}#1", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": "…" } }]`
      const found = elements(spot, 1, 16, cure).map((element) => parseKey(element, did))
      unique(found.map(({ kidSpot }) => kidSpot))
      if (role !== 'status') for (const { trusted, jwkSpot } of found) checkDidKey(jwkSpot, trusted)
      for (const { trusted, kidSpot, jwkSpot } of found) {
        const other = Object.values(keys).some((known) => known !== keys[role] && known.has(trusted.kid))
        if (other) wrong(kidSpot, 'a kid that names a key of another role', 'write another fragment: one kid, one key')
        claim(jwkSpot, role, trusted.key)
        keys[role].set(trusted.kid, trusted)
      }
    },
    didWebParties,
    readDidWeb(spot, role, did) {
      if (spot.value !== true) wrong(spot, 'not true', `write true, or pin keys: ${KEYS_CURE} instead`)
      if (!did.startsWith('did:web:')) wrong(spot, 'only a did:web has a document that is read', `pin keys: ${KEYS_CURE} instead`)
      // One document cannot say which of its keys are for which role.
      if (didWebParties.some((other) => other.did === did && other.role !== role))
        wrong(spot, 'the same document as for another role', `pin the keys of one of them: ${KEYS_CURE} instead`)
      checkReachable(spot, did, didWeb)
      didWebParties.push({ role, did })
    },
    roleOf: (jkt) => roles.get(jkt)?.role,
    lookup: (role) => (did, kid) => {
      const found = keys[role].get(kid)
      return found?.did === did ? found : undefined
    },
  }
}

const KEYS_CURE = 'write "keys" with the public keys'

function parseKey(spot: Spot, did: string): { readonly trusted: TrustedKey; readonly kidSpot: Spot; readonly jwkSpot: Spot } {
  const member = members(spot, {
    required: { kid: `"kid": "${did}#1"`, jwk: '"jwk": { "kty": "OKP", "crv": "Ed25519", "x": "…" }' },
    optional: { validFrom: TIME, validUntil: TIME },
  })
  const kidSpot = member('kid')
  const jwkSpot = member('jwk')
  const kid = parsed(kidSpot, (text) => checkKid(text, did), `write a DID URL of this party, such as "${did}#1"`)
  const key = attempt(
    jwkSpot,
    () => parseEd25519Jwk(jwkSpot.value),
    'write exactly { "kty": "OKP", "crv": "Ed25519", "x": "43 characters" } of the public key',
  )
  const validFrom = time(member('validFrom'))
  const validUntil = time(member('validUntil'))
  if (validFrom !== undefined && validUntil !== undefined && validFrom >= validUntil) {
    wrong(member('validUntil'), 'not later than "validFrom"', 'write a later time, or leave it out')
  }
  const times = {
    ...(validFrom === undefined ? undefined : { validFrom }),
    ...(validUntil === undefined ? undefined : { validUntil }),
  }
  return { trusted: { did, kid, key, ...times }, kidSpot, jwkSpot }
}

/** A did:key is its key: another one cannot speak for it. Its status lists need a key of their own and are not bound by this. */
function checkDidKey(spot: Spot, { did, key }: TrustedKey): void {
  if (did.startsWith('did:key:') && formatDidKey(key) !== did)
    wrong(spot, 'not the key that its did:key encodes', 'write that key')
}

function checkKid(text: string, did: string): string {
  if (parseDidUrl(text).did !== did) throw new Malformed('a key of another DID')
  return text
}

const TIME = '2027-01-01T00:00:00Z'

function time(spot: Spot): number | undefined {
  return spot.value === undefined ? undefined : parsed(spot, parseSeconds, `write a UTC time such as "${TIME}"`)
}
