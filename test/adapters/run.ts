/** Runs one case of the table against one adapter; knows no test framework. @module */
import { formatSeconds } from '@aiegis/protocol'
import { createMockHarness, type Breakable, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import type { AdapterCase } from './cases.ts'
import { startAdapter, type AdapterName } from './servers.ts'
import { ACTIONS, type Effect } from './shape.ts'
import { exchange, type Answer } from './wire.ts'

/** What was answered, and what handlers did. */
export interface Outcome {
  /** For each request the public code of the refusal, else the status. */
  readonly answers: readonly (string | number)[]
  readonly effects: readonly Effect[]
  /** The content of each request that was served, as characters. */
  readonly sent: readonly string[]
  /** Method and target, as they were decided, of each request that was served. */
  readonly decided: readonly string[]
}

/** What a receiver of the table differs in, and the title or code under which it is known elsewhere too. */
export interface Wish extends Pick<AdapterCase, 'trust' | 'route' | 'receiver' | 'reportsOnly'> {
  readonly title: string
}

/** A receiver that is past its start, in this process or elsewhere. */
export interface Subject {
  readonly port: number
  /** What handlers did by now. */
  effects(): readonly Effect[] | Promise<readonly Effect[]>
  /** Reads what the verifier keeps once more. */
  warm(): Promise<void>
  /** The clock of the harness has moved. */
  ticked(): void | Promise<void>
  close(): void | Promise<void>
}

/** Starts a receiver that believes `harness`, and moves its clock past the start. */
export type Start = (harness: MockHarness, wish: Wish) => Promise<Subject>

/** The receiver of one adapter, in this process. */
export function inProcess(adapter: AdapterName): Start {
  return async (harness, { trust, route, receiver, reportsOnly }) => {
    const reportOnly = { serveUnverifiedUntil: formatSeconds(harness.clock.seconds() + 3600), onWouldRefuse() {} }
    const verifier = createVerifier({
      ...harness.receiver(trust),
      actions: ACTIONS,
      log: () => {},
      ...(reportsOnly === true ? { reportOnly } : {}),
    })
    await verifier.warm()
    harness.clock.advance(6)
    const server = await startAdapter(adapter, { verifier, route, receiver, reportsOnly })
    return {
      port: server.port,
      effects: () => server.effects,
      warm: () => verifier.warm(),
      ticked() {},
      close() {
        server.close()
        verifier.close()
      },
    }
  }
}

/** Starts a receiver, sends the requests of the case, and stops it. */
export async function runCase(start: Start, row: AdapterCase, harness: MockHarness = newHarness()): Promise<Outcome> {
  const { make, sending = 'in turn' } = row
  const subject = await start(harness, row)
  try {
    const requests = make(harness)
    const answers = (await exchange(subject.port, requests, sending)).map(codeOf)
    const served = requests.filter((_request, at) => answers[at] === 200)
    // Of copies at the same time nobody says which one is the first: a 200 is sorted in front of codes.
    if (sending === 'apart') answers.sort((left, right) => (String(left) < String(right) ? -1 : 1))
    return {
      answers,
      effects: await subject.effects(),
      sent: served.map(contentOf),
      decided: served.map(row.reportsOnly === true ? targetOf : decidedOf),
    }
  } finally {
    await subject.close()
  }
}

/** The last answer to what has to be refused with `code`, and how many requests should have been served, and were. */
export async function runBreakage(
  start: Start,
  code: Breakable,
): Promise<{ readonly answer: Answer | undefined; readonly expected: number; readonly served: number }> {
  const harness = newHarness()
  // What the receiver must look like is known only with a request, and a request needs the harness to be past its start.
  const { trust, route, receiver } = newHarness().breakIt(code)
  const subject = await start(harness, {
    title: code,
    ...(trust && { trust }),
    ...(route && { route }),
    ...(receiver && { receiver }),
  })
  try {
    const { request, before, times = 1, refresh } = harness.breakIt(code)
    await subject.ticked()
    if (refresh) await subject.warm()
    if (before !== undefined) await exchange(subject.port, [before.request], 'in turn')
    harness.clock.advance(before?.seconds ?? 0)
    await subject.ticked()
    let answer: Answer | undefined
    for (let sent = 0; sent < times; sent++) [answer] = await exchange(subject.port, [request], 'in turn')
    return { answer, expected: times - (before === undefined ? 1 : 0), served: (await subject.effects()).length }
  } finally {
    await subject.close()
  }
}

const newHarness = (): MockHarness => createMockHarness({ logSize: 20 })

/** The content without its chunks. */
function contentOf({ lines, body }: RawRequest): string {
  const text = Buffer.from(body).toString('latin1')
  if (!lines.some(([name]) => name === 'Transfer-Encoding')) return text
  return [...text.matchAll(/(?<=^|\r\n)[0-9a-f]+\r\n([^]*?)\r\n(?=[0-9a-f]+\r\n)/g)].map(([, chunk]) => chunk).join('')
}

/** What the token of a request says of method and target; those of the request where it needs none. */
function decidedOf(request: RawRequest): string {
  const token = request.lines.find(([name]) => name === 'X-AEGIS-Token')?.[1]
  if (token === undefined) return targetOf(request)
  const { htm, htu }: Record<string, string> = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return `${htm} ${htu?.slice(new URL(htu).origin.length)}`
}

function targetOf({ method, target }: RawRequest): string {
  return `${method} ${target}`
}

/** The public code of a refusal, else the status. */
export function codeOf({ status, text }: Answer): string | number {
  return /"code":"([a-z_]+)"/.exec(text)?.[1] ?? status
}
