/** Mistakes of other token checks, tried on a receiver: the rows T01 to T15 of test/README.md (spec chapters 2, 3, 7, 12). @module */
import { createHmac } from 'node:crypto'
import { encodeBase64url, jwkOf, utf8, type JsonObject, type JsonValue } from '@aiegis/protocol'
import {
  createMockHarness,
  lineOf,
  NAMES,
  problemOf,
  sendRaw,
  withLine,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { startReceiver } from '../receiver.ts'
import { changed, claims, lacking, ORDER, without, type Case } from './edits.ts'
import { verdictOf, withPayload, withToken, type Make } from './verdict.ts'

/** A token whose header has other members, signed anew; `undefined` removes one. */
const header = (members: Readonly<Record<string, JsonValue | undefined>>): Make =>
  headed((known) => JSON.parse(JSON.stringify({ ...known, ...members })))
const headed =
  (change: (known: JsonObject) => JsonObject): Make =>
  (h) =>
    h.mint({}, { tokenHeader: change })
const token =
  (change: (token: string, h: MockHarness) => string): Make =>
  (h) =>
    h.mint({}, { tokenText: (text) => change(text, h) })
const segment = (at: number, change: (text: string) => string): Make =>
  token((text) =>
    text
      .split('.')
      .with(at, change(text.split('.')[at] ?? ''))
      .join('.'),
  )
/** A token with another value of a claim, written as it stands here. */
const raw =
  (name: string, value: string): Make =>
  (h) =>
    withPayload(h, (text) => text.replace(new RegExp(`"${name}":\\d+`), `"${name}":${value}`))

/** The token as HMAC would sign it under the bytes of the public key, which everybody has. */
const hmac = (alg: string, hash: 'sha256' | 'sha512'): Make =>
  token((text, h) => {
    const known = { alg, typ: 'aegis-token+jwt', kid: h.keys.harness.kid }
    const input = `${encodeBase64url(utf8(JSON.stringify(known)))}.${text.split('.')[1]}`
    return `${input}.${createHmac(hash, h.keys.harness.publicKey.bytes).update(input).digest('base64url')}`
  })

const ALGORITHMS: readonly Case[] = [
  ['T01 alg EdDSA, which names the same algorithm', 'served', header({ alg: 'EdDSA' })],
  ['T01 alg none with a signature', 'token_header_invalid', header({ alg: 'none' })],
  ['T01 alg none without a signature', 'token_malformed', (h) => noSignature(header({ alg: 'none' }), h)],
  ['T01 alg None', 'token_header_invalid', header({ alg: 'None' })],
  ['T01 no alg', 'token_header_invalid', header({ alg: undefined })],
  ['T01 HS256 with the public key as secret', 'token_malformed', hmac('HS256', 'sha256')],
  ['T01 HS512 with the public key as secret, which is 64 bytes too', 'token_header_invalid', hmac('HS512', 'sha512')],
  ['T01 the same under a header that says EdDSA', 'token_signature_invalid', hmac('EdDSA', 'sha512')],
  ['T01 ES256 over an Ed25519 signature', 'token_header_invalid', header({ alg: 'ES256' })],
  ['T01 Ed25519 in another case', 'token_header_invalid', header({ alg: 'ed25519' })],
  ['T01 a list of algorithms', 'token_header_invalid', header({ alg: ['Ed25519'] })],
]

const HEADERS: readonly Case[] = [
  ...['JWT', 'aegis-decision+jwt', 'application/aegis-token+jwt', 'AEGIS-TOKEN+JWT', 'aegis-token+jwt ', ''].map((typ): Case => [
    `T03 typ "${typ}"`,
    'token_header_invalid',
    header({ typ }),
  ]),
  ['T03 no typ', 'token_header_invalid', header({ typ: undefined })],
  ['T03 typ as a list', 'token_header_invalid', header({ typ: ['aegis-token+jwt'] })],
  ['T04 crit with an unknown name', 'token_header_invalid', header({ crit: ['x'], x: 1 })],
  ['T04 crit without names', 'token_header_invalid', header({ crit: [] })],
  ['T04 crit with a name twice', 'token_header_invalid', header({ crit: ['x', 'x'], x: 1 })],
  ['T04 crit with a registered name', 'token_header_invalid', header({ crit: ['alg'] })],
  ['T04 crit that is no list', 'token_header_invalid', header({ crit: 'x' })],
  [
    'T04 a header member twice',
    'token_malformed',
    (h) => withToken(h, (texts) => ({ ...texts, header: texts.header.replace('{', '{"alg":"none",') })),
  ],
  [
    'T05 the key of a stranger in the header, who signed',
    'token_header_invalid',
    byStranger((h) => ({ jwk: { ...jwkOf(h.keys.stranger.publicKey) } })),
  ],
  ['T05 the address of a key set', 'token_header_invalid', byStranger(() => ({ jku: 'https://evil.example/jwks.json' }))],
  ['T05 the address of a certificate', 'token_header_invalid', byStranger(() => ({ x5u: 'https://evil.example/cert.pem' }))],
  ['T05 a certificate', 'token_header_invalid', byStranger(() => ({ x5c: ['MIIB'] }))],
  ['T05 the digest of a certificate', 'token_header_invalid', byStranger(() => ({ 'x5t#S256': 'AAAA' }))],
  ['T06 no kid', 'token_header_invalid', header({ kid: undefined })],
  ['T06 kid as a list', 'token_header_invalid', header({ kid: [`${NAMES.harness}#1`] })],
  ['T06 kid as an object', 'token_header_invalid', header({ kid: { toString: 1 } })],
  ['T06 a kid of 1 KB', 'token_malformed', header({ kid: `${NAMES.harness}#${'a'.repeat(1024)}` })],
  [
    'T06 a kid of 10 KB',
    'evidence_too_large',
    changed(
      'X-AEGIS-Token',
      (text) => `${encodeBase64url(utf8(`{"kid":"${'a'.repeat(10_240)}"}`)).slice(0, 7900)}.${text.slice(-86)}`,
    ),
  ],
  ...['../../x', "' OR 1=1 --", '__proto__', 'constructor', '', '#', 'file:///etc/passwd', 'https://evil.example/jwks#1'].map(
    (kid): Case => [`T06 kid "${kid}"`, 'token_header_invalid', header({ kid })],
  ),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '..'].map((key): Case => [
    `T06 the key "${key}" of a harness that is listed`,
    'token_key_unknown',
    header({ kid: `${NAMES.harness}#${key}` }),
  ]),
]

