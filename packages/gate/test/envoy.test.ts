/** The requests that Envoy's ext_authz filter makes over HTTP, as its source writes them, and what it does with the answers (spec chapter 21). @module */
import { readFileSync } from 'node:fs'
import { createMockHarness, problemOf, sendRaw, withLine, type RawRequest, type RawResponse } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { expect, onTestFinished, test } from 'vitest'
import { REASONS } from '@aiegis/protocol'
import { provokable } from './provokable.ts'
import { startGate } from '../src/index.ts'

const ORDER = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

/** How the filter is configured, and what it does to the request. */
interface Filter {
  /** `with_request_body` is set. */
  readonly body?: boolean
  /** `headers_to_add` of the package is set. */
  readonly says?: readonly string[]
  readonly partial?: 'true' | 'false'
}

/**
 * The check request of `RawHttpClientImpl::check`: `content-length` of what is forwarded first, 0 without content; then the fields of the
 * client in lower case, those of one name joined with a comma, but for `content-length` and `transfer-encoding`; then `headers_to_add`,
 * which overwrite; then what the async client adds.
 */
function asEnvoyAsks(request: RawRequest, { body = true, says = ['forwarded'], partial = 'false' }: Filter = {}): RawRequest {
  const joined = new Map<string, string>()
  for (const [written, value] of request.lines) {
    const name = written.toLowerCase()
    if (name === 'content-length' || name === 'transfer-encoding' || name === 'host') continue
    const before = joined.get(name)
    joined.set(name, before === undefined ? value : `${before},${value}`)
  }
  const isForwarded = body && request.body.length > 0
  // A client's own field of that name is overwritten when the filter forwards content.
  if (isForwarded) joined.set('x-envoy-auth-partial-body', partial)
  if (says.length > 0) joined.delete('x-aiegis-original-content')
  return {
    ...request,
    lines: [
      ['host', request.lines.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''],
      ['content-length', String(isForwarded ? request.body.length : 0)],
      ...joined,
      ...says.map((value) => ['x-aiegis-original-content', value] as const),
      ['x-envoy-internal', 'true'],
      ['x-forwarded-for', '10.0.0.5'],
      ['x-envoy-expected-rq-timeout-ms', '10000'],
    ],
    body: isForwarded ? request.body : new Uint8Array(),
  }
}

async function scene() {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const gate = await startGate({ proxy: 'ext-authz', listen: { port: 0 }, verifier, log: () => {} })
  onTestFinished(async () => {
    await gate.close()
    verifier.close()
  })
  const port = Number(new URL(gate.address).port)
  const ask = (request: RawRequest, filter?: Filter): Promise<RawResponse> => sendRaw(port, asEnvoyAsks(request, filter))
  const code = async (request: RawRequest, filter?: Filter): Promise<unknown> => {
    const response = await ask(request, filter)
    return problemOf(response)['code'] ?? response.status
  }
  return { harness, ask, code }
}

test('what is served is answered with 200, no content, and the names of the fields that Envoy removes', async () => {
  const { harness, ask } = await scene()
  for (const wanted of [undefined, ORDER, { method: 'HEAD' }, { url: 'https://api.example.com/a%2Fb/c;d?b=2&a=%20' }]) {
    const { status, headers, text } = await ask(harness.mint(wanted))
    expect([status, headers['content-length'], text]).toEqual([200, '0', ''])
    expect(headers['x-envoy-auth-headers-to-remove']).toBe(
      'x-aegis-token,x-aegis-passport,x-aegis-proof,signature-input,signature,x-aegis-context,cookie,authorization,x-aiegis-original-content',
    )
    expect(headers).not.toHaveProperty('x-aegis-context')
  }
})

test('AHP-GATE-5 a refusal is answered with its own status, document and challenge', async () => {
  const { harness, ask } = await scene()
  const missing = await ask(withLine(harness.mint(), 'X-AEGIS-Token'))
  expect([missing.status, problemOf(missing)['code']]).toEqual([401, 'token_missing'])
  expect(missing.headers['www-authenticate']).toMatch(/^AEGIS aud="https:\/\/api\.example\.com"/)
  const order = harness.mint(ORDER)
  expect((await ask(order)).status).toBe(200)
  const again = await ask(order)
  expect([again.status, problemOf(again)['code'], problemOf(again)['executed']]).toEqual([409, 'token_replayed', 'unknown'])
})

