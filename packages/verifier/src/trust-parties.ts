/** Who a bundle trusts: harnesses, passport issuers and logs, each with its keys (spec chapter 14). @module */
import { checkDid, LOG_KEY_TYPE, Malformed, parseNormalUrl, parseVkey, type Vkey } from '@aiegis/protocol'
import type { KeyRing } from './trust-keys.ts'
import { choice, choices, elements, members, parsed, unique, wrong, type Spot } from './trust-reader.ts'
import { parseStaleness, type TrustTimes } from './trust-settings.ts'
import { parseWitnesses } from './trust-witnesses.ts'

/** A harness whose tokens are accepted. */
export interface TrustedHarness {
  readonly did: string
  /** Origins of the logs that it may use. */
  readonly ledgers: ReadonlySet<string>
}

/** A passport issuer. */
export interface TrustedIssuer {
  readonly did: string
  readonly roles: ReadonlySet<'root' | 'hop'>
  /** URLs of its status lists, or that its passports cannot be revoked. */
  readonly status: 'unrevocable' | { readonly lists: readonly string[]; readonly maxStalenessSeconds: number }
}

/** A log whose tree heads are accepted. */
export interface TrustedLedger {
  readonly origin: string
  readonly vkey: Vkey
  /** Where it is published; without it nothing audits it. */
  readonly url?: string
  readonly assurance: 'proof' | 'cosigned'
  /** How many different witnesses must have signed; 0 with `proof`. */
  readonly quorum: number
  readonly witnesses: readonly Vkey[]
}

/** Reads one of `harnesses`; each of its logs must be one of `ledgers`. */
export function parseHarness(spot: Spot, ring: KeyRing, ledgers: ReadonlyMap<string, TrustedLedger>): TrustedHarness {
  const member = members(spot, {
    required: { did: '"did": "did:web:harness.example"', ledgers: '"ledgers": ["ledger.example/aiegis/1"]' },
    optional: { keys: '', didWeb: '' },
  })
  const did = parseParty(member, ring, 'harness')
  const origins = elements(member('ledgers'), 1, 16, 'write the origins of the logs that this harness may use')
  unique(origins)
  const names = origins.map((origin) => {
    const known = [...ledgers.keys()].find((name) => name === origin.value)
    return known ?? wrong(origin, 'not a log of this bundle', 'write the origin of an entry of "ledgers", or add that entry')
  })
  return { did, ledgers: new Set(names) }
}

/** Reads one of `issuers`. */
export function parseIssuer(spot: Spot, ring: KeyRing, time: TrustTimes): TrustedIssuer {
  const member = members(spot, {
    required: { did: '"did": "did:web:identity.example"', roles: '"roles": ["root"]', status: STATUS },
    optional: { keys: '', didWeb: '' },
  })
  const did = parseParty(member, ring, 'issuer')
  const roles = new Set(choices(member('roles'), 1, ROLES))
  return { did, roles, status: parseStatus(member('status'), ring, did, time) }
}

const ROLES = ['root', 'hop'] as const
const STATUS = '"status": { "lists": ["https://identity.example/status/revocation/1"], "keys": […] }'

function parseStatus(spot: Spot, ring: KeyRing, did: string, time: TrustTimes): TrustedIssuer['status'] {
  if (spot.value === 'unrevocable') return 'unrevocable'
  if (typeof spot.value === 'string')
    wrong(spot, 'not an object', `write ${STATUS}, or "status": "unrevocable" when its passports cannot be revoked`)
  const member = members(spot, {
    required: { lists: '"lists": ["https://identity.example/status/revocation/1"]', keys: '"keys": […]' },
    optional: { maxStalenessSeconds: '' },
  })
  const urls = elements(member('lists'), 1, 64, 'write the URLs of its status lists')
  unique(urls)
  const lists = urls.map((url) => parsed(url, plainUrl, 'write an https URL without query in normal form'))
  ring.readKeys(member('keys'), 'status', did)
  return { lists, maxStalenessSeconds: parseStaleness(member('maxStalenessSeconds'), time) }
}

/** The DID of a party, after its keys were read. */
function parseParty(member: (name: string) => Spot, ring: KeyRing, role: 'harness' | 'issuer'): string {
  const did = parsed(member('did'), checkDid, 'write a did:web or did:key in its one spelling')
  const didWeb = member('didWeb')
  if (didWeb.value === undefined) ring.readKeys(member('keys'), role, did)
  else if (member('keys').value === undefined) ring.readDidWeb(didWeb, role, did)
  else wrong(didWeb, 'stands beside "keys"', 'remove one of the two: keys are pinned, or read from the document')
  return did
}

/** Reads one of `ledgers`. */
export function parseLedger(spot: Spot, ring: KeyRing): TrustedLedger {
  const member = members(spot, {
    required: {
      origin: '"origin": "ledger.example/aiegis/1"',
      vkey: '"vkey": "ledger.example/aiegis/1+…"',
      assurance: '"assurance": "proof"',
    },
    optional: { url: '', witnesses: '' },
  })
  const vkey = parsed(
    member('vkey'),
    (text) => parseVkey(bounded(text, 512)),
    'write the verifier key that the log publishes: name+id+base64',
  )
  const origin = parsed(member('origin'), (text) => bounded(text, 255), 'write the origin line of its checkpoints')
  if (vkey.name !== origin) wrong(member('vkey'), 'a key whose name is not the origin', `write the key of "${origin}"`)
  if (vkey.type !== LOG_KEY_TYPE)
    wrong(member('vkey'), 'not a key of a log', 'write a key of note type 0x01; 0x04 is for witnesses')
  ring.claim(member('vkey'), 'log', vkey.key)
  const assurance = choice(member('assurance'), ['proof', 'cosigned'])
  const ledger = { origin, vkey, assurance, ...parseWitnesses(member('witnesses'), assurance, ring) }
  if (member('url').value === undefined) return ledger
  return { ...ledger, url: parsed(member('url'), plainUrl, 'write an https URL without query in normal form') }
}

function bounded(text: string, maxLength: number): string {
  if (text.length > maxLength) throw new Malformed(`longer than ${maxLength} characters`)
  return text
}

function plainUrl(text: string): string {
  return parseNormalUrl(text, { allowQuery: false }).href
}
