/** An application of a test's own behind the check, on a real socket, and requests as bytes on one connection. @module */
import { connect } from 'node:net'
import { getAiegis } from '@aiegis/express'
import { createMockHarness, problemOf, sendRaw, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import type { Express, Request, Response } from 'express'
import { onTestFinished } from 'vitest'
import { headOf } from './raw.ts'
import { listen } from './receiver.ts'

/** A harness, a verifier past its start, and what handlers saw. */
export interface Scene {
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly served: unknown[]
  /** A handler that notes the decided target. */
  readonly seen: (request: Request, response: Response) => void
  /** Starts an application. `send` gives the code of a refusal, or the status. */
  readonly start: (app: Express) => Promise<{ readonly port: number; readonly send: (request: RawRequest) => Promise<unknown> }>
}

/** Everything is closed when the test is over. */
export async function scene(options: (harness: MockHarness) => Partial<VerifierOptions> = () => ({})): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(), ...options(harness) })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const served: unknown[] = []
  return {
    harness,
    verifier,
    served,
    seen(request, response) {
      served.push(getAiegis(request).target)
      response.end()
    },
    async start(app) {
      const server = await listen(app)
      onTestFinished(() => server.close())
      const send = async (request: RawRequest): Promise<unknown> => {
        const response = await sendRaw(server.port, request)
        return problemOf(response)['code'] ?? response.status
      }
      return { port: server.port, send }
    },
  }
}

/** The status of each answer to requests that are sent at once on one connection, until so many came or the server closes it. */
export function onOneConnection(port: number, requests: readonly RawRequest[], most: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let all = ''
    const found = (): readonly string[] => [...all.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status)
    const socket = connect(port, '127.0.0.1', () => {
      for (const request of requests) {
        socket.write(headOf(request), 'latin1')
        socket.write(request.body)
      }
    })
    socket
      .on('data', (bytes) => {
        all += bytes.toString('latin1')
        if (found().length === most) socket.destroy()
      })
      // Whoever closes in the middle of content resets the connection.
      .on('error', () => {})
      .on('close', () => resolve(found()))
  })
}
