/** The road end to end over real sockets: what is valid is served, and every code of the registry has a request that provokes it. @module */
import { REASONS, type ReasonCode } from '@aiegis/protocol'
import { createMockHarness, problemOf, sendRaw, type Breakable } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { FRAMEWORKS, startReceiver } from './receiver.ts'

const receiverCodes = (Object.keys(REASONS) as ReasonCode[]).filter((code) => REASONS[code].stage !== 'protect')
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

  test.each(receiverCodes)('refuses with %s and runs no handler', async (code) => {
    const harness = createMockHarness({ logSize: 20 })
    const shape = createMockHarness({ logSize: 20 }).breakIt(code as Breakable)
    const trust = shape.trust === undefined ? undefined : harness.trust(shape.trust)
    const receiver = await startReceiver(harness, { framework, route: shape.route, trust, receiver: shape.receiver })
    const broken = harness.breakIt(code as Breakable)
    if (broken.refresh) await receiver.verifier.warm()
    const { before } = broken
    const earlier = before && (await sendRaw(receiver.port, before.request))
    expect(earlier?.status ?? 200).toBe(200)
    harness.clock.advance(before?.seconds ?? 0)
    let response = await sendRaw(receiver.port, broken.request)
    for (let sent = 1; sent < (broken.times ?? 1); sent++) response = await sendRaw(receiver.port, broken.request)
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
    expect(receiver.contexts).toHaveLength((broken.times ?? 1) - (before === undefined ? 1 : 0))
    await receiver.close()
  })
})