test.each(provokable())('AHP-GATE-5 refuses with %s and never with a status that Envoy takes for yes', async (code) => {
  const harness = createMockHarness({ logSize: 20 })
  const { trust, route } = createMockHarness({ logSize: 20 }).breakIt(code)
  const verifier = createVerifier(harness.receiver(trust))
  await verifier.warm()
  harness.clock.advance(6)
  const gate = await startGate({ proxy: 'ext-authz', listen: { port: 0 }, verifier, ...route, log: () => {} })
  onTestFinished(async () => {
    await gate.close()
    verifier.close()
  })
  const port = Number(new URL(gate.address).port)
  const { request, before, times = 1, refresh } = harness.breakIt(code)
  if (refresh) await verifier.warm()
  const earlier = before === undefined ? 200 : (await sendRaw(port, asEnvoyAsks(before.request))).status
  expect(earlier).toBe(200)
  harness.clock.advance(before?.seconds ?? 0)
  let response = await sendRaw(port, asEnvoyAsks(request))
  for (let sent = 1; sent < times; sent++) response = await sendRaw(port, asEnvoyAsks(request))
  expect([response.status, problemOf(response)['code']]).toEqual([REASONS[code].status, REASONS[code].public])
})

test('AHP-GATE-4 content is what Envoy forwards: other content, a part of it and none are refused', async () => {
  const { harness, code } = await scene()
  const order = (): RawRequest => harness.mint(ORDER)
  expect(await code({ ...order(), body: Buffer.from('{"item":8}') })).toBe('content_mismatch')
  expect(await code(order(), { partial: 'true' })).toBe('content_too_large')
  expect(await code(order(), { body: false })).toBe('content_mismatch')
  // A client that says itself that its content is whole is not asked.
  expect(await code(withLine(order(), 'X-Envoy-Auth-Partial-Body', 'false'), { partial: 'true' })).toBe('content_too_large')
  expect(await code(order())).toBe(200)
})

test('AHP-GATE-2 a filter that does not say that it forwards content is refused, whatever the request', async () => {
  const { harness, code } = await scene()
  expect(await code(harness.mint(), { says: [] })).toBe('misconfigured')
  expect(await code(harness.mint(), { says: ['length=; coding='] })).toBe('misconfigured')
  expect(await code(harness.mint(), { says: ['forwarded', 'forwarded'] })).toBe('override_header')
})

test('AHP-GATE-3 fields that belong to another kind of proxy are refused, for only a client can have written them', async () => {
  const { harness, code } = await scene()
  expect(await code(withLine(harness.mint(), 'X-Aiegis-Original-URI', '/orders/8'))).toBe('override_header')
  expect(await code(withLine(harness.mint(), 'X-Aiegis-Original-Method', 'DELETE'))).toBe('override_header')
  expect(await code(withLine(harness.mint(), 'X-Aiegis-Original-Content', 'length=0; coding='))).toBe(200)
})

test('AHP-GATE-8 a field name that applications read as another one is refused, whatever Envoy was told of underscores', async () => {
  const { harness, code } = await scene()
  for (const name of ['X_AEGIS_Context', 'x-aegis_context', 'X_HTTP_Method_Override', 'X_Aiegis_Original_Content'])
    expect([name, await code(withLine(harness.mint(), name, 'DELETE'))]).toEqual([name, 'override_header'])
})

test('AHP-GATE-9 a request that asks for another protocol is refused: Envoy forwards none of its content', async () => {
  const { harness, code } = await scene()
  const empty = (): RawRequest => harness.mint({ method: 'POST' })
  expect(await code(withLine(withLine(empty(), 'Connection', 'upgrade'), 'UPGRADE', 'websocket'))).toBe('content_too_large')
  expect(await code(withLine(empty(), 'Upgrade-Insecure-Requests', '1'))).toBe(200)
  expect(await code(withLine(empty(), 'X-Says', 'upgrade'))).toBe(200)
})

test('AHP-GATE-7 whatever the gate answers may be kept by nobody', async () => {
  const { harness, ask } = await scene()
  const order = harness.mint()
  expect([(await ask(order)).headers['cache-control'], (await ask(order)).headers['cache-control']]).toEqual([
    'no-store',
    'no-store',
  ])
})

test('a field that a client sends twice arrives as a list, which is refused where one value is wanted', async () => {
  const { harness, code } = await scene()
  const request = harness.mint(ORDER)
  const [, token = ''] = request.lines.find(([name]) => name === 'X-AEGIS-Token') ?? []
  expect(await code(withLine(request, 'X-AEGIS-Token', token, token))).toBe('evidence_repeated')
  expect(await code(withLine(harness.mint(ORDER), 'Content-Type', 'application/json', 'application/json'))).toBe(
    'content_type_mismatch',
  )
})

test('the configuration in the package forwards content, shows every field, and fails closed', () => {
  const text = readFileSync(new URL('../envoy/envoy.yaml', import.meta.url), 'utf8')
  for (const line of [
    'failure_mode_allow: false',
    'with_request_body: { max_request_bytes: 1048576, allow_partial_message: false }',
    "allowed_headers: { patterns: [{ safe_regex: { regex: '.*' } }] }",
    'headers_to_add: [{ key: x-aiegis-original-content, value: forwarded }]',
    'allowed_upstream_headers: { patterns: [{ exact: x-aegis-context }] }',
    'headers_with_underscores_action: REJECT_REQUEST',
    'retry_policy: { num_retries: 0 }',
    'normalize_path: false',
    'merge_slashes: false',
  ])
    expect(text).toContain(line)
})
