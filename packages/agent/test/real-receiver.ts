/** A real receiver on loopback and a harness that allows what it is asked, on the clock and the keys of the mock harness. @module */
import { createServer, type RequestListener } from 'node:http'
import { getAiegis, requireAiegisToken } from '@aiegis/express'
import { decodeBase64url, decodeUtf8 } from '@aiegis/protocol'
import { createMockHarness, lineOf, listen, type MockHarness } from '@aiegis/testing'
import { createVerifier, type AiegisContext } from '@aiegis/verifier'
import express from 'express'
import { decided, json, startRecorder, type Answer, type Recorder } from './servers.ts'

/** Field lines of one request in the order and spelling of the wire. */
export type Lines = readonly (readonly [name: string, value: string])[]

/** What a served request was. */
export interface Served {
  readonly context: AiegisContext
  readonly content: string
}

/** A receiver whose memory can be lost. */
export interface Stage {
  readonly h: MockHarness
  readonly origin: string
  readonly harness: Recorder
  /** The chain of three agents, or the passport when there are no hand-offs. */
  readonly chain: string
  /** Every request that reached the receiver. */
  readonly arrived: readonly Lines[]
  readonly served: readonly Served[]
  /** Another verifier, which holds no chain; used tokens stay used. */
  restart(): Promise<void>
  /** Answers the next request in place of the receiver. */
  answerOnce(answer: RequestListener): void
  close(): Promise<void>
}

/** Starts both; `handOffs` as `mint` takes it, `logSize` entries in the log before. */
export async function startStage(handOffs?: number, logSize = 1000): Promise<Stage> {
  const arrived: Lines[] = []
  const served: Served[] = []
  let once: RequestListener | undefined
  let app: RequestListener = () => undefined
  let close = (): void => undefined
  const server = createServer((request, response) => {
    arrived.push(linesOf(request.rawHeaders))
    const answer = once ?? app
    once = undefined
    answer(request, response)
  })
  const origin = `http://127.0.0.1:${await listen(server)}`
  const h = createMockHarness({ audience: origin, logSize })
  const wanted = handOffs === undefined ? {} : { handOffs }
  const harness = await startRecorder(allowing(h, wanted))

  async function restart(): Promise<void> {
    close()
    const verifier = createVerifier(h.receiver())
    await verifier.warm()
    close = () => verifier.close()
    app = express()
      .use(requireAiegisToken({ verifier }))
      .use(express.text({ type: '*/*' }))
      .use((request, response) => {
        served.push({ context: getAiegis(request), content: String(request.body ?? '') })
        response.json({ served: true })
      })
  }
  await restart()
  h.clock.advance(6)
  return {
    h,
    origin,
    harness,
    chain: lineOf(h.mint(wanted), 'X-AEGIS-Passport') ?? '',
    arrived,
    served,
    restart,
    answerOnce(answer) {
      once = answer
    },
    async close() {
      close()
      server.closeAllConnections()
      await Promise.all([harness.close(), new Promise((resolve) => server.close(resolve))])
    },
  }
}

/** Mints for whatever the question shows. */
function allowing(h: MockHarness, wanted: { readonly handOffs?: number }): Answer {
  return (seen, response) => {
    const { action, context }: { action: string; context: { request: Record<string, string> } } = JSON.parse(
      seen.content.toString(),
    )
    const { method = '', url = '', contentType = '', content = '' } = context.request
    const minted = h.mint({
      ...wanted,
      method,
      url,
      action,
      content: decodeUtf8(decodeBase64url(content)),
      ...(contentType === '' ? {} : { contentType }),
    })
    const token = lineOf(minted, 'X-AEGIS-Token')
    json(200, decided('ALLOW', { token, proof: lineOf(minted, 'X-AEGIS-Proof'), obligations: [] }))(seen, response)
  }
}

function linesOf(raw: readonly string[]): Lines {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))
}
