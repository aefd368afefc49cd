/** Chapters 8 and 9 of the specification, seen by a receiver: passport, mission, the joins to the token, and status. @module */
import {
  encodeBase64url,
  formatDidKey,
  formatSeconds,
  hashText,
  jwkOf,
  thumbprint,
  utf8,
  type JsonObject,
  type JsonValue,
} from '@aiegis/protocol'
import { lineOf, NAMES, withLine, type MockHarness } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { changed, changeFirst, claims, entry, inside, lacking, ORDER, passport, subject, type Case } from './edits.ts'
import { verdictOf, type Make } from './verdict.ts'

const mission = (pairs: JsonValue, wanted = {}): Make => subject({ mission: pairs }, wanted)
const pair = (action: string, target: string, wanted = {}): Make => mission([{ action, target }], wanted)
const fact = (name: string, value: JsonValue): Make =>
  passport((vc) => {
    const { attestations } = vc['credentialSubject'] as { readonly attestations: JsonObject }
    return inside(vc, 'credentialSubject', { attestations: { ...attestations, [name]: value } })
  })
const ANY = 'https://api.example.com/*'

const HEADER: readonly Case[] = [
  ['AHP-PASS-1 two parts', 'passport_malformed', changed('X-AEGIS-Passport', (value) => `${value}~a`)],
  ['AHP-PASS-1 seven parts', 'passport_malformed', changed('X-AEGIS-Passport', () => 'a~b~c~d~e~f~g')],
  ['AHP-PASS-1 a reference that is no hash', 'passport_malformed', changed('X-AEGIS-Passport', () => 'sha-256=AAAA')],
  [
    'AHP-PASS-2 a reference to a chain that is not held',
    'passport_required',
    (h) => {
      const request = h.mint()
      const digest = hashText(h.crypto, utf8(lineOf(request, 'X-AEGIS-Passport') ?? ''))
      return withLine(request, 'X-AEGIS-Passport', `sha-256=${digest}`)
    },
  ],
  [
    'AHP-PASS-2 a reference to another chain than the token names',
    'passport_digest_mismatch',
    changed('X-AEGIS-Passport', () => `sha-256=${'A'.repeat(43)}`),
  ],
  ['AHP-PASS-4 text that is no compact JWS', 'passport_malformed', changed('X-AEGIS-Passport', (value) => `${value}=`)],
  ['AHP-PASS-4 more than 4,096 characters', 'evidence_too_large', changed('X-AEGIS-Passport', () => 'A'.repeat(4097))],
  [
    'AHP-PASS-5 a token sent as a passport',
    'passport_header_invalid',
    (h) => withLine(h.mint(), 'X-AEGIS-Passport', lineOf(h.mint(), 'X-AEGIS-Token') ?? ''),
  ],
  ['AHP-PASS-6 an issuer that the bundle does not list', 'passport_issuer_unknown', signedAs('did:web:elsewhere.example#1')],
  [
    'AHP-PASS-6 a harness is no issuer',
    'passport_issuer_unknown',
    (h) => h.mint({}, { passportHeader: (known) => ({ ...known, kid: h.keys.harness.kid }), passportSigner: h.keys.harness }),
  ],
  ['AHP-PASS-7 a key that the issuer does not have', 'passport_key_unknown', signedAs(`${NAMES.issuer}#2`)],
  [
    'AHP-PASS-7 the key for status lists is none for passports',
    'passport_key_unknown',
    (h) => h.mint({}, { passportHeader: (known) => ({ ...known, kid: h.keys.status.kid }), passportSigner: h.keys.status }),
  ],
  ['AHP-PASS-8 a signature by another key', 'passport_signature_invalid', (h) => h.mint({}, { passportSigner: h.keys.stranger })],
]

