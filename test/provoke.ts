/** Provokes one code of the registry at a real receiver. @module */
import { REASONS, type ReasonCode } from '@aiegis/protocol'
import { createMockHarness, sendRaw, type Breakable, type Broken, type MockHarness, type RawResponse } from '@aiegis/testing'
import { startReceiver, type Receiver, type ReceiverShape } from './receiver.ts'

/** Every code that a receiver can answer. */
export const RECEIVER_CODES = (Object.keys(REASONS) as ReasonCode[]).filter(
  (code): code is Breakable => REASONS[code].stage !== 'protect' && REASONS[code].stage !== 'service',
)

/** What was sent, and what the last request was answered. */
export interface Provoked {
  readonly harness: MockHarness
  readonly receiver: Receiver
  readonly broken: Broken
  readonly response: RawResponse
  /** Requests that were served before. */
  readonly served: number
}

/** Starts a receiver and sends it what it has to refuse with `code`; whoever calls closes it. */
export async function provoke(code: Breakable, shape: ReceiverShape = {}): Promise<Provoked> {
  const harness = createMockHarness({ logSize: 20 })
  // What the receiver must look like is known only with a request, and a request needs the harness to be past its start.
  const { trust, route, receiver: made } = createMockHarness({ logSize: 20 }).breakIt(code)
  const receiver = await startReceiver(harness, {
    ...shape,
    route,
    receiver: made,
    trust: trust === undefined ? undefined : harness.trust(trust),
  })
  const broken = harness.breakIt(code)
  const { request, before, times = 1, refresh } = broken
  if (refresh) await receiver.verifier.warm()
  const earlier = before && (await sendRaw(receiver.port, before.request))
  if (earlier !== undefined && earlier.status !== 200) throw new Error(`the request before was answered with ${earlier.status}`)
  harness.clock.advance(before?.seconds ?? 0)
  let response = await sendRaw(receiver.port, request)
  for (let sent = 1; sent < times; sent++) response = await sendRaw(receiver.port, request)
  return { harness, receiver, broken, response, served: times - (before === undefined ? 1 : 0) }
}
