/** Every party of the suite and every key: the one list from which trust bundles and requests are made. @module */
import { Point } from '@noble/ed25519'
import { sha256, utf8 } from './bytes.ts'
import { agentKid, didKey } from './did.ts'
import { keyPairOf, type KeyPair } from './ed25519.ts'

/** Harnesses and issuers by label, with the fragments of their pinned keys: label `harness` is `#1`, label `harness-old` is `#old`. */
export const DIDS: Readonly<Record<string, string>> = {
  harness: 'did:web:harness.conformance.example',
  'second-harness': 'did:web:second-harness.conformance.example',
  issuer: 'did:web:issuer.conformance.example',
  'root-issuer': 'did:web:root-issuer.conformance.example',
  'hop-issuer': 'did:web:hop-issuer.conformance.example',
  'listed-issuer': 'did:web:listed-issuer.conformance.example',
  'turning-issuer': 'did:web:turning-issuer.conformance.example',
  'replaying-issuer': 'did:web:replaying-issuer.conformance.example',
  'forgetful-issuer': 'did:web:forgetful-issuer.conformance.example',
  'silent-issuer': 'did:web:silent-issuer.conformance.example',
  'returning-issuer': 'did:web:returning-issuer.conformance.example',
  'staying-issuer': 'did:web:staying-issuer.conformance.example',
  'leaving-issuer': 'did:web:leaving-issuer.conformance.example',
  nobody: 'did:web:nobody.conformance.example',
}

/** Origins of logs by label. */
export const ORIGINS: Readonly<Record<string, string>> = {
  log: 'ledger.conformance.example/main',
  'second-log': 'ledger.conformance.example/second',
  'nobody-log': 'ledger.conformance.example/nobody',
  'tree-log': 'ledger.conformance.example/tree',
  'cosigned-log': 'ledger.conformance.example/cosigned',
  'audit-honest': 'ledger.conformance.example/audit/honest',
  'audit-late': 'ledger.conformance.example/audit/late',
  'audit-invented': 'ledger.conformance.example/audit/invented',
  'audit-split': 'ledger.conformance.example/audit/split',
  'audit-fork': 'ledger.conformance.example/audit/fork',
  'audit-back': 'ledger.conformance.example/audit/back',
  'audit-silent': 'ledger.conformance.example/audit/silent',
  'audit-moved': 'ledger.conformance.example/audit/moved',
  'audit-torn': 'ledger.conformance.example/audit/torn',
  'audit-hollow': 'ledger.conformance.example/audit/hollow',
  'audit-swapped': 'ledger.conformance.example/audit/swapped',
  'audit-forged': 'ledger.conformance.example/audit/forged',
  'audit-witnessed': 'ledger.conformance.example/audit/witnessed',
  'audit-few': 'ledger.conformance.example/audit/few',
  'audit-spoiled': 'ledger.conformance.example/audit/spoiled',
}

/** Witnesses of the cosigned logs; two of them are the quorum. */
export const WITNESSES: readonly string[] = ['witness-1', 'witness-2', 'witness-3']

/** The name of a witness's key. */
export function witnessName(label: string): string {
  return `${label}.conformance.example`
}

/** Parties whose documents the suite host serves over TLS, one at a port of its own, in the order of these ports. */
export const SECURE: readonly string[] = ['tls-good', 'tls-name', 'tls-expired', 'tls-stranger']

/** How far the first of these ports is from that of the suite host. */
export const SECURE_OFFSET = 4

/** Where the pinned keys `#old` end and `#next` begin: so far away that no clock of a receiver is between. */
export const OLD_UNTIL = '2021-01-01T00:00:00Z'
/** When the keys `#next` begin. */
export const NEXT_FROM = '2090-01-01T00:00:00Z'

/** What names are made of. */
export interface Place {
  readonly seed: string
  readonly hostUrl: URL | null
}

const IDENTITY = Uint8Array.of(1, ...new Uint8Array(31))
const ORDER_8 = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', true)

const known = new Map<string, KeyPair>()

/** The key of a label: from SHA-256 of seed, line feed and label. Three labels name keys that nobody should have. */
export function keyOf(seed: string, label: string): KeyPair {
  const name = `${seed}\n${label}`
  const found = known.get(name) ?? makeKey(name, label)
  known.set(name, found)
  return found
}

function makeKey(name: string, label: string): KeyPair {
  const key = keyPairOf(sha256(utf8(name)))
  switch (label) {
    case 'agent-identity': // of order 1: under it a signature is good for every message
      return { ...key, scalar: 0n, publicKey: IDENTITY }
    case 'agent-beyond-p': // the same point, with p added to its y
      return { ...key, scalar: 0n, publicKey: Uint8Array.of(0xee, ...new Uint8Array(30).fill(0xff), 0x7f) }
    case 'agent-mixed': // a point of composite order, which spec 2.3 allows
      return { ...key, publicKey: Point.fromBytes(key.publicKey).add(ORDER_8).toBytes() }
    default:
      return key
  }
}

/** A point of order 8. */
export function torsion(): Point {
  return ORDER_8
}

/** The DID of a label: that of the party, of one that the suite host has a document of, or the did:key of an agent. Throws `RangeError` for a label that names nobody. */
export function didOf(world: Place, label: string): string {
  const party = DIDS[partyOf(label)]
  if (party !== undefined) return party
  if (label.startsWith('web-')) return documentDid(world, label)
  if (!label.startsWith('agent')) throw new RangeError(`nobody is called ${label}`)
  return agentDid(world, label)
}

/** The did:key of a label as an agent, also of one whose key has another role. */
export function agentDid({ seed }: Place, label: string): string {
  return didKey(keyOf(seed, label).publicKey)
}

/** The DID URL under which a label signs. */
export function kidOf(world: Place, label: string): string {
  const party = partyOf(label)
  if (label.startsWith('web-')) return `${didOf(world, label)}#1`
  if (DIDS[party] === undefined) return agentKid(didOf(world, label))
  return `${DIDS[party]}#${label === party ? '1' : label.slice(party.length + 1)}`
}

/** The did:web of a party whose document the suite host serves: label `web-good` has its document below `/d/good`. */
function documentDid({ hostUrl }: Place, label: string): string {
  const name = label.slice('web-'.length)
  // Behind the port after that of the host is a trap: nobody may ask for the document of a party that the bundle does not have.
  const offset = SECURE.includes(name) ? SECURE_OFFSET + SECURE.indexOf(name) : name === 'unlisted' ? 1 : 0
  const port = Number(hostUrl?.port ?? '0') + offset
  return `did:web:localhost%3A${port}${name === 'root' ? '' : `:d:${name}`}`
}

function partyOf(label: string): string {
  return label.replace(/(?:-(?:old|next|other|status))+$/, '')
}
