/** What a receiver remembers is remembered under all its bytes, and judged anew each time (spec chapters 5.3, 8.1, 10 and 12). @module */
import { decodeBase64url, encodeBase64url, formatSeconds, hashText, Refusal, utf8, type JsonObject } from '@aiegis/protocol'
import {
  createMockHarness,
  lineOf,
  receivedFrom,
  withLine,
  type Changes,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import type { AiegisContext } from '@aiegis/verifier'
import { describe, expect, onTestFinished, test } from 'vitest'
import { STEPS, type Steps } from '../../packages/verifier/src/road.ts'
import { createVerifierOf } from '../../packages/verifier/src/verifier.ts'
import { changeFirst } from './edits.ts'

/** A receiver that lives on from request to request. */
interface Scene {
  readonly harness: MockHarness
  /** Of what was served, in order. */
  readonly contexts: readonly AiegisContext[]
  /** `served`, or the code of the refusal. */
  readonly send: (request: RawRequest) => Promise<string>
  /** Reads the status lists anew. */
  readonly warm: () => Promise<void>
}

async function scene(trust: (harness: MockHarness) => JsonObject = () => ({}), steps: Partial<Steps> = {}): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifierOf({ ...STEPS, ...steps }, harness.receiver(trust(harness)))
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const contexts: AiegisContext[] = []
  return {
    harness,
    contexts,
    warm: () => verifier.warm(),
    async send(request) {
      try {
        contexts.push(await verifier.verify(receivedFrom(request)))
        return 'served'
      } catch (error) {
        if (error instanceof Refusal) return error.code
        throw error
      }
    },
  }
}

const chainIn = (request: RawRequest): string => lineOf(request, 'X-AEGIS-Passport') ?? ''

function byDigest({ crypto }: MockHarness, request: RawRequest): RawRequest {
  return withLine(request, 'X-AEGIS-Passport', `sha-256=${hashText(crypto, utf8(chainIn(request)))}`)
}

/** What a chain is made with, what happens after it was served, and what the next request with it gets. */
type Row = readonly [title: string, expected: string, changes: (h: MockHarness) => Changes, happens: (h: MockHarness) => void]

const LIFE = 40
const endsIn =
  (place: number) =>
  (h: MockHarness): Changes => ({
    passport: (credential, at) =>
      at === place ? { ...credential, validUntil: formatSeconds(h.clock.seconds() + (place === 2 ? LIFE : 3600)) } : credential,
    delegation: (claims) => ({ ...claims, exp: h.clock.seconds() + (place === 2 ? 3600 : LIFE) }),
  })
const plain = (): Changes => ({})

const ROWS: readonly Row[] = [
  ['nothing happened', 'served', plain, () => {}],
  ['its last passport ends in a second', 'served', endsIn(2), (h) => h.clock.advance(LIFE - 1)],
  ['its last passport ended', 'passport_expired', endsIn(2), (h) => h.clock.advance(LIFE)],
  ['its delegations end in a second', 'served', endsIn(0), (h) => h.clock.advance(LIFE - 1)],
  ['its delegations ended', 'delegation_expired', endsIn(0), (h) => h.clock.advance(LIFE)],
  ['the passport of the principal was revoked', 'passport_revoked', plain, (h) => h.status.revoke(94_567)],
  ['the passport between was revoked', 'passport_revoked', plain, (h) => h.status.revoke(94_568)],
  ['the passport of the sender was revoked', 'passport_revoked', plain, (h) => h.status.revoke(94_569)],
  ['another passport was revoked', 'served', plain, (h) => h.status.revoke(94_570)],
  ['the key of the issuer ended', 'passport_key_unknown', plain, (h) => h.clock.advance(100)],
  [
    'nobody knows any more what was revoked',
    'status_unavailable',
    plain,
    (h) => {
      h.status.set('down')
      h.clock.advance(601)
    },
  ],
]

