/** Answers for the hosts of a mock harness over HTTP, for receivers in other programs: what it is asked it asks the harness. @module */
import { createServer, type IncomingMessage } from 'node:http'
import { listen, type MockHarness } from '@aiegis/testing'

/** The hosts of whichever harness was named last. */
export interface Hosts {
  readonly url: string
  /** From now on those of this harness. */
  speakFor(harness: MockHarness): void
  close(): void
}

/** Listens on loopback. A host that is down in the harness closes the connection here. */
export async function startHosts(): Promise<Hosts> {
  let harness: MockHarness | undefined
  const server = createServer((request, response) => {
    answerOf(harness, request).then(
      ({ status, contentType, body }) => response.writeHead(status, { 'content-type': contentType }).end(body),
      () => response.destroy(),
    )
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    speakFor: (next) => void (harness = next),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array | string
}

async function answerOf(harness: MockHarness | undefined, request: IncomingMessage): Promise<Answer> {
  if (harness === undefined) throw new Error('no harness')
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://hosts.invalid')
  const { get, resolver } = harness.receiver()
  if (pathname === '/get') {
    const limits = { accept: searchParams.get('accept') ?? '', maxBytes: 10_000_000, timeoutMs: 3000 }
    return get(searchParams.get('url') ?? '', limits)
  }
  if (pathname === '/resolve') return json(await resolver?.resolve(searchParams.get('did') ?? ''))
  const { store } = harness.replay
  if (pathname === '/store') return json({ scope: store.scope, startedAt: store.startedAt })
  const claim: [string, number, string] = JSON.parse(await textOf(request))
  return json(await store.claim(...claim))
}

function json(value: unknown): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