const TEXTS: readonly Case[] = [
  ...[0, 1, 2].flatMap((at): readonly Case[] => [
    [`T07 padding after segment ${at}`, 'token_malformed', segment(at, (text) => `${text}=`)],
    [`T07 a space in segment ${at}`, 'token_malformed', segment(at, (text) => `${text.slice(0, 4)} ${text.slice(4)}`)],
    [
      `T07 the other alphabet in segment ${at}`,
      'token_malformed',
      segment(at, (text) => `${text.slice(0, 4)}+/${text.slice(6)}`),
    ],
    [`T07 spare bits in segment ${at}`, 'token_malformed', segment(at, spareBits)],
  ]),
  ...['[]', '[{}]', 'null', 'true', '1', '"x"', '', '{', '{}{}'].map((payload): Case => [
    `T08 a payload of ${payload || 'nothing'}`,
    payload === '' ? 'token_malformed' : 'token_claims_invalid',
    (h) => withPayload(h, () => payload),
  ]),
  [
    'T08 a claim twice',
    'token_claims_invalid',
    (h) => withPayload(h, (text) => text.replace('"aud"', '"aud":"https://evil.example","aud"')),
  ],
  [
    'T08 a claim twice, once escaped',
    'token_claims_invalid',
    (h) => withPayload(h, (text) => text.replace('"aud"', '"\\u0061ud":"https://evil.example","aud"')),
  ],
  ['T08 __proto__', 'token_claims_invalid', (h) => withPayload(h, (text) => text.replace('{', '{"__proto__":{"aud":"x"},'))],
  ['T08 bytes that are no UTF-8', 'token_claims_invalid', (h) => withPayload(h, (text) => text.replace('{', '{"x":"\xC3\x28",'))],
  ['T08 a lone surrogate', 'token_claims_invalid', (h) => withPayload(h, (text) => text.replace('{', '{"x":"\\uDC00",'))],
  [
    'T08 1,000 lists in each other',
    'token_claims_invalid',
    (h) => withPayload(h, (text) => text.replace('{', `{"x":${'['.repeat(700)}${']'.repeat(700)},`)),
  ],
  ['T08 a token of 4,097 characters', 'evidence_too_large', changed('X-AEGIS-Token', (text) => text.padStart(4097, 'e'))],
  ['T12 two segments', 'token_malformed', token((text) => text.split('.').slice(0, 2).join('.'))],
  ['T12 four segments', 'token_malformed', token((text) => `${text}.AAAA`)],
  ['T12 five segments, as an encrypted token has', 'token_malformed', token((text) => `${text}.AAAA.AAAA`)],
  ['T12 a detached payload', 'token_malformed', token((text) => text.replace(/\.[^.]*\./, '..'))],
  ['T12 b64 false', 'token_header_invalid', header({ b64: false, crit: ['b64'] })],
  ['T12 the JSON form', 'evidence_repeated', token((text) => `{"payload":"${text.split('.')[1]}","signatures":[]}`)],
]

