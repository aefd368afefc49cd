import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '@aiegis/protocol'
import { file, manifest, reference, regoRule, saying } from './policy/packs.ts'
import { API, claimsOf, createScene, shows, text, type Answered, type Scene } from './scene.ts'

/** What a case leaves behind: status, decision, who decided, and the entry that was signed and logged. */
async function record(scene: Scene, answer: Answered): Promise<string> {
  const jws = answer.headers['X-AEGIS-Token'] ?? answer.headers['X-AEGIS-Decision']
  if (jws === undefined) return `${answer.status} ${text(answer.json['code'])}`
  const claims = await claimsOf(
    scene,
    jws,
    answer.headers['X-AEGIS-Token'] === undefined ? 'aegis-decision+jwt' : 'aegis-token+jwt',
  )
  const { decision, deciding_pack, deciding_rule } = claims['entry'] as JsonObject
  expect([decision, deciding_pack, deciding_rule]).toEqual([
    answer.json['decision'],
    answer.json['deciding_pack'],
    answer.json['deciding_rule'],
  ])
  return `${answer.status} ${text(decision)} ${text(deciding_pack)}/${text(deciding_rule)}`
}

describe('ten core cases, each with status, body, headers and entry', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await createScene()
  })
  afterAll(() => scene.close())
  const action = 'orders.read'

  test.each<[string, JsonObject, string]>([
    ['1 benign', { ...shows('GET', '/orders/7'), action }, '200 ALLOW -/-'],
    ['2 e-mail in input', { action, target: `${API}/x`, input: 'ann@example.com' }, '401 BLOCK pii-block/pii-email'],
    ['3 e-mail in target', { action, target: `${API}/x?by=ann@example.com` }, '401 BLOCK pii-block/pii-email'],
    [
      '4 phone in context.tool_args but not in target',
      { action, target: `${API}/x`, context: { tool_args: { phone: '+353861234567' } } },
      '401 BLOCK pii-block/pii-phone-e164',
    ],
    [
      '5 nested context.user_message',
      { action, target: `${API}/x`, context: { user_message: [{ role: 'user', text: 'I am ann@example.com' }] } },
      '401 BLOCK pii-block/pii-email',
    ],
    ['6 tool not on the allowlist', { action: 'orders.delete', target: `${API}/x` }, '401 BLOCK tool-allowlist/tool-allowed'],
    ['7 tool on the allowlist', { action: 'orders.create', target: `${API}/x` }, '200 ALLOW -/-'],
  ])('%s', async (_, body, expected) => {
    expect(await record(scene, await scene.askUnsigned(body))).toBe(expected)
  })

  test('1 benign, signed', async () => {
    expect(await record(scene, await scene.ask({ ...shows('GET', '/orders/7'), action }))).toBe('200 ALLOW -/-')
  })

  test('8 rate limit: WARN above 300 questions in a minute, BLOCK above 600', async () => {
    const busy = await createScene({ packs: [reference('rate-limit')], allowUnsignedPacks: true })
    const found: string[] = []
    for (let count = 1; count <= 601; count += 1) {
      const answer = await busy.askUnsigned({ action, target: 'x' })
      if ([300, 301, 600, 601].includes(count)) found.push(await record(busy, answer))
    }
    expect(found).toEqual([
      '200 ALLOW -/-',
      '200 WARN rate-limit/requests-per-minute',
      '200 WARN rate-limit/requests-per-minute',
      '401 BLOCK rate-limit/requests-per-minute',
    ])
    await busy.close()
  })

  test('9 two packs that deny: load order decides who is named', async () => {
    const packs = [
      file(manifest('first', [saying('a', 'DENY')]), 'first'),
      file(manifest('second', [regoRule('b', 'decision := "DENY"')]), 'second'),
    ]
    const named: string[] = []
    for (const order of [packs, packs.toReversed()]) {
      const other = await createScene({ packs: order, allowUnsignedPacks: true })
      named.push(await record(other, await other.askUnsigned({ action, target: 'x' })))
      await other.close()
    }
    expect(named).toEqual(['401 BLOCK first/a', '401 BLOCK second/b'])
  })

  test('10 malformed JSON: no decision and no entry', async () => {
    const size = scene.enforcement.log.size()
    expect(await record(scene, await scene.askUnsigned(new TextEncoder().encode('{"action":')))).toBe('400 ask_malformed')
    expect(scene.enforcement.log.size()).toBe(size)
  })
})
