import { REASONS, Refusal, type ReasonCode } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { renderRefusal } from '../src/refusal-response.ts'

const party = {
  audience: 'https://api.example.com',
  harnesses: ['did:web:a.example', 'did:web:b.example'],
  now: 1_795_212_000_900,
}
const codes = Object.keys(REASONS) as ReasonCode[]
const render = (code: ReasonCode, random = 0) =>
  renderRefusal(new Refusal(code, 'a secret detail', { cause: 'a secret cause' }), { ...party, random: () => random })

describe('the response of a refusal', () => {
  test.each(codes)('AHP-REFUSE-1 AHP-REFUSE-2 AHP-REFUSE-5 %s shows its public row and nothing of its detail', (code) => {
    const { status, headers, body } = render(code)
    const row = REASONS[code]
    expect(JSON.parse(body)).toEqual({
      type: `urn:ahp-receiver:0.1:${row.public}`,
      title: row.title,
      status: row.status,
      code: row.public,
      retry: row.retry,
      executed: row.executed,
      now: 1_795_212_000,
    })
    expect([status, headers['Cache-Control']]).toEqual([row.status, 'no-store'])
    expect(JSON.stringify([headers, body])).not.toContain('secret')
  })

  test('AHP-REFUSE-3 a 401 names the error, the audience and the harnesses; with no token sent there is no error', () => {
    expect(render('token_expired').headers['WWW-Authenticate']).toBe(
      'AEGIS error="token_expired", aud="https://api.example.com", harness="did:web:a.example did:web:b.example", ahp="ahp-receiver/0.1"',
    )
    expect(render('token_missing').headers['WWW-Authenticate']).toBe(
      'AEGIS aud="https://api.example.com", harness="did:web:a.example did:web:b.example", ahp="ahp-receiver/0.1"',
    )
  })

  test('AHP-REFUSE-4 every 503 says when to come back, later than the least and not all at once', () => {
    for (const code of codes.filter((name) => REASONS[name].status === 503))
      expect(Number(render(code).headers['Retry-After'])).toBeGreaterThan(0)
    const warming = new Refusal('replay_warming', '', { retryAfter: 6 })
    expect([0, 0.999].map((random) => renderRefusal(warming, { ...party, random: () => random }).headers['Retry-After'])).toEqual(
      ['6', '9'],
    )
  })

  test('AHP-REFUSE-6 all that is untrusted looks alike', () => {
    const hidden = codes.filter((code) => REASONS[code].public === 'untrusted')
    expect(hidden.length).toBeGreaterThan(6)
    expect(new Set(hidden.map((code) => JSON.stringify(render(code)))).size).toBe(1)
  })

  test('AHP-REFUSE-8 what could not be measured is 503', () => {
    for (const code of ['status_unavailable', 'replay_unavailable', 'replay_full', 'replay_warming'] as const)
      expect(render(code).status).toBe(503)
  })

  test('a challenge stays short however many harnesses are accepted', () => {
    const harnesses = Array.from({ length: 64 }, (_, n) => `did:web:${'h'.repeat(50)}.${n}.example`)
    const { headers } = renderRefusal(new Refusal('token_missing', ''), { ...party, harnesses })
    expect(headers['WWW-Authenticate']?.length).toBeLessThan(2300)
  })
})
