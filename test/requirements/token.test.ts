/** Chapters 3 to 6 of the specification, seen by a receiver: token, entry, proof and possession. @module */
import { formatContentDigest, formatSeconds, formatMilliseconds, thumbprint, utf8, type JsonObject } from '@aiegis/protocol'
import {
  createMemoryLog,
  createMockHarness,
  lineOf,
  NAMES,
  namedSigner,
  receivedFrom,
  withLine,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { changed, changeFirst, claims, entry, inside, line, ORDER, without, type Case } from './edits.ts'
import { outcomeOf, verdictOf, withPayload, type Make, type Shape } from './verdict.ts'

const header =
  (change: (header: JsonObject) => JsonObject): Make =>
  (h) =>
    h.mint({}, { tokenHeader: change })

const TOKEN: readonly Case[] = [
  [
    'AHP-TOKEN-3 a harness that the bundle does not list is refused',
    'token_issuer_unknown',
    header((known) => ({ ...known, kid: 'did:web:elsewhere.example#1' })),
  ],
  [
    'AHP-TOKEN-3 an issuer of passports is no harness',
    'token_issuer_unknown',
    (h) => h.mint({}, { tokenHeader: (known) => ({ ...known, kid: h.keys.issuer.kid }), tokenSigner: h.keys.issuer }),
  ],
  [
    'AHP-TOKEN-4 a key that the harness does not have is refused',
    'token_key_unknown',
    header((known) => ({ ...known, kid: `${NAMES.harness}#2` })),
  ],
  [
    'AHP-TOKEN-5 a signature by another key is refused',
    'token_signature_invalid',
    (h) => h.mint({}, { tokenSigner: h.keys.stranger }),
  ],
  [
    'AHP-TOKEN-8 iss that is not the DID of kid is refused',
    'token_claims_invalid',
    claims((before) => ({ ...before, iss: 'did:web:other.example' })),
  ],
  ['AHP-TOKEN-10 unknown claims are ignored', 'served', claims((before) => ({ ...before, extra: { a: 1 } }))],
  [
    'AHP-TOKEN-11 another audience is refused',
    'audience_mismatch',
    claims((before) => ({ ...before, aud: 'https://other.example' })),
  ],
  [
    'AHP-TOKEN-11 the audience with a slash is another one',
    'audience_mismatch',
    claims((before, h) => ({ ...before, aud: `${h.audience}/` })),
  ],
  [
    'AHP-TOKEN-11 a list of audiences is refused',
    'token_claims_invalid',
    claims((before, h) => ({ ...before, aud: [h.audience] })),
  ],
  ['AHP-TOKEN-12 BLOCK in a token is refused', 'decision_not_allowed', entry({ decision: 'BLOCK' })],
  ['AHP-TOKEN-13 WARN is refused where the route does not accept it', 'warn_not_accepted', entry({ decision: 'WARN' })],
  [
    'AHP-TOKEN-14 an obligation under ALLOW is refused where the route does not accept it',
    'obligation_not_accepted',
    claims((before) => ({ ...before, obl: ['content_unseen'] })),
  ],
  [
    'AHP-LEAF-1 an entry without a member is refused',
    'token_claims_invalid',
    (h) => withPayload(h, (text) => text.replace('"deny_reason":null,', '')),
  ],
  ['AHP-LEAF-1 an entry with a member more is refused', 'token_claims_invalid', entry({ agent_did: null })],
  [
    'AHP-LEAF-2 an entry of the same second is read',
    'served',
    (h) => claims((before) => inside(before, 'entry', { ts: formatMilliseconds(h.clock.seconds() * 1000 + 999) }))(h),
  ],
  [
    'AHP-LEAF-2 an entry of the second before is refused',
    'entry_time_mismatch',
    (h) => claims((before) => inside(before, 'entry', { ts: formatMilliseconds(h.clock.seconds() * 1000 - 1) }))(h),
  ],
]

const POSSESSION: readonly Case[] = [
  ['AHP-POP-1 the label means nothing', 'served', relabelled('sig-b26')],
  [
    'AHP-POP-1 no member with the tag is refused',
    'possession_missing',
    changed('Signature-Input', (value) => value.replace('aegis-pop', 'other')),
  ],
  [
    'AHP-POP-1 two members with the tag are refused',
    'possession_repeated',
    withMember('other', '("@method" "@target-uri" "x-aegis-token");created=1;keyid="k";tag="aegis-pop"'),
  ],
  [
    'AHP-POP-2 a field that is no dictionary is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => `${value},`),
  ],
  [
    'AHP-POP-2 nine members are refused',
    'possession_malformed',
    (h) =>
      'abcdefgh'
        .split('')
        .reduce<RawRequest>((request, name) => addMember(request, name, '("@method");created=1;tag="x"'), h.mint()),
  ],
  [
    'AHP-POP-2 eight members are read',
    'served',
    (h) =>
      'abcdefg'
        .split('')
        .reduce<RawRequest>((request, name) => addMember(request, name, '("@method");created=1;tag="x"'), h.mint()),
  ],
  ['AHP-POP-2 one label twice is refused', 'possession_malformed', withMember('aegis', '("@method");created=1;tag="x"')],
  [
    'AHP-POP-2 a field in two lines is joined',
    'served',
    (h) => splitInTwo(addMember(h.mint(), 'cdn', '("@authority");created=1;tag="cdn"')),
  ],
  [
    'AHP-POP-2 more than 2,048 bytes are refused',
    'possession_malformed',
    withMember('long', `("@method");nonce="${'x'.repeat(2000)}"`),
  ],
  [
    'AHP-POP-3 a member of somebody else is ignored, whatever it covers',
    'served',
    withMember(
      'web-bot',
      '("@authority";req "signature-agent";key="a");created=1;expires=2;keyid="k";alg="rsa-v1_5-sha256";tag="web-bot-auth";x=?0',
    ),
  ],
  [
    'AHP-POP-4 components in another order are refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace('"@method" "@target-uri"', '"@target-uri" "@method"')),
  ],
  [
    'AHP-POP-4 one component more is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace('"x-aegis-token"', '"x-aegis-token" "host"')),
  ],
  [
    'AHP-POP-4 a component with a parameter is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace('"x-aegis-token"', '"x-aegis-token";sf')),
  ],
  [
    'AHP-POP-5 without created it is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace(/;created=\d+/, '')),
  ],
  [
    'AHP-POP-5 without keyid it is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace(/;keyid="[^"]*"/, '')),
  ],
  ['AHP-POP-5 another parameter is refused', 'possession_malformed', changed('Signature-Input', (value) => `${value};extra`)],
  [
    'AHP-POP-5 a parameter that occurs twice is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace(';keyid', ';created=1;keyid')),
  ],
  [
    'AHP-POP-5 nonce and a later expires are read',
    'served',
    (h) => h.mint({}, { possession: (params) => ({ ...params, nonce: 'n', expires: h.clock.seconds() + 1 }) }),
  ],
  ['AHP-POP-6 alg ed25519 is read', 'served', (h) => h.mint({}, { possession: (params) => ({ ...params, alg: 'ed25519' }) })],
  [
    'AHP-POP-6 another alg is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => `${value};alg="hmac-sha256"`),
  ],
  [
    'AHP-POP-7 a space more is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace('" "', '"  "')),
  ],
  [
    'AHP-POP-7 a leading zero is refused',
    'possession_malformed',
    changed('Signature-Input', (value) => value.replace('created=', 'created=0')),
  ],
  [
    'AHP-POP-8 a signature under another label is refused',
    'possession_malformed',
    changed('Signature', (value) => value.replace('aegis=', 'other=')),
  ],
  [
    'AHP-POP-8 a signature of 63 bytes is refused',
    'possession_malformed',
    changed('Signature', (value) => value.replace(/:.*:/, `:${'A'.repeat(84)}:`)),
  ],
  [
    'AHP-POP-8 a signature that is no byte sequence is refused',
    'possession_malformed',
    changed('Signature', (value) => value.replace(/:.*:/, '"AAAA"')),
  ],
  [
    'AHP-POP-9 a signature over another method is refused',
    'possession_invalid',
    (h) => borrowed(h, { method: 'PUT' }, { method: 'POST' }),
  ],
  ['AHP-POP-9 a signature over another token is refused', 'possession_invalid', (h) => borrowed(h, {}, {})],
  [
    'AHP-POP-10 keyid of another key is refused',
    'possession_key_mismatch',
    (h) => h.mint({}, { possession: (params) => ({ ...params, keyid: thumbprint(h.crypto, h.keys.stranger.publicKey) }) }),
  ],
  [
    'AHP-POP-11 a signature by another key is refused',
    'possession_invalid',
    (h) => h.mint({}, { possessionSigner: h.keys.stranger }),
  ],
  [
    'AHP-POP-12 expires that is now is refused',
    'possession_expired',
    (h) => h.mint({}, { possession: (params) => ({ ...params, expires: h.clock.seconds() }) }),
  ],
  ['AHP-POP-13 created long ago is read', 'served', (h) => h.mint({}, { possession: (params) => ({ ...params, created: 1 }) })],
  [
    'AHP-POP-13 created far in the future is read',
    'served',
    (h) => h.mint({}, { possession: (params) => ({ ...params, created: 4_000_000_000 }) }),
  ],
  [
    'AHP-POP-14 two digests are refused',
    'content_digest_malformed',
    line('Content-Digest', `${digestOf('{"item":7}')}, sha-512=:AAAA:`),
  ],
  [
    'AHP-POP-14 two lines are refused',
    'content_digest_malformed',
    line('Content-Digest', digestOf('{"item":7}'), digestOf('{"item":7}')),
  ],
  ['AHP-POP-14 another algorithm alone is refused', 'content_digest_malformed', line('Content-Digest', 'sha-512=:AAAA:')],
  ['AHP-POP-15 a digest that agrees is read', 'served', line('Content-Digest', digestOf('{"item":7}'))],
  ['AHP-POP-15 a digest of other content is refused', 'content_digest_mismatch', line('Content-Digest', digestOf('{"item":8}'))],
]

describe.each([
  ['token', TOKEN],
  ['possession', POSSESSION],
])('%s', (_name, cases) => {
  test.each(cases)('%s: %s', async (_title, expected, make) => {
    expect(await verdictOf(make)).toBe(expected)
  })
})

describe('what the configuration decides', () => {
  test.each([
    ['AHP-TOKEN-4 a key that may be used from now on is known', 6, 'validFrom', 'served'],
    ['AHP-TOKEN-4 a key that may be used from the next second on is unknown', 7, 'validFrom', 'token_key_unknown'],
    ['AHP-TOKEN-4 a key that may be used until the next second is known', 7, 'validUntil', 'served'],
    ['AHP-TOKEN-4 a key that may be used until now is unknown', 6, 'validUntil', 'token_key_unknown'],
  ])('%s', async (_title, seconds, member, expected) => {
    // The receiver is asked six seconds after the harness was made.
    const trust = (h: MockHarness): JsonObject => pinned(h, { [member]: formatSeconds(h.startedAt + seconds) })
    expect(await verdictOf((h) => h.mint(), { trust })).toBe(expected)
  })

  test.each<readonly [string, Make, Shape]>([
    ['AHP-TOKEN-13 WARN is served where the route accepts it', entry({ decision: 'WARN' }), { route: { acceptWarn: true } }],
    [
      'AHP-TOKEN-13 WARN is served where the bundle accepts it',
      entry({ decision: 'WARN' }),
      { trust: () => ({ acceptWarn: true }) },
    ],
    [
      'AHP-TOKEN-14 an obligation is served where the route accepts it',
      claims((before) => ({ ...before, obl: ['content_unseen'] })),
      { route: { acceptObligations: ['content_unseen'] } },
    ],
  ])('%s', async (_title, make, shape) => {
    expect(await verdictOf(make, shape)).toBe('served')
  })

  test('AHP-TOKEN-14 an obligation under WARN is refused though WARN is accepted', async () => {
    const make = claims((before) => inside({ ...before, obl: ['log_full'] }, 'entry', { decision: 'WARN' }))
    expect(await verdictOf(make, { route: { acceptWarn: true, acceptObligations: ['notify_owner'] } })).toBe(
      'obligation_not_accepted',
    )
  })
})

describe('proof', () => {
  test('AHP-PROOF-7 a log that the bundle knows, but not for this harness, is refused', async () => {
    const origin = 'ledger.example/elsewhere'
    const logOf = (h: MockHarness): ReturnType<typeof createMemoryLog> =>
      createMemoryLog(h.crypto, origin, namedSigner('another log', origin), 3)
    const trust = (h: MockHarness): JsonObject => ({
      ledgers: [...(h.trust()['ledgers'] as readonly JsonObject[]), { origin, vkey: logOf(h).vkey, assurance: 'proof' }],
    })
    expect(await verdictOf((h) => h.mint({}, { log: logOf(h) }), { trust })).toBe('log_not_allowed')
  })

  test('AHP-PROOF-11 a checkpoint that verified before does not excuse the path of another decision', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const first = harness.mint()
    await verifier.verify(receivedFrom(first))
    const second = withLine(harness.mint(), 'X-AEGIS-Proof', lineOf(first, 'X-AEGIS-Proof') ?? '')
    await expect(verifier.verify(receivedFrom(second))).rejects.toMatchObject({ code: 'inclusion_invalid' })
    verifier.close()
  })

  test('AHP-PROOF-14 the context of a decision in a log without a URL says that nobody compared heads', async () => {
    const { context } = await outcomeOf((h) => h.mint())
    expect(context?.ledger.assurance).toBe('asserted')
  })
})