describe('AHP-ROAD-7 AHP-PASS-2 a chain that was served a moment ago, and', () => {
  describe.each([
    ['sent whole', (_h: MockHarness, request: RawRequest) => request],
    ['sent by its digest', byDigest],
  ])('%s', (_how, sent) => {
    test.each(ROWS)('%s: %s', async (_title, expected, changes, happens) => {
      const key = (h: MockHarness): JsonObject => ({
        issuers: changeFirst(h.trust()['issuers'], {
          keys: changeFirst(
            keysOf(h),
            expected === 'passport_key_unknown' ? { validUntil: formatSeconds(h.clock.seconds() + 90) } : {},
          ),
        }),
      })
      const { harness, send, warm } = await scene(key)
      const first = harness.mint({ handOffs: 2 }, changes(harness))
      expect(await send(first)).toBe('served')
      expect(await send(sent(harness, harness.mint({ handOffs: 2 }, { chain: () => chainIn(first) })))).toBe('served')
      happens(harness)
      await warm()
      expect(await send(sent(harness, harness.mint({ handOffs: 2 }, { chain: () => chainIn(first) })))).toBe(expected)
    })
  })
})

/** The compact JWS with other text of the same length in its payload and the signature that it had. */
function forged(compact: string, from: string, to: string): string {
  const [header = '', payload = '', signature = ''] = compact.split('.')
  const text = new TextDecoder().decode(decodeBase64url(payload))
  expect([text.includes(from), from.length]).toEqual([true, to.length])
  return `${header}.${encodeBase64url(utf8(text.replace(from, to)))}.${signature}`
}

/** A chain in which one part was changed like that. */
const forgedPart =
  (place: number, from: string, to: string) =>
  (chain: string): string =>
    chain
      .split('~')
      .map((part, at) => (at === place ? forged(part, from, to) : part))
      .join('~')