const MEMBERS: readonly Case[] = [
  ...['iss', 'sub', 'exp', 'nbf', 'iat', 'jti', 'vc', 'id'].map((name): Case => [
    `AHP-PASS-9 a member ${name}`,
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, [name]: 1 })),
  ]),
  ...['@context', 'type', 'issuer', 'validFrom', 'validUntil', 'credentialSubject', 'cnf'].map((name): Case => [
    `AHP-PASS-9 no member ${name}`,
    'passport_claims_invalid',
    passport((vc) => lacking(vc, name)),
  ]),
  [
    'AHP-PASS-9 a context more',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, '@context': ['https://www.w3.org/ns/credentials/v2', 'https://example.com/v1'] })),
  ],
  [
    'AHP-PASS-9 a type more',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, type: ['VerifiableCredential', 'AiegisPassport', 'Other'] })),
  ],
  ['AHP-PASS-9 an unknown member of the subject', 'passport_claims_invalid', subject({ name: 'a' })],
  [
    'AHP-PASS-9 an unknown member of the status',
    'passport_claims_invalid',
    passport((vc) => inside(vc, 'credentialStatus', { id: 'a' })),
  ],
  [
    'AHP-PASS-9 an end that is not after the beginning',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, validFrom: vc['validUntil'] ?? '' })),
  ],
  ['AHP-PASS-9 a fact with grade none and nothing more', 'served', fact('runtime', { grade: 'none' })],
  [
    'AHP-PASS-9 a fact with grade none and a type',
    'passport_claims_invalid',
    fact('runtime', { grade: 'none', type: 'image-sha256' }),
  ],
  ['AHP-PASS-9 a fact with an unknown grade', 'passport_claims_invalid', fact('runtime', { grade: 'checked' })],
  [
    'AHP-PASS-9 a hardware fact without the thumbprint of its key',
    'passport_claims_invalid',
    fact('hardware', { type: 'tpm2', grade: 'live', time: '2026-11-01T00:00:00Z', digest: 'A'.repeat(43) }),
  ],
  [
    'AHP-PASS-9 five harnesses',
    'passport_claims_invalid',
    subject({ harness: ['a', 'b', 'c', 'd'].map((name) => `did:web:${name}.example`).concat(NAMES.harness) }),
  ],
  [
    'AHP-PASS-9 four harnesses',
    'served',
    subject({ harness: ['a', 'b', 'c'].map((name) => `did:web:${name}.example`).concat(NAMES.harness) }),
  ],
  ['AHP-PASS-9 maxDepth 2', 'served', subject({ maxDepth: 2 })],
  ['AHP-PASS-9 maxDepth 3', 'passport_claims_invalid', subject({ maxDepth: 3 })],
  ['AHP-PASS-9 a risk that does not exist', 'passport_claims_invalid', subject({ risk: 'unacceptable' })],
  ['AHP-PASS-9 a jurisdiction with a part', 'served', subject({ jurisdiction: 'US-CA' })],
  ['AHP-PASS-9 a jurisdiction in lower case', 'passport_claims_invalid', subject({ jurisdiction: 'eu' })],
  [
    'AHP-PASS-10 an issuer that is not the DID of kid',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, issuer: 'did:web:other.example' })),
  ],
  [
    'AHP-PASS-11 a key that the DID does not encode',
    'passport_key_mismatch',
    passport((vc, h) => ({ ...vc, cnf: { jwk: { ...jwkOf(h.keys.stranger.publicKey) } } })),
  ],
]

const MISSION: readonly Case[] = [
  ['AHP-PASS-12 no pair', 'passport_claims_invalid', mission([])],
  ['AHP-PASS-12 16 pairs', 'served', mission(Array.from({ length: 16 }, () => ({ action: '*', target: ANY })))],
  ['AHP-PASS-12 17 pairs', 'passport_claims_invalid', mission(Array.from({ length: 17 }, () => ({ action: '*', target: ANY })))],
  ['AHP-PASS-12 an unknown member', 'passport_claims_invalid', mission([{ action: '*', target: ANY, until: 1 }])],
  ['AHP-PASS-12 a star inside a name', 'passport_claims_invalid', pair('http.g*', ANY)],
  ['AHP-PASS-12 a star behind an incomplete authority', 'passport_claims_invalid', pair('*', 'https://api.example*')],
  ['AHP-PASS-12 a pattern with a query', 'passport_claims_invalid', pair('*', 'https://api.example.com/?a=/*')],
  ['AHP-PASS-12 a pattern that is not in normal form', 'passport_claims_invalid', pair('*', 'https://API.example.com/*')],
  ['AHP-PASS-12 an action in upper case', 'passport_claims_invalid', pair('HTTP.get', ANY)],
  ['AHP-PASS-13 the exact pair', 'served', pair('http.get', 'https://api.example.com/orders/7')],
  ['AHP-PASS-13 a prefix of the action', 'served', pair('http.*', ANY)],
  ['AHP-PASS-13 a prefix is whole parts', 'mission_exceeded', pair('htt.*', ANY)],
  ['AHP-PASS-13 another action', 'mission_exceeded', pair('http.post', ANY)],
  ['AHP-PASS-13 another target', 'mission_exceeded', pair('*', 'https://api.example.com/orders/8')],
  ['AHP-PASS-13 another host', 'mission_exceeded', pair('*', 'https://api.example.com.evil.example/*')],
  ['AHP-PASS-13 a folder above', 'served', pair('*', 'https://api.example.com/orders/*')],
  ['AHP-PASS-13 a folder beside', 'mission_exceeded', pair('*', 'https://api.example.com/order/*')],
  [
    'AHP-PASS-13 action from one pair and target from another',
    'mission_exceeded',
    mission([
      { action: 'http.get', target: 'https://api.example.com/a/*' },
      { action: 'http.put', target: ANY },
    ]),
  ],
  [
    'AHP-PASS-13 a target with dot segments is not covered by a pattern',
    'mission_exceeded',
    entry({ target: 'https://api.example.com/orders/../admin' }),
  ],
]