test('AHP-BIND-1 nothing but a token missing is still a token missing', async () => {
  expect(await verdictOf(without('X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature', 'Signature-Input'))).toBe(
    'token_missing',
  )
})

function digestOf(content: string): string {
  return formatContentDigest(createMockHarness({ logSize: 1 }).crypto.sha256(utf8(content)))
}

/** The valid member under another label. */
function relabelled(label: string): Make {
  return (h) => {
    const request = h.mint()
    const swap = (name: string): string => (lineOf(request, name) ?? '').replace('aegis=', `${label}=`)
    return withLine(withLine(request, 'Signature-Input', swap('Signature-Input')), 'Signature', swap('Signature'))
  }
}

/** A valid request with a member of somebody else in both fields. */
function withMember(label: string, input: string): Make {
  return (h) => addMember(h.mint(), label, input)
}

function addMember(request: RawRequest, label: string, input: string): RawRequest {
  const add = (name: string, value: string): string => `${label}=${value}, ${lineOf(request, name) ?? ''}`
  return withLine(withLine(request, 'Signature-Input', add('Signature-Input', input)), 'Signature', add('Signature', ':AAAA:'))
}

function splitInTwo(request: RawRequest): RawRequest {
  return ['Signature-Input', 'Signature'].reduce(
    (changing, name) => withLine(changing, name, ...(lineOf(changing, name) ?? '').split(/, (?=aegis=)/)),
    request,
  )
}

/** A valid request with the signature fields of another valid request. */
function borrowed(h: MockHarness, own: JsonObject, other: JsonObject): RawRequest {
  const [request, lender] = [h.mint({ ...ORDER, ...own }), h.mint({ ...ORDER, ...other })]
  return ['Signature-Input', 'Signature'].reduce(
    (changing, name) => withLine(changing, name, lineOf(lender, name) ?? ''),
    request,
  )
}

/** A bundle whose harness key has times. */
const pinned = (h: MockHarness, times: JsonObject): JsonObject => {
  const [known] = h.trust()['harnesses'] as readonly JsonObject[]
  return { harnesses: [{ ...known, keys: changeFirst(known?.['keys'], times) }] }
}
