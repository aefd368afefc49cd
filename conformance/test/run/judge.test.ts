/** How the suite judges: a right answer has no fault, and every single fault is seen. @module */
import { describe, expect, test } from 'vitest'
import type { Built, Expectation } from '../../src/build/index.ts'
import { createJudge } from '../../src/judge/judge.ts'
import { readRegistry } from '../../src/judge/registry.ts'
import type { Exchange, Outcome } from '../../src/wire/exchange.ts'
import { readResponse } from '../../src/wire/response.ts'

const NOW = 1_795_212_000_000
const AUDIENCE = 'https://api.example.com'
const HARNESSES = ['did:web:harness.example', 'did:web:second.example']
const judge = createJudge(readRegistry(), { audience: AUDIENCE, harnesses: HARNESSES, skew: 5, now: () => NOW })

const TOKEN = `${text('{"alg":"Ed25519"}')}.${text('{"sub":"did:key:z6MkwaG1mSKtAuRxxNuDV13p81oNheaAmFBCFMgtCumQNS3q"}')}.${'s'.repeat(86)}`
const built: Built = {
  wire: { method: 'GET', target: '/conformance/echo', fields: [], content: new Uint8Array() },
  nonce: 'nonce-of-this-request',
  parts: { token: TOKEN },
  echo: { nonce: 'nonce-of-this-request', agent: 'did:key:z6Mk', action: 'http.get', contentSha256: 'x', seen: [], depth: 0 },
}

const PROBLEM = {
  type: 'urn:ahp-receiver:0.1:token_expired',
  title: 'The token has expired: ask for a new one, and if that ends the same, compare clocks with the member now',
  status: 401,
  code: 'token_expired',
  retry: 'new-token',
  executed: 'no',
  now: NOW / 1000,
}
const CHALLENGE = `AEGIS error="token_expired", aud="${AUDIENCE}", harness="${HARNESSES.join(' ')}", ahp="ahp-receiver/0.1"`

interface Parts {
  readonly status?: number
  readonly fields?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  readonly after?: string
}