const CLAIMS: readonly Case[] = [
  ...['iat', 'exp'].flatMap((name) =>
    ['"1795212000"', '1795212000.5', '-1', '1e400', '1e300', 'null', 'true', '[1795212000]', '{}', '-0'].map((value): Case => [
      `T09 ${name} ${value}`,
      'token_claims_invalid',
      raw(name, value),
    ]),
  ),
  ['T09 exp 0', 'token_claims_invalid', raw('exp', '0')],
  ['T09 iat 0, which would be a token of half a century', 'token_lifetime_too_long', raw('iat', '0')],
  ['T09 exp in milliseconds', 'token_lifetime_too_long', claims((before) => ({ ...before, exp: Number(before['exp']) * 1000 }))],
  ['T09 no exp', 'token_claims_invalid', claims((before) => lacking(before, 'exp'))],
  ['T09 no iat', 'token_claims_invalid', claims((before) => lacking(before, 'iat'))],
  ['T09 nbf in the past', 'token_claims_invalid', claims((before) => ({ ...before, nbf: 0 }))],
  ['T09 nbf as text', 'token_claims_invalid', claims((before) => ({ ...before, nbf: 'soon' }))],
  ['T11 iss as a list with the good one', 'token_claims_invalid', claims((before) => ({ ...before, iss: [NAMES.harness] }))],
  [
    'T11 iss as a list with a bad one first',
    'token_claims_invalid',
    claims((before) => ({ ...before, iss: ['did:web:evil.example', NAMES.harness] })),
  ],
  ['T11 iss with a slash', 'token_claims_invalid', claims((before) => ({ ...before, iss: `${NAMES.harness}/` }))],
  ['T11 iss in another case', 'token_claims_invalid', claims((before) => ({ ...before, iss: NAMES.harness.toUpperCase() }))],
  [
    'T11 iss that only begins alike',
    'token_claims_invalid',
    claims((before) => ({ ...before, iss: `${NAMES.harness}.evil.example` })),
  ],
  ['T11 aud as a list with the good one', 'token_claims_invalid', claims((before, h) => ({ ...before, aud: [h.audience] }))],
  [
    'T11 aud as a list with a bad one',
    'token_claims_invalid',
    claims((before, h) => ({ ...before, aud: ['https://evil.example', h.audience] })),
  ],
  ['T11 aud with a slash', 'audience_mismatch', claims((before, h) => ({ ...before, aud: `${h.audience}/` }))],
  ['T11 aud in another case', 'audience_mismatch', claims((before, h) => ({ ...before, aud: h.audience.replace('api', 'API') }))],
  [
    'T11 aud that only begins alike',
    'audience_mismatch',
    claims((before, h) => ({ ...before, aud: `${h.audience}.evil.example` })),
  ],
  [
    'T11 aud that is only the beginning',
    'audience_mismatch',
    claims((before, h) => ({ ...before, aud: h.audience.slice(0, -1) })),
  ],
  ['T11 no aud', 'token_claims_invalid', claims((before) => lacking(before, 'aud'))],
]