describe('AHP-ROAD-7 evidence with the length, the signature and the end of evidence that was served', () => {
  test.each([
    ['the passport of the sender', 0, forgedPart(0, '"EU"', '"US"'), 'passport_signature_invalid'],
    ['the mission of the sender', 0, forgedPart(0, 'api.example.com/*', 'api.example.org/*'), 'passport_signature_invalid'],
    ['the passport of the principal', 2, forgedPart(0, '"EU"', '"US"'), 'passport_signature_invalid'],
    ['the first delegation', 2, forgedPart(1, '"maxDepth":1', '"maxDepth":2'), 'delegation_signature_invalid'],
    ['the passport between', 2, forgedPart(2, '"EU"', '"US"'), 'passport_signature_invalid'],
    ['the last delegation', 2, forgedPart(3, '"depth":2', '"depth":1'), 'delegation_signature_invalid'],
  ])('is refused: %s of a chain with %i hand-offs', async (_what, handOffs, change, expected) => {
    const { harness, send } = await scene()
    const first = harness.mint({ handOffs })
    expect(await send(first)).toBe('served')
    const other = harness.mint({ handOffs }, { chain: () => change(chainIn(first)) })
    expect([chainIn(other).length, chainIn(other).slice(-86)]).toEqual([chainIn(first).length, chainIn(first).slice(-86)])
    expect(await send(other)).toBe(expected)
    // Nor is it remembered, by its end or by its digest, in place of what was served.
    expect(await send(byDigest(harness, harness.mint({ handOffs }, { chain: () => chainIn(other) })))).toBe('passport_required')
    expect(await send(byDigest(harness, harness.mint({ handOffs }, { chain: () => chainIn(first) })))).toBe('served')
    expect(await send(harness.mint({ handOffs }, { chain: () => chainIn(first) }))).toBe('served')
  })

  test('would be served by a receiver that looked its chains up by their end alone', async () => {
    const { harness, send, contexts } = await scene(undefined, {
      decode: (credential, limits, chains, heads) => {
        const known = chains.get(credential.passport.slice(-86))
        if (known === undefined) return STEPS.decode(credential, limits, chains, heads)
        const evidence = STEPS.decode({ ...credential, passport: known.text }, limits, chains, heads)
        return {
          ...evidence,
          chain: { kind: 'known', known: { ...known, digest: hashText(harness.crypto, utf8(credential.passport)) } },
        }
      },
    })
    const first = harness.mint()
    await send(first)
    expect(await send(harness.mint({}, { chain: () => forgedPart(0, '"EU"', '"US"')(chainIn(first)) }))).toBe('served')
    expect(contexts[1]?.jurisdiction).toBe('EU')
  })

  test('is refused: a token', async () => {
    const { harness, send } = await scene()
    const first = harness.mint()
    expect(await send(first)).toBe('served')
    const signature = (lineOf(first, 'X-AEGIS-Token') ?? '').split('.')[2] ?? ''
    const tokenText = (token: string): string => `${token.slice(0, token.lastIndexOf('.'))}.${signature}`
    expect(await send(harness.mint({}, { tokenText }))).toBe('token_signature_invalid')
  })

  test('AHP-PROOF-11 is refused: a tree head', async () => {
    const { harness, send } = await scene()
    let note = ''
    expect(await send(harness.mint({}, { checkpoint: (made) => (note = made) }))).toBe('served')
    const [origin, size, root = '', ...rest] = note.split('\n')
    const other = [origin, size, `${root.startsWith('A') ? 'B' : 'A'}${root.slice(1)}`, ...rest].join('\n')
    expect(other.length).toBe(note.length)
    expect(await send(harness.mint({}, { checkpoint: () => other }))).toBe('checkpoint_signature_invalid')
    expect(await send(harness.mint({}, { checkpoint: () => note }))).toBe('inclusion_invalid')
  })

  test('is refused: a header that was read as that of a passport, in a token', async () => {
    const { harness, send } = await scene()
    const first = harness.mint()
    expect(await send(first)).toBe('served')
    const header = chainIn(first).split('.')[0] ?? ''
    const tokenText = (token: string): string => `${header}${token.slice(token.indexOf('.'))}`
    expect(await send(harness.mint({}, { tokenText }))).toBe('token_header_invalid')
  })

  test('is another chain where it is the end of one: the sender alone acts for nobody but itself', async () => {
    const { harness, send, contexts } = await scene()
    const whole = chainIn(harness.mint({ handOffs: 1 }))
    const alone = whole.slice(whole.lastIndexOf('~') + 1)
    for (const chain of [whole, alone, whole, alone])
      expect(await send(harness.mint({ handOffs: 1 }, { chain: () => chain }))).toBe('served')
    expect(contexts.map(({ depth }) => depth)).toEqual([1, 0, 1, 0])
    const [ofWhole, ofAlone] = contexts
    expect(ofWhole?.principal).not.toEqual(ofAlone?.principal)
  })

  test('AHP-PASS-14 is refused: the digest of a chain that is held, with a decision about another', async () => {
    const { harness, send } = await scene()
    const [one, other] = [
      harness.mint(),
      harness.mint({}, { passport: (credential) => ({ ...credential, validFrom: '2026-11-01T00:00:00Z' }) }),
    ]
    expect([await send(one), await send(other)]).toEqual(['served', 'served'])
    const request = harness.mint({}, { chain: () => chainIn(one) })
    expect(await send(byDigest(harness, withLine(request, 'X-AEGIS-Passport', chainIn(other))))).toBe('passport_digest_mismatch')
    expect(await send(withLine(request, 'X-AEGIS-Passport', chainIn(other)))).toBe('passport_digest_mismatch')
    expect(await send(byDigest(harness, request))).toBe('served')
  })
})

function keysOf(h: MockHarness): JsonObject[string] | undefined {
  const [issuer] = h.trust()['issuers'] as readonly JsonObject[]
  return issuer?.['keys']
}
