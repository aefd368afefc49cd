/** The table of all adapters and every code of the registry, through a real nginx in front of an application (spec chapters 7, 13 and 21). @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REASONS } from '@aiegis/protocol'
import { createMockHarness } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CASES, type AdapterCase } from '../../../test/adapters/cases.ts'
import { codeOf, runBreakage, runCase, type Start } from '../../../test/adapters/run.ts'
import { ACTIONS } from '../../../test/adapters/shape.ts'
import { RECEIVER_CODES } from '../../../test/provoke.ts'
import { startGate } from '../src/index.ts'
import { configuration, NGINX, startApplication, startNginx } from './nginx.ts'

/** Field names that no application behind the gate may see. */
const HIDDEN = [
  'x-aegis-token',
  'x-aegis-passport',
  'x-aegis-proof',
  'signature-input',
  'signature',
  'cookie',
  'authorization',
  'x-aegis-context',
  'x-aiegis-original-method',
  'x-aiegis-original-uri',
  'x-aiegis-original-content',
]

/** Rows of which nginx makes something else before it asks, or that it answers itself. */
const EXCEPT: Readonly<Record<string, AdapterCase['answers']>> = {
  // It sends on the path and the Host field; neither the gate nor the application is shown the rest.
  'absolute form of another host': [200],
  'absolute form of the very same URL': [200],
  // It reads content to its end, so the connection can be used again.
  'content over the limit ends the connection': ['content_too_large', 200],
  'content over the limit in chunks ends the connection': ['content_too_large', 200],
  // It drops trailers, and nobody is shown them.
  'trailers that nobody announced': [200],
  // It answers these itself.
  TRACE: [405],
  'two hosts': [400],
  'a path in Host': [400],
  'an escaped NUL': [400],
  'an escape that is none': [400],
  'the asterisk form': [400],
}
/** The same for codes; `closed` without an answer, because the client stopped in the middle of content. */
const ANSWERED_BY_NGINX: Readonly<Record<string, string | number>> = {
  method_invalid: 405,
  request_malformed: 400,
  content_incomplete: 'closed',
  content_timeout: 'closed',
}
/** Content that the gate is not sent cannot be late or other content. */
const CONTENT_CODES: Readonly<Record<string, string>> = {
  content_mismatch: 'content_too_large',
  content_timeout: 'content_too_large',
}
/** What only middleware inside the application can get wrong. */
const INSIDE: readonly string[] = ['content_consumed', 'misconfigured']
/** What a request with content is answered where the gate is not sent the content, instead of these. */
const AFTER_CONTENT: readonly unknown[] = [200, 'content_mismatch', 'token_replayed']

const answersOf = ({ title, answers }: AdapterCase): AdapterCase['answers'] => EXCEPT[title] ?? answers

function withoutContent(row: AdapterCase): AdapterCase['answers'] {
  const requests = row.make(createMockHarness({ logSize: 20 }))
  return answersOf(row).map((answer, at) =>
    (requests[at]?.body.length ?? 0) > 0 && AFTER_CONTENT.includes(answer) ? 'content_too_large' : answer,
  )
}

describe.skipIf(NGINX === undefined).each(['accel-redirect', 'auth-request'] as const)(
  'nginx with %s (skipped where AIEGIS_TEST_NGINX is not set)',
  (proxy) => {
    const folder = mkdtempSync(join(tmpdir(), 'aiegis-gate-'))
    const path = join(folder, 'gate.sock')
    let application: Awaited<ReturnType<typeof startApplication>>
    let nginx: Awaited<ReturnType<typeof startNginx>>

    beforeAll(async () => {
      application = await startApplication()
      nginx = await startNginx(configuration(proxy, `http://unix:${path}`, application.address))
    })
    afterAll(async () => {
      await nginx.close()
      application.close()
      rmSync(folder, { recursive: true })
    })

    /** One gate behind the one nginx. */
    const start: Start = async (harness, { trust, route }) => {
      const verifier = createVerifier({ ...harness.receiver(trust), actions: ACTIONS })
      await verifier.warm()
      harness.clock.advance(6)
      const gate = await startGate({ proxy, listen: { path }, verifier, ...route, log: () => {} })
      application.received.length = 0
      return {
        port: nginx.port,
        effects: () =>
          application.received.map(({ method, target, headers, content }) => ({
            receiptId: '',
            content,
            seen: HIDDEN.filter((name) => name in headers),
            asked: `${method} ${target}`,
          })),
        warm: () => verifier.warm(),
        ticked() {},
        async close() {
          await gate.close()
          verifier.close()
        },
      }
    }

    test.each(CASES.filter(({ receiver }) => receiver === undefined))('AHP-GATE-6 $title', async (row) => {
      const { answers, effects, sent } = await runCase(start, row)
      expect(answers).toEqual(proxy === 'auth-request' ? withoutContent(row) : answersOf(row))
      expect(effects.map(({ content }) => content)).toEqual(sent)
      expect(effects.flatMap(({ seen }) => seen)).toEqual([])
    })

    test.each(RECEIVER_CODES.filter((code) => !INSIDE.includes(code)))(
      'AHP-GATE-5 refuses with %s and the application is not asked',
      async (code) => {
        const { answer, expected, served } = await runBreakage(start, code)
        const byNginx = (proxy === 'auth-request' ? CONTENT_CODES[code] : undefined) ?? ANSWERED_BY_NGINX[code]
        const expectedStatus = byNginx === undefined ? REASONS[code].status : answer?.status
        expect([answer?.status, answer === undefined ? 'closed' : codeOf(answer)]).toEqual([
          expectedStatus,
          byNginx ?? REASONS[code].public,
        ])
        expect(served).toBe(expected)
      },
    )
  },
)