function exchangeOf({ status = 401, fields = {}, body = PROBLEM, after = '' }: Parts, method = 'GET'): Exchange {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  const all = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    'WWW-Authenticate': CHALLENGE,
    'Content-Length': String(content.length),
    ...fields,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
  const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n${method === 'HEAD' ? '' : content}${after}`)
  const reading = readResponse(bytes, false, method === 'HEAD')
  if (reading.kind !== 'complete') throw new Error(reading.kind)
  return withOutcome({ kind: 'response', response: reading.response }, method)
}

function withOutcome(outcome: Outcome, method = 'GET'): Exchange {
  return { sent: Buffer.from(`${method} / HTTP/1.1\r\n\r\n`), received: new Uint8Array(), outcome, milliseconds: 1 }
}

function text(value: string): string {
  return Buffer.from(value).toString('base64url')
}

/** A refusal of one of the codes that 400 goes with. */
function refusalOf(code: string): Parts {
  const row = readRegistry().get(code)
  if (row === undefined) throw new Error(code)
  const { title, status, retry } = row
  const type = `urn:ahp-receiver:0.1:${code}`
  const body = { type, title, status, code, retry, executed: 'no', now: NOW / 1000 }
  return { status, body, fields: { 'WWW-Authenticate': undefined } }
}

const EXPIRED: Expectation = { code: 'token_expired' }

describe('a refusal', () => {
  test('as the registry has it is right', () => {
    expect(judge.refused(exchangeOf({}), built, EXPIRED)).toEqual([])
    expect(
      judge.refused(exchangeOf({ fields: { 'Content-Type': 'application/problem+json; charset=utf-8' } }), built, EXPIRED),
    ).toEqual([])
    expect(judge.refused(exchangeOf({ fields: { 'Cache-Control': 'private, no-store' } }), built, EXPIRED)).toEqual([])
    expect(judge.refused(exchangeOf({}, 'HEAD'), built, EXPIRED)).toEqual([])
  })

  test.each<[string, Parts, RegExp]>([
    ['with another status', { status: 403 }, /status is 403/],
    ['that is none', { status: 200 }, /served/],
    ['of another code', { body: { ...PROBLEM, code: 'untrusted', type: 'urn:ahp-receiver:0.1:untrusted' } }, /code is untrusted/],
    ['with a code that is no text', { body: { ...PROBLEM, code: 7 } }, /code is 7/],
    ['with another type', { body: { ...PROBLEM, type: 'about:blank' } }, /type is/],
    ['with another title', { body: { ...PROBLEM, title: 'Token expired at 12:00' } }, /title is/],
    ['with another status in its body', { body: { ...PROBLEM, status: 403 } }, /status in the problem/],
    ['with another retry', { body: { ...PROBLEM, retry: 'never' } }, /retry is/],
    ['with another executed', { body: { ...PROBLEM, executed: 'unknown' } }, /executed is/],
    ['with one more member', { body: { ...PROBLEM, detail: 'x' } }, /members/],
    ['with a clock that is wrong', { body: { ...PROBLEM, now: NOW / 1000 - 6 } }, /now is/],
    ['with a clock in fractions', { body: { ...PROBLEM, now: NOW / 1000 + 0.5 } }, /now is/],
    ['with a clock in milliseconds', { body: { ...PROBLEM, now: NOW } }, /now is/],
    ['as HTML', { body: '<h1>No</h1>', fields: { 'Content-Type': 'text/html' } }, /HTML page/],
    ['without a body', { body: '' }, /empty/],
    ['with a list as its body', { body: [PROBLEM] }, /not one JSON object/],
    ['of another media type', { fields: { 'Content-Type': 'application/json' } }, /Content-Type/],
    ['that may be cached', { fields: { 'Cache-Control': 'no-cache' } }, /no-store/],
    ['without a word on caching', { fields: { 'Cache-Control': undefined } }, /no-store/],
    ['without a challenge', { fields: { 'WWW-Authenticate': undefined } }, /WWW-Authenticate/],
    ['with the challenge of another scheme', { fields: { 'WWW-Authenticate': 'Bearer' } }, /WWW-Authenticate/],
    [
      'with a challenge of another error',
      { fields: { 'WWW-Authenticate': CHALLENGE.replace('token_expired', 'untrusted') } },
      /error of the challenge/,
    ],
    [
      'with a challenge of another audience',
      { fields: { 'WWW-Authenticate': CHALLENGE.replace('api.', 'www.') } },
      /aud of the challenge/,
    ],
    [
      'with a challenge that names one harness',
      { fields: { 'WWW-Authenticate': CHALLENGE.replace(` ${HARNESSES[1]}`, '') } },
      /harness of the challenge/,
    ],
    [
      'with a challenge of another version',
      { fields: { 'WWW-Authenticate': CHALLENGE.replace('0.1', '0.2') } },
      /ahp of the challenge/,
    ],
    ['with a parameter twice', { fields: { 'WWW-Authenticate': `${CHALLENGE}, ahp="x"` } }, /WWW-Authenticate/],
    ['that repeats a segment of the token', { fields: { 'X-Debug': TOKEN.split('.')[1] } }, /repeats/],
    [
      'that repeats a claim',
      { fields: { 'X-Debug': 'for did:key:z6MkwaG1mSKtAuRxxNuDV13p81oNheaAmFBCFMgtCumQNS3q' } },
      /repeats/,
    ],
    ['that names the exact code in a field', { fields: { 'X-Error-Id': 'token_key_unknown-7f3a' } }, /names token_key_unknown/],
    ['that names it in another spelling', { fields: { 'X-Why': 'Token-Key-Unknown' } }, /names token_key_unknown/],
    ['that names it in the name of a field', { fields: { 'X-Subject-Mismatch': '1' } }, /names subject_mismatch/],
    ['that names it in its body', { body: { ...PROBLEM, instance: 'urn:token_claims_invalid' } }, /names token_claims_invalid/],
    ['that repeats the nonce', { fields: { 'X-Debug': built.nonce } }, /repeats/],
    ['with a second response behind it', { after: 'HTTP/1.1 200 OK\r\n\r\n' }, /came after the response/],
  ])('%s is wrong', (_, parts, fault) => {
    expect(judge.refused(exchangeOf(parts), built, EXPIRED).join('\n')).toMatch(fault)
  })

  test('may hold what is too short to tell, what its challenge names, and words of the protocol', () => {
    const faultsOf = (word: string, said = word): readonly string[] =>
      judge.refused(exchangeOf({ fields: { 'X-Debug': said } }), { ...built, parts: { ...built.parts, word } }, EXPIRED)
    expect(
      ['fifteen-letters', AUDIENCE, HARNESSES[0] ?? '', 'application/problem+json'].flatMap((word) => faultsOf(word)),
    ).toEqual([])
    expect(faultsOf('sixteen--letters')).toHaveLength(1)
    expect(faultsOf(`not.${text('{"word":"within the payload"}')}.x`, 'within the payload')).toHaveLength(1)
    expect(faultsOf(`not.base64 ${text('{"word":"within the payload"}')}.x`, 'within the payload')).toEqual([])
  })

  test('to HEAD has no content, and its status and headers are judged', () => {
    expect(judge.refused(exchangeOf({ after: 'x' }, 'HEAD'), built, EXPIRED).join()).toMatch(/content/)
    expect(
      judge.refused(
        exchangeOf({ fields: { 'WWW-Authenticate': CHALLENGE.replace('expired', 'malformed') } }, 'HEAD'),
        built,
        EXPIRED,
      ),
    ).not.toEqual([])
  })

  test('for no token names no error in its challenge', () => {
    const body = {
      ...PROBLEM,
      code: 'token_missing',
      type: 'urn:ahp-receiver:0.1:token_missing',
      title: 'No AiEGIS token was sent',
    }
    const challenge = CHALLENGE.replace('error="token_expired", ', '')
    const expectation = { code: 'token_missing' }
    expect(judge.refused(exchangeOf({ body, fields: { 'WWW-Authenticate': challenge } }), built, expectation)).toEqual([])
    expect(judge.refused(exchangeOf({ body, fields: { 'WWW-Authenticate': CHALLENGE } }), built, expectation)).not.toEqual([])
  })

  test('for what could not be measured says when to come back', () => {
    const body = {
      ...PROBLEM,
      status: 503,
      code: 'replay_warming',
      type: 'urn:ahp-receiver:0.1:replay_warming',
      title: rowTitle('replay_warming'),
    }
    const parts = (after: string | undefined): Parts => ({
      status: 503,
      body,
      fields: { 'WWW-Authenticate': undefined, 'Retry-After': after },
    })
    const expectation = { code: 'replay_warming' }
    expect(judge.refused(exchangeOf(parts('6')), built, expectation)).toEqual([])
    for (const after of [undefined, '5', '6.5', '6\r\nRetry-After: 6', 'Sat, 21 Nov 2026 06:00:00 GMT']) {
      expect(judge.refused(exchangeOf(parts(after)), built, expectation).join()).toMatch(/Retry-After/)
    }
  })

  test('may be one of a closed list, and of no other', () => {
    expect(judge.refused(exchangeOf({}), built, { anyOf: ['token_malformed', 'token_expired'] })).toEqual([])
    expect(judge.refused(exchangeOf({}), built, { anyOf: ['token_malformed', 'passport_malformed'] })).not.toEqual([])
  })

  test('of a code that the registry does not have cannot be expected', () => {
    expect(() => judge.refused(exchangeOf({}), built, { code: 'token_sad' })).toThrow("'token_sad' is not in the registry")
  })

  test.each<[string, Outcome, string]>([
    ['timeout', { kind: 'timeout', seconds: 10 }, 'there was no response within 10 seconds'],
    ['closed', { kind: 'closed', why: 'the connection was closed' }, 'the connection was closed'],
    ['malformed', { kind: 'malformed', why: 'x' }, 'the response cannot be read as HTTP/1.1: x'],
    ['unreachable', { kind: 'unreachable', why: 'ECONNREFUSED' }, 'there was no connection (ECONNREFUSED)'],
  ])('is not a connection that ends as %s, and neither is a served request', (_, outcome, sentence) => {
    expect(judge.refused(withOutcome(outcome), built, EXPIRED)).toEqual([sentence])
    expect(judge.served(withOutcome(outcome), built, {})).toEqual([sentence])
    expect(judge.isRefusedWith(withOutcome(outcome), 'token_expired')).toBe(false)
  })

  test('is recognised by its code', () => {
    expect(judge.isRefusedWith(exchangeOf({}), 'token_expired')).toBe(true)
    expect(judge.isRefusedWith(exchangeOf({ status: 400 }), 'token_expired')).toBe(true)
    expect(judge.isRefusedWith(exchangeOf({}), 'untrusted')).toBe(false)
    expect(judge.isRefusedWith(exchangeOf({ status: 200 }), 'token_expired')).toBe(false)
  })

  test('may have a clock that is five seconds off: both clocks are read at other moments', () => {
    for (const off of [-5, 5])
      expect(judge.refused(exchangeOf({ body: { ...PROBLEM, now: NOW / 1000 + off } }), built, EXPIRED)).toEqual([])
    for (const off of [-6, 6])
      expect(judge.refused(exchangeOf({ body: { ...PROBLEM, now: NOW / 1000 + off } }), built, EXPIRED)).toHaveLength(1)
  })

  test('that tells the owner what to mend has a title of its own', () => {
    const body = {
      ...PROBLEM,
      status: 500,
      code: 'misconfigured',
      type: 'urn:ahp-receiver:0.1:misconfigured',
      retry: 'never',
      title: 'Anything',
    }
    const parts: Parts = { status: 500, body, fields: { 'WWW-Authenticate': undefined } }
    expect(judge.refused(exchangeOf(parts), built, { code: 'content_consumed' })).toEqual([])
  })

  test('has one challenge of the scheme, beside those of others', () => {
    const two = (second: string): Parts => ({ fields: { 'WWW-Authenticate': `${CHALLENGE}\r\nWWW-Authenticate: ${second}` } })
    expect(judge.refused(exchangeOf(two('Basic realm="x"')), built, EXPIRED)).toEqual([])
    expect(judge.refused(exchangeOf(two(CHALLENGE)), built, EXPIRED)).toHaveLength(1)
  })
})

describe('framing that is left to the HTTP parser', () => {
  test('may be answered by it, or by a closed connection', () => {
    const framing: Expectation = { framing: true }
    for (const status of [400, 408, 431, 501]) expect(judge.refused(exchangeOf({ status, body: '' }), built, framing)).toEqual([])
    expect(judge.refused(withOutcome({ kind: 'closed', why: 'x' }), built, framing)).toEqual([])
    for (const status of [200, 404, 500]) expect(judge.refused(exchangeOf({ status, body: '' }), built, framing)).not.toEqual([])
    expect(judge.refused(withOutcome({ kind: 'timeout', seconds: 1 }), built, framing)).not.toEqual([])
  })

  test('may be answered with the code for it, and with no other than those of the case', () => {
    const framing: Expectation = { anyOf: ['method_invalid'], framing: true }
    for (const code of ['request_malformed', 'method_invalid'])
      expect(judge.refused(exchangeOf(refusalOf(code)), built, framing)).toEqual([])
    expect(judge.refused(exchangeOf(refusalOf('target_invalid')), built, framing)).not.toEqual([])
    expect(judge.refused(exchangeOf(refusalOf('request_malformed')), built, { anyOf: ['method_invalid'] })).not.toEqual([])
  })
})

describe('a served request', () => {
  const served = (body: unknown): Exchange => exchangeOf({ status: 200, body, fields: { 'Content-Type': 'application/json' } })

  test('echoes what was verified; what a library does not give may be null', () => {
    expect(judge.served(served(built.echo), built, {})).toEqual([])
    expect(judge.served(served({ ...built.echo, depth: null }), built, {})).toEqual([])
  })

  test.each<[string, unknown, RegExp]>([
    ['another agent', { ...built.echo, agent: 'did:key:z6Mkother' }, /agent of the echo/],
    ['no agent', { ...built.echo, agent: null }, /no agent/],
    ['another digest', { ...built.echo, contentSha256: 'y' }, /contentSha256/],
    ['another depth', { ...built.echo, depth: 1 }, /depth of the echo/],
    ['evidence before the handler', { ...built.echo, seen: ['x-aegis-token'] }, /still sees x-aegis-token/],
    ['no list of what is seen', { ...built.echo, seen: undefined }, /no seen/],
    ['no object', 'ok', /JSON object/],
  ])('with %s is wrong', (_, body, fault) => {
    expect(judge.served(served(body), built, {}).join('\n')).toMatch(fault)
  })

  test('is compared with what the case adds', () => {
    expect(judge.served(served(built.echo), built, { depth: 2 })).not.toEqual([])
  })

  test('that was refused is wrong, with the code that came', () => {
    expect(judge.served(exchangeOf({}), built, {})).toEqual(['it was refused with 401 token_expired'])
    expect(judge.served(exchangeOf({ status: 400, body: '' }), built, {})).toEqual(['it was refused with 400 token_expired'])
  })

  test('has the status 200 and no second response behind it; to HEAD no content', () => {
    const fields = { 'Content-Type': 'application/json' }
    expect(judge.served(exchangeOf({ status: 201, body: built.echo, fields }), built, {})).toEqual(['status is 201 and not 200'])
    const smuggled = exchangeOf({ status: 200, body: built.echo, fields, after: 'HTTP/1.1 200 OK\r\n\r\n' })
    expect(judge.served(smuggled, built, {}).join()).toMatch(/read as more than one/)
    expect(judge.served(exchangeOf({ status: 200, body: '', fields }, 'HEAD'), built, {})).toEqual([])
    expect(judge.served(exchangeOf({ status: 200, body: '', fields, after: '{}' }, 'HEAD'), built, {})).toHaveLength(1)
  })

  test('is compared within its ledger by what a library gives', () => {
    const ledger = { origin: 'log.example', index: '1', size: '2', assurance: 'asserted' }
    const whole = { ...built, echo: { ...built.echo, ledger } }
    const faultsOf = (given: unknown): readonly string[] => judge.served(served({ ...built.echo, ledger: given }), whole, {})
    expect([ledger, { origin: 'log.example' }, { ...ledger, index: null }, null].flatMap(faultsOf)).toEqual([])
    expect(faultsOf({ ...ledger, index: '2' })).toHaveLength(1)
    expect(faultsOf({ ...ledger, index: 1 })).toHaveLength(1)
    expect(faultsOf('log.example')).toHaveLength(1)
  })

  test('is JSON that says so', () => {
    const faults = judge.served(exchangeOf({ status: 200, body: built.echo, fields: { 'Content-Type': 'text/html' } }), built, {})
    expect(faults).toEqual(['the handler did not answer with the JSON object of the echo'])
  })

  test('may have seen other headers', () => {
    expect(judge.served(served({ ...built.echo, seen: ['accept', 7] }), built, {})).toEqual([])
  })
})

function rowTitle(code: string): string {
  return readRegistry().get(code)?.title ?? ''
}
