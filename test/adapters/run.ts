/** Runs one case of the table against one adapter; knows no test framework. @module */
import { createMockHarness, type Breakable, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import type { AdapterCase } from './cases.ts'
import { startAdapter, type AdapterName, type Effect } from './servers.ts'
import { exchange, type Answer } from './wire.ts'

/** What was answered, and what handlers did. */
export interface Outcome {
  /** For each request the public code of the refusal, else the status. */
  readonly answers: readonly (string | number)[]
  readonly effects: readonly Effect[]
  /** The content of each request that was served, as characters. */
  readonly sent: readonly string[]
}

/** Actions of every receiver of the table. */
const ACTIONS = { 'POST /named/:id': 'orders.create' }

/** Starts a receiver, sends the requests of the case, and stops it. */
export async function runCase(adapter: AdapterName, { make, sending = 'in turn', ...shape }: AdapterCase): Promise<Outcome> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(shape.trust), actions: ACTIONS })
  await verifier.warm()
  harness.clock.advance(6)
  const server = await startAdapter(adapter, { verifier, ...shape })
  try {
    const requests = make(harness)
    const answers = (await exchange(server.port, requests, sending)).map(codeOf)
    const sent = requests.filter((_request, at) => answers[at] === 200).map(contentOf)
    // Of copies at the same time nobody says which one is the first: a 200 is sorted in front of codes.
    if (sending === 'apart') answers.sort((left, right) => (String(left) < String(right) ? -1 : 1))
    return { answers, effects: server.effects, sent }
  } finally {
    server.close()
    verifier.close()
  }
}

/** The last answer to what has to be refused with `code`, and how many requests should have been served, and were. */
export async function runBreakage(
  adapter: AdapterName,
  code: Breakable,
): Promise<{ readonly answer: Answer | undefined; readonly expected: number; readonly served: number }> {
  const harness = createMockHarness({ logSize: 20 })
  // What the receiver must look like is known only with a request, and a request needs the harness to be past its start.
  const { trust, route, receiver } = createMockHarness({ logSize: 20 }).breakIt(code)
  const verifier = createVerifier(harness.receiver(trust))
  await verifier.warm()
  harness.clock.advance(6)
  const server = await startAdapter(adapter, { verifier, route, receiver })
  try {
    const { request, before, times = 1, refresh } = harness.breakIt(code)
    if (refresh) await verifier.warm()
    if (before !== undefined) await exchange(server.port, [before.request], 'in turn')
    harness.clock.advance(before?.seconds ?? 0)
    let answer: Answer | undefined
    for (let sent = 0; sent < times; sent++) [answer] = await exchange(server.port, [request], 'in turn')
    return { answer, expected: times - (before === undefined ? 1 : 0), served: server.effects.length }
  } finally {
    server.close()
    verifier.close()
  }
}

/** The content without its chunks. */
function contentOf({ lines, body }: RawRequest): string {
  const text = Buffer.from(body).toString('latin1')
  if (!lines.some(([name]) => name === 'Transfer-Encoding')) return text
  return [...text.matchAll(/(?<=^|\r\n)[0-9a-f]+\r\n([^]*?)\r\n(?=[0-9a-f]+\r\n)/g)].map(([, chunk]) => chunk).join('')
}

/** The public code of a refusal, else the status. */
export function codeOf({ status, text }: Answer): string | number {
  return /"code":"([a-z_]+)"/.exec(text)?.[1] ?? status
}
