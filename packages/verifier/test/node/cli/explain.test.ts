/** What the command says of a kept request: the code that a receiver gives, what was compared, and no secret (spec chapters 10 and 13). @module */
import { REASONS, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, withLine, type Breakable, type MockHarness, type RawRequest } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { parseCaptured } from '../../../src/node/cli/captured.ts'
import { folder, run, wireOf } from './cli.ts'

const ORDER = {
  method: 'POST',
  url: 'https://api.example.com/orders?key=hunter2&dry=1',
  contentType: 'application/json',
  content: '{"a":1}',
} as const

/** Explains a request with the bundle of the harness, at its clock. */
async function explained(
  harness: MockHarness,
  request: RawRequest | Buffer,
  args: readonly string[] = ['--offline'],
  changes = {},
) {
  const kept = Buffer.isBuffer(request) ? request : wireOf(request)
  const directory = folder({ 'aiegis-trust.json': JSON.stringify(harness.trust(changes)), 'request.http': kept })
  return run(directory, ['explain', 'request.http', ...args], harness.clock.now)
}

test('a good request passes every step, and again: nothing is claimed', async () => {
  const harness = createMockHarness({ logSize: 20 })
  const request = harness.mint(ORDER)
  for (const newline of ['\r\n', '\n']) {
    const { code, text } = await explained(harness, wireOf(request, newline))
    expect([code, text.match(/^[a-z]+ +(?:ok|not \w+.*)$/gm)?.map((line) => line.split(' ')[0])]).toEqual([
      0,
      [
        'extract',
        'decode',
        'token',
        'passports',
        'joins',
        'decision',
        'binding',
        'possession',
        'ledger',
        'status',
        'requirement',
        'content',
        'check',
        'replay',
      ],
    ])
    expect(text).toContain('replay       not claimed')
  }
})

/** Those that depend on evidence alone, and neither on what a receiver remembers nor on how it is put together. */
const CODES: readonly Breakable[] = [
  'token_missing',
  'evidence_repeated',
  'target_invalid',
  'override_header',
  'token_malformed',
  'passport_malformed',
  'proof_malformed',
  'possession_malformed',
  'token_issuer_unknown',
  'token_key_unknown',
  'token_signature_invalid',
  'token_not_yet_valid',
  'token_expired',
  'passport_issuer_unknown',
  'passport_signature_invalid',
  'passport_expired',
  'audience_mismatch',
  'subject_mismatch',
  'mission_exceeded',
  'authority_unknown',
  'method_mismatch',
  'uri_mismatch',
  'content_type_mismatch',
  'possession_key_mismatch',
  'possession_invalid',
  'checkpoint_signature_invalid',
  'inclusion_invalid',
  'target_mismatch',
  'content_mismatch',
]

test.each(CODES)('%s is found, with the step, the public code and what to do', async (code) => {
  const harness = createMockHarness({ logSize: 20 })
  const { request, trust = {} } = harness.breakIt(code)
  const found = await explained(harness, request, ['--offline'], trust)
  expect(found.code).toBe(1)
  expect(found.text).toMatch(new RegExp(`^${REASONS[code].stage} +REFUSED: ${code}$`, 'm'))
  expect(found.text).toContain(`Refused with ${REASONS[code].status} ${REASONS[code].public}`)
  expect(found.text).toContain(`docs/refusals.md#${code}`)
})

describe('what is compared', () => {
  test('shows both sides where they differ', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const { text } = await explained(harness, { ...harness.mint(ORDER), method: 'PUT' })
    expect(text).toMatch(/method +expected POST\n +came +PUT/)
    expect(text).toMatch(/content type +as expected: "application\/json"/)
  })

  test('holds no evidence, no cookie, no key of a query, and no sign that a terminal obeys', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const good = withLine(withLine(harness.mint(ORDER), 'Cookie', 'session=hunter2'), 'Authorization', 'Bearer hunter2')
    const bad = { ...good, target: '/orders?key=hunter3&dry=1' }
    const red = withLine(good, 'Content-Type', 'text/\u009b31mred')
    for (const request of [good, bad, red, { ...good, target: '/\u001b[2J\u009b31m' }]) {
      const { text } = await explained(harness, request)
      expect(text).not.toMatch(/hunter|session=|Bearer/)
      // oxlint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      for (const name of ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature']) {
        for (const part of (lineOf(request, name) ?? '').split(/[.~:]/).filter((each) => each.length > 20))
          expect(text).not.toContain(part)
      }
    }
  })

  test('two values of a query that are the same are shown as the same', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const { text } = await explained(harness, { ...harness.mint(ORDER), target: '/orders?key=hunter3&dry=1' })
    const shown = [...text.matchAll(/key=\{(\w+)\}&dry=\{(\w+)\}/g)].map(([, key, dry]) => [key, dry])
    expect(new Set(shown.map(([key]) => key)).size).toBe(2)
    expect(new Set(shown.map(([, dry]) => dry)).size).toBe(1)
  })
})