const JOINS: readonly Case[] = [
  [
    'AHP-PASS-14 a token for another passport of the same agent',
    'passport_digest_mismatch',
    claims((before, h) => ({ ...before, psp: encodeBase64url(h.crypto.sha256(utf8('another'))) })),
  ],
  [
    'AHP-PASS-15 a token for another agent',
    'subject_mismatch',
    claims((before, h) => ({ ...before, sub: formatDidKey(h.keys.stranger.publicKey) })),
  ],
  [
    'AHP-PASS-16 a token for another key',
    'holder_key_mismatch',
    claims((before, h) => ({ ...before, cnf: { jkt: thumbprint(h.crypto, h.keys.stranger.publicKey) } })),
  ],
  ['AHP-PASS-18 an agent that acts only for another', 'delegated_only', subject({ delegatedOnly: true })],
  [
    'AHP-PASS-19 a harness that the passport does not name',
    'harness_not_named',
    subject({ harness: ['did:web:elsewhere.example'] }),
  ],
]

const STATUS: readonly Case[] = [
  ['AHP-STATUS-1 a passport without status', 'status_not_listed', passport((vc) => lacking(vc, 'credentialStatus'))],
  [
    'AHP-STATUS-2 a list that the issuer does not have in the bundle',
    'status_not_listed',
    status({ statusListCredential: 'https://identity.example/status/revocation/2' }),
  ],
  ['AHP-STATUS-3 the last index', 'served', status({ statusListIndex: '131071' })],
  ['AHP-STATUS-3 an index outside of the list', 'status_not_listed', status({ statusListIndex: '131072' })],
]

describe.each([
  ['the header and its signature', HEADER],
  ['members', MEMBERS],
  ['mission', MISSION],
  ['joins', JOINS],
  ['status', STATUS],
])('%s', (_name, cases) => {
  test.each(cases)('%s: %s', async (_title, expected, make) => {
    expect(await verdictOf(make)).toBe(expected)
  })
})

describe('what the configuration decides', () => {
  test('AHP-PASS-17 an issuer without the role root vouches for no principal', async () => {
    expect(await verdictOf((h) => h.mint(ORDER), { trust: issuer({ roles: ['hop'] }) })).toBe('issuer_role_missing')
    expect(await verdictOf((h) => h.mint(ORDER), { trust: issuer({ roles: ['root'] }) })).toBe('served')
  })

  test('AHP-STATUS-1 a passport without status is served where its issuer is declared unrevocable', async () => {
    const trust = issuer({ status: 'unrevocable' })
    expect(
      await verdictOf(
        passport((vc) => lacking(vc, 'credentialStatus')),
        { trust },
      ),
    ).toBe('served')
    expect(await verdictOf((h) => h.mint(), { trust })).toBe('status_not_listed')
  })

  test('AHP-PASS-7 a key that may be used no longer takes its passports with it', async () => {
    expect(await verdictOf((h) => h.mint(), { trust: until(7) })).toBe('served')
    expect(await verdictOf((h) => h.mint(), { trust: until(6) })).toBe('passport_key_unknown')
  })
})

function status(members: JsonObject): Make {
  return passport((vc) => inside(vc, 'credentialStatus', members))
}

function signedAs(kid: string): Make {
  return (h) => h.mint({}, { passportHeader: (known) => ({ ...known, kid }) })
}

/** A bundle whose issuer key ends so many seconds after the start. */
const until =
  (seconds: number) =>
  (h: MockHarness): JsonObject => {
    const [known] = h.trust()['issuers'] as readonly JsonObject[]
    return issuer({ keys: changeFirst(known?.['keys'], { validUntil: formatSeconds(h.startedAt + seconds) }) })(h)
  }

/** A bundle with another issuer. */
const issuer =
  (members: JsonObject) =>
  (h: MockHarness): JsonObject => ({ issuers: changeFirst(h.trust()['issuers'], members) })
