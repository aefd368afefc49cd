/** A real Express receiver around a verifier, counting what its handlers did. @module */
import { createServer, type RequestListener, type Server } from 'node:http'
import { requireAiegisToken, getAiegis, captureRawBody } from '@aiegis/express'
import { listen as listenOn, type Broken, type MockHarness } from '@aiegis/testing'
import type { JsonObject } from '@aiegis/protocol'
import type { AiegisContext, RouteRequirement, Verifier, VerifierOptions } from '@aiegis/verifier'
import express from 'express'
import express4 from 'express4'
import { STEPS, type Steps } from '../packages/verifier/src/road.ts'
import { createVerifierOf } from '../packages/verifier/src/verifier.ts'

export const FRAMEWORKS = { 'Express 5': express, 'Express 4': express4 } as const

export interface Receiver {
  readonly port: number
  readonly verifier: Verifier
  readonly contexts: readonly AiegisContext[]
  /** What handlers found in `request.body`. */
  readonly bodies: readonly unknown[]
  close(): Promise<void>
}

export interface ReceiverShape {
  readonly framework?: typeof express
  readonly steps?: Partial<Steps>
  readonly route?: RouteRequirement | undefined
  readonly trust?: JsonObject | undefined
  readonly receiver?: Broken['receiver'] | undefined
  readonly options?: Partial<VerifierOptions>
  /** Handlers run without a context. */
  readonly withoutContext?: true
}

/** Starts a receiver that is past its boot guard: the harness's clock moves on by six seconds. */
export async function startReceiver(harness: MockHarness, shape: ReceiverShape = {}): Promise<Receiver> {
  const { framework = express, route, receiver } = shape
  const options = { ...harness.receiver(), ...shape.options, ...(shape.trust === undefined ? {} : { trust: shape.trust }) }
  const verifier = createVerifierOf({ ...STEPS, ...shape.steps }, options)
  await verifier.warm()
  harness.clock.advance(6)
  const contexts: AiegisContext[] = []
  const bodies: unknown[] = []
  const app = framework()
  if (receiver === 'parser-first') app.use(framework.json())
  app.use(requireAiegisToken({ verifier, ...route }))
  if (receiver === 'narrowing-route') app.use(requireAiegisToken({ action: 'orders.read' }))
  app.use(framework.json(), framework.text(), framework.raw({ limit: '2mb' }))
  app.use((request, response) => {
    if (shape.withoutContext === undefined) contexts.push(getAiegis(request))
    bodies.push(request.body)
    response.json({ served: true })
  })
  const server = await listen(app)
  return {
    port: server.port,
    verifier,
    contexts,
    bodies,
    async close() {
      verifier.close()
      await server.close()
    },
  }
}

export async function listen(
  listener: RequestListener,
): Promise<{ readonly port: number; readonly server: Server; close(this: void): Promise<void> }> {
  const server = createServer(listener)
  return {
    port: await listenOn(server),
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export { captureRawBody }
