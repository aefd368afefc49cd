/** What an operator sets for the whole server of nginx does not open a gate in it (spec chapter 21). @module */
import { connect as connectHttp2 } from 'node:http2'
import { sendRaw, withLine, type RawRequest } from '@aiegis/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configuration, NGINX } from './nginx.ts'
import { BOTH, overHttp2, scene } from './nginx-scene.ts'

describe.skipIf(NGINX === undefined)('nginx (skipped where AIEGIS_TEST_NGINX is not set)', () => {
  test.each(BOTH)('%s: AHP-GATE-7 nothing is kept, though the whole server keeps what it can', async (proxy) => {
    const { harness, received, send } = await scene({
      proxy,
      http: () => `proxy_cache_path kept keys_zone=kept:1m; proxy_cache kept; proxy_cache_key $uri; proxy_cache_valid any 10m;
        proxy_ignore_headers Cache-Control;`,
    })
    expect(await send(harness.mint())).toBe(200)
    expect(await send(withLine(harness.mint(), 'X-AEGIS-Token'))).toBe('token_missing')
    expect(await send(harness.mint())).toBe(200)
    expect(received).toHaveLength(2)
  })

  test('auth-request: AHP-GATE-7 a configuration of somebody that keeps answers keeps none of the gate', async () => {
    const { harness, received, send } = await scene({
      proxy: 'auth-request',
      http: () => 'proxy_cache_path kept keys_zone=kept:1m; proxy_cache_key $request_uri; proxy_cache_valid any 10m;',
      only: (gate, app) =>
        configuration('auth-request', gate, app).replace(
          'include aiegis/ask-by-subrequest.conf;',
          `internal; proxy_cache kept; proxy_set_header Host $http_host; proxy_set_header X-Aiegis-Original-Method $request_method;
           proxy_set_header X-Aiegis-Original-URI $request_uri; proxy_set_header X-Aiegis-Original-Content "length=; coding=";`,
        ),
    })
    const unsigned = (): RawRequest => withLine(harness.mint(), 'X-AEGIS-Token')
    expect(await send(unsigned())).toBe('token_missing')
    expect(await send(harness.mint())).toBe(200)
    expect(await send(unsigned())).toBe('token_missing')
    expect(received).toHaveLength(1)
  })

  test('auth-request: another check of the server does not stand in for the gate', async () => {
    const { harness, received, nginx } = await scene({ proxy: 'auth-request', http: () => 'satisfy any; allow all;' })
    expect((await sendRaw(nginx.port, withLine(harness.mint(), 'X-AEGIS-Token'))).status).toBe(401)
    expect(received).toEqual([])
  })

  test('accel-redirect: AHP-GATE-4 the application gets what was decided, though the whole server passes content on unread', async () => {
    const { harness, received, nginx } = await scene({
      proxy: 'accel-redirect',
      http: () => 'proxy_request_buffering off; proxy_http_version 1.1;',
    })
    const session = connectHttp2(`http://127.0.0.1:${nginx.http2}`)
    onTestFinished(() => {
      session.close()
    })
    const order = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }
    expect(await overHttp2(session, harness.mint(order), order.content)).toBe('200')
    expect(received.map(({ content }) => content)).toEqual([order.content])
  })

  test.each(BOTH)(
    '%s: AHP-GATE-8 a field name that CGI reads as another one is refused where nginx lets it pass',
    async (proxy) => {
      const { harness, received, send } = await scene({ proxy, http: () => 'underscores_in_headers on;' })
      expect(await send(withLine(harness.mint(), 'X_AEGIS_Context', 'a.b.c'))).toBe('override_header')
      expect(received).toEqual([])
    },
  )
})
