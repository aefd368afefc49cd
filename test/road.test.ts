/** The road end to end over real sockets: what is valid is served, and every code of the registry has a request that provokes it. @module */
import { REASONS } from '@aiegis/protocol'
import { createMockHarness, problemOf, sendRaw } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { provoke, RECEIVER_CODES } from './provoke.ts'
import { FRAMEWORKS, startReceiver } from './receiver.ts'

/** Node answers these itself before any application sees the request. */
const answeredByNode: Readonly<Record<string, number>> = { content_incomplete: 400 }

describe.each(Object.entries(FRAMEWORKS))('%s', (_name, framework) => {
  test('serves a valid request and hands its handler the verified context', async () => {
    const harness = createMockHarness()
    const receiver = await startReceiver(harness, { framework })
    const response = await sendRaw(receiver.port, harness.mint())
    expect([response.status, response.text]).toEqual([200, '{"served":true}'])
    expect(receiver.contexts).toMatchObject([
      {
        action: 'http.get',
        target: 'https://api.example.com/orders/7',
        decision: 'ALLOW',
        depth: 0,
        ledger: { assurance: 'asserted' },
      },
    ])
    await receiver.close()
  })

  test.each(RECEIVER_CODES)('refuses with %s and runs no handler', async (code) => {
    const { harness, receiver, response, served } = await provoke(code, { framework })
    const expected = REASONS[code]
    expect(response.status).toBe(answeredByNode[code] ?? expected.status)
    expect(problemOf(response)).toEqual(
      code in answeredByNode
        ? {}
        : {
            type: `urn:ahp-receiver:0.1:${expected.public}`,
            title: expected.title,
            code: expected.public,
            status: expected.status,
            retry: expected.retry,
            executed: expected.executed,
            now: harness.clock.seconds(),
          },
    )
    expect(receiver.contexts).toHaveLength(served)
    await receiver.close()
  })
})
