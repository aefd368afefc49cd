/** The receiver: it serves agents that got a hand-off, and tells them whom it takes them for. @module */
import { getAiegis, requireAiegisToken, type Verifier } from '@aiegis/express'
import express, { type Express } from 'express'

/** What a handler knows about who asks, as it answers it. */
export interface Known {
  readonly principal: string
  readonly presenter: string
  readonly path: readonly string[]
  readonly task: string
}

/** Builds it; `onEffect` is called whenever a handler runs. */
export function createReceiver(verifier: Verifier, onEffect: () => void): Express {
  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use((request, response) => {
    onEffect()
    const { principal, presenter, path, task } = getAiegis(request)
    const known: Known = { principal: principal.did, presenter: presenter.did, path: path.map(({ did }) => did), task }
    response.json(known)
  })
  return app
}
