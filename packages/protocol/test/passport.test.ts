import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { formatDidKey } from '../src/did.ts'
import { isObject, type JsonObject, type JsonValue } from '../src/json.ts'
import { jwkOf } from '../src/jwk.ts'
import { parsePassport, splitPassportHeader } from '../src/passport.ts'
import { Refusal } from '../src/refusal.ts'
import { createSigner } from '../src/signer.ts'

const agent = createSigner(new Uint8Array(32).fill(7), 'agent')
const other = createSigner(new Uint8Array(32).fill(8), 'other')
const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
const fact = { grade: 'asserted', time: '2026-11-01T00:00:00Z', digest: HASH }
const CREDENTIAL: JsonObject = {
  '@context': ['https://www.w3.org/ns/credentials/v2'],
  type: ['VerifiableCredential', 'AiegisPassport'],
  issuer: 'did:web:identity.example',
  validFrom: '2026-11-01T00:00:00Z',
  validUntil: '2027-05-01T00:00:00Z',
  credentialSubject: {
    id: formatDidKey(agent.publicKey),
    attestations: {
      hardware: { ...fact, type: 'tpm2', jkt: HASH },
      human: { ...fact, type: 'fido2', id: 'did:web:acme.example:people:7f3a' },
      runtime: { ...fact, type: 'image-sha256' },
    },
    mission: [{ action: 'orders.*', target: 'https://api.example.com/*' }],
    harness: ['did:web:harness.example'],
    jurisdiction: 'EU',
    risk: 'limited',
    maxDepth: 1,
    delegatedOnly: false,
  },
  cnf: { jwk: { ...jwkOf(agent.publicKey) } },
  credentialStatus: {
    type: 'BitstringStatusListEntry',
    statusPurpose: 'revocation',
    statusListIndex: '94567',
    statusListCredential: 'https://identity.example/status/revocation/1',
  },
}

/** The credential with the member at a dotted path replaced, or removed with `undefined`. */
function changed(path: string, value: unknown): JsonObject {
  const edit = (object: JsonObject, [name = '', ...rest]: readonly string[]): JsonObject => {
    const inner = object[name]
    const next = rest.length > 0 && isObject(inner) ? edit(inner, rest) : value
    const others = Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
    return next === undefined ? others : { ...others, [name]: next as JsonValue }
  }
  return edit(CREDENTIAL, path.split('.'))
}
const codeOf = (credential: JsonValue): string => {
  try {
    parsePassport(utf8(JSON.stringify(credential)))
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
  return 'accepted'
}

describe('passport credential', () => {
  test('is read into what the receiver compares', () => {
    expect(parsePassport(utf8(JSON.stringify(CREDENTIAL)))).toMatchObject({
      issuer: 'did:web:identity.example',
      subject: formatDidKey(agent.publicKey),
      validFrom: Date.UTC(2026, 10, 1) / 1000,
      validUntil: Date.UTC(2027, 4, 1) / 1000,
      maxDepth: 1,
      delegatedOnly: false,
      status: { list: 'https://identity.example/status/revocation/1', index: 94_567 },
    })
  })

  test.each([
    ['credentialSubject.maxDepth', undefined],
    ['credentialSubject.delegatedOnly', undefined],
    ['credentialSubject.jurisdiction', undefined],
    ['credentialSubject.risk', undefined],
    ['credentialStatus', undefined],
    ['credentialSubject.attestations.human', { grade: 'none' }],
    ['credentialSubject.maxDepth', 2],
    ['validUntil', '2027-11-02T00:00:00Z'],
  ])('accepts %s = %j', (path, value) => {
    expect(codeOf(changed(path, value))).toBe('accepted')
  })

  test.each<[string, unknown]>([
    ['@context', ['https://www.w3.org/ns/credentials/v2', 'https://elsewhere.example']],
    ['@context', 'https://www.w3.org/ns/credentials/v2'],
    ['type', ['VerifiableCredential']],
    ['type', ['AiegisPassport', 'VerifiableCredential']],
    ['issuer', { id: 'did:web:identity.example' }],
    ['issuer', undefined],
    ['validFrom', '2026-11-01T00:00:00.000Z'],
    ['validUntil', '2026-11-01T00:00:00Z'],
    ['iss', 'did:web:identity.example'],
    ['sub', 'x'],
    ['exp', 1],
    ['vc', {}],
    ['cnf', { jkt: HASH }],
    ['cnf.jwk.d', 'secret'],
    ['credentialSubject.id', 'did:web:agent.example'],
    ['credentialSubject.extra', 1],
    ['credentialSubject.harness', []],
    ['credentialSubject.harness', ['did:web:a.example', 'did:web:a.example']],
    ['credentialSubject.harness', [1, 2, 3, 4, 5].map((n) => `did:web:h${n}.example`)],
    ['credentialSubject.mission', []],
    ['credentialSubject.mission', [{ action: 'a.b', target: 'https://api.example.com/*', more: 1 }]],
    ['credentialSubject.maxDepth', 3],
    ['credentialSubject.maxDepth', -1],
    ['credentialSubject.delegatedOnly', 'false'],
    ['credentialSubject.risk', 'unacceptable'],
    ['credentialSubject.jurisdiction', 'eu'],
    ['credentialSubject.attestations.human', undefined],
    ['credentialSubject.attestations.human', { grade: 'none', type: 'fido2' }],
    ['credentialSubject.attestations.human.id', undefined],
    ['credentialSubject.attestations.runtime.jkt', HASH],
    ['credentialSubject.attestations.hardware.grade', 'certain'],
    ['credentialSubject.attestations.hardware.time', '2026-02-30T00:00:00Z'],
    ['credentialSubject.attestations.location', { grade: 'none' }],
    ['credentialStatus', []],
    ['credentialStatus.statusPurpose', 'suspension'],
    ['credentialStatus.statusListIndex', '007'],
    ['credentialStatus.statusListIndex', 94567],
    ['credentialStatus.statusListCredential', 'https://identity.example/../status'],
    ['credentialStatus.id', 'x'],
  ])('refuses %s = %j', (path, value) => {
    expect(codeOf(changed(path, value))).toBe('passport_claims_invalid')
  })

  test('AHP-TIME-6 refuses a passport that lives more than 366 days', () => {
    expect(codeOf(changed('validUntil', '2027-11-02T00:00:01Z'))).toBe('passport_lifetime_too_long')
  })

  test('refuses a key that is not the one its DID encodes', () => {
    expect(codeOf(changed('cnf', { jwk: jwkOf(other.publicKey) }))).toBe('passport_key_mismatch')
  })
})

describe('X-AEGIS-Passport', () => {
  test('holds one, three or five parts, or a digest', () => {
    expect(splitPassportHeader('a')).toEqual({ kind: 'chain', parts: ['a'] })
    expect(splitPassportHeader('a~b~c~d~e')).toMatchObject({ kind: 'chain' })
    expect(splitPassportHeader(`sha-256=${HASH}`)).toEqual({ kind: 'reference', psp: HASH })
  })

  test.each(['a~b', 'a~b~c~d', 'a~b~c~d~e~f~g', 'sha-256=', 'sha-256=AAAA', `sha-256=${HASH}=`])('refuses %s', (value) => {
    expect(() => splitPassportHeader(value)).toThrow(Refusal)
  })
})