describe('the moment', () => {
  test('is now, and a request that has ended says how to look at it then', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const request = harness.mint(ORDER)
    const then = harness.clock.seconds()
    harness.clock.advance(3600)
    const late = await explained(harness, request)
    expect([late.code, late.text]).toEqual([1, expect.stringContaining('--at token')])
    for (const at of ['token', String(then), new Date(then * 1000).toISOString()])
      expect([at, (await explained(harness, request, ['--at', at])).code]).toEqual([at, 0])
    expect((await explained(harness, request, ['--at', String(then + 60)])).text).toContain('REFUSED: token_expired')
  })

  test.each(['yesterday', '-1', ''])('%j is none', async (at) => {
    const harness = createMockHarness({ logSize: 20 })
    expect((await explained(harness, harness.mint(), [`--at=${at}`])).code).toBe(2)
  })
})

test('a status list that cannot be read is exit code 3', async () => {
  const harness = createMockHarness({ logSize: 20 })
  const first = (harness.trust()['issuers'] as JsonObject[])[0]
  const issuers = [{ ...first, status: { ...(first?.['status'] as object), lists: ['https://list.invalid/1'] } }]
  const other = harness.mint(ORDER, {
    passport: (vc) => ({
      ...vc,
      credentialStatus: { ...(vc['credentialStatus'] as object), statusListCredential: 'https://list.invalid/1' },
    }),
  })
  const { code, text } = await explained(harness, other, [], { issuers })
  expect([code, text]).toEqual([3, expect.stringMatching(/REFUSED: status_unavailable[^]*because/)])
})

test('a route that declares an action is told with an option', async () => {
  const harness = createMockHarness({ logSize: 20 })
  const request = harness.mint({ ...ORDER, action: 'orders.create' })
  const without = await explained(harness, request)
  expect([without.code, without.text]).toEqual([1, expect.stringContaining('--action NAME')])
  expect((await explained(harness, request, ['--offline', '--action', 'orders.create'])).code).toBe(0)
})

describe('a kept request', () => {
  test('loses what an editor added at its end, and is put together from chunks', async () => {
    const length = 'POST / HTTP/1.1\nContent-Length: 3\n\nabc\n'
    const chunks = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\n\r\n'
    for (const text of [length, chunks])
      expect(Buffer.from(await parseCaptured(Buffer.from(text)).content({ maxBytes: 9, timeoutMs: 1 })).toString()).toBe('abc')
  })

  test.each([
    ['nothing', '', 'first line'],
    ['a URL', 'https://api.example.com/', 'first line'],
    ['HTTP/2', 'GET / HTTP/2\n\n', 'first line'],
    ['a folded line', 'GET / HTTP/1.1\nA: b\n c: d\n\n', 'folded'],
    ['a line without a colon', 'GET / HTTP/1.1\nA\n\n', 'field line'],
    ['no chunks', 'GET / HTTP/1.1\nTransfer-Encoding: chunked\n\nabc', 'chunks'],
  ])('that is %s is a wrong call', async (_name, text, sentence) => {
    const { code, text: said } = await explained(createMockHarness({ logSize: 20 }), Buffer.from(text))
    expect([code, said]).toEqual([2, expect.stringContaining(sentence)])
  })
})

test.each([
  [[]],
  [['explain']],
  [['explain', 'a', 'b']],
  [['explian', 'a']],
  [['explain', 'a', '--port', '1']],
  [['explain', 'a', '--what']],
])('a call %j is answered with the usage', async (args) => {
  const { code, text } = await run(folder({}), args)
  expect([code, text]).toEqual([2, expect.stringContaining('usage: aiegis-verifier')])
})