const FIELDS: readonly Case[] = [
  ...['AEGIS', 'aegis', 'Bearer', 'Basic', 'DPoP'].map((scheme): Case => [
    `T13 the token in Authorization: ${scheme}`,
    'token_missing',
    elsewhere((request, text) => withLine(request, 'Authorization', `${scheme} ${text}`)),
  ]),
  ['T13 Authorization beside evidence means nothing', 'served', (h) => withLine(h.mint(), 'Authorization', 'Basic dTpw')],
  ...['AEGIS ', 'bearer  ', '\t', ' '].map((before): Case => [
    `T13 ${JSON.stringify(before)} before the token`,
    'token_malformed',
    changed('X-AEGIS-Token', (text) => before + text),
  ]),
  ['T13 a comma after the token', 'evidence_repeated', changed('X-AEGIS-Token', (text) => `${text},`)],
  [
    'T14 the token in the query',
    'token_missing',
    elsewhere((request, text) => ({ ...request, target: `${request.target}?x-aegis-token=${text.slice(0, 500)}` })),
  ],
  [
    'T14 the token in a cookie',
    'token_missing',
    elsewhere((request, text) => withLine(request, 'Cookie', `x-aegis-token=${text}`)),
  ],
  ['T14 the token in a form', 'token_missing', (h) => withLine(inForm(h), 'X-AEGIS-Token')],
  ['T15 two tokens, both good', 'evidence_repeated', (h) => doubled(h, (text) => text)],
  ['T15 a good token and an empty one', 'evidence_repeated', (h) => doubled(h, () => '')],
  ['T15 the second under a name in another case', 'evidence_repeated', (h) => doubled(h, (text) => text, 'x-aegis-TOKEN')],
]

describe('mistakes that token checks make', () => {
  test.each([...ALGORITHMS, ...HEADERS, ...TEXTS, ...CLAIMS, ...FIELDS])('%s: %s', async (_title, code, make) => {
    expect(await verdictOf(make)).toBe(code)
  })

  test('T02 a pinned key that names an algorithm of its own stops the start, and so does one with a use', () => {
    const h = createMockHarness({ logSize: 20 })
    const start = (members: JsonObject): void => {
      const keys = [{ kid: h.keys.harness.kid, jwk: { ...jwkOf(h.keys.harness.publicKey), ...members } }]
      createVerifier(h.receiver({ harnesses: [{ did: NAMES.harness, keys, ledgers: [NAMES.log] }] })).close()
    }
    for (const members of [{ alg: 'EdDSA' }, { alg: 'HS256' }, { use: 'sig' }, { key_ops: ['verify'] }]) {
      expect(() => start(members)).toThrow(TypeError)
    }
    expect(() => start({})).not.toThrow()
  })

  test('T15 a real server refuses two tokens, whichever of them it would show the application', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const receiver = await startReceiver(harness)
    for (const request of [doubled(harness, () => 'e30.e30.AA'), doubled(harness, (text) => text)]) {
      expect(problemOf(await sendRaw(receiver.port, request))['code']).toBe('evidence_repeated')
    }
    expect((await sendRaw(receiver.port, harness.mint())).status).toBe(200)
    expect(receiver.contexts).toHaveLength(1)
    await receiver.close()
  })
})

/** A stranger signs and says in the header how to believe him. */
function byStranger(members: (h: MockHarness) => JsonObject): Make {
  return (h) => h.mint({}, { tokenHeader: (known) => ({ ...known, ...members(h) }), tokenSigner: h.keys.stranger })
}

function noSignature(make: Make, h: MockHarness): RawRequest {
  const request = make(h)
  return withLine(request, 'X-AEGIS-Token', (lineOf(request, 'X-AEGIS-Token') ?? '').replace(/[^.]*$/, ''))
}

/** The text with its last character exchanged for the next one, which stands for the same bytes where bits are to spare. */
function spareBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const whole = text.length % 4 === 0 ? text.slice(0, -1) : text
  return whole.slice(0, -1) + alphabet.charAt((alphabet.indexOf(whole.at(-1) ?? '') + 1) % 64)
}

/** A request whose token is somewhere else. */
function elsewhere(put: (request: RawRequest, token: string) => RawRequest): Make {
  return (h) => put(without('X-AEGIS-Token')(h), lineOf(h.mint(), 'X-AEGIS-Token') ?? '')
}

function inForm(h: MockHarness): RawRequest {
  const text = lineOf(h.mint(), 'X-AEGIS-Token') ?? ''
  return h.mint({ ...ORDER, contentType: 'application/x-www-form-urlencoded', content: `x-aegis-token=${text}` })
}

function doubled(h: MockHarness, second: (token: string) => string, name = 'X-AEGIS-Token'): RawRequest {
  const request = h.mint()
  return { ...request, lines: [...request.lines, [name, second(lineOf(request, 'X-AEGIS-Token') ?? '')]] }
}
