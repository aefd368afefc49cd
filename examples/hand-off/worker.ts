/** The worker: takes over what it is handed, over HTTP and by whom, and acts under its own name for the one who handed it (spec chapter 8.5). @module */
import { takeOver } from '@aiegis/agent'
import { getAiegis, requireAiegisToken, type Verifier } from '@aiegis/express'
import { isObject } from '@aiegis/protocol'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Agent } from './agents.ts'
import { act, fetchOf } from './act.ts'

/** The action of whoever sends it a task. */
export const GIVE = 'tasks.give'

/** More hand-offs than this at once are forgotten together; each then begins with its chain again. */
const MAX_KNOWN = 100

/** `POST /tasks` with `{handOff, method, url}`, under a token for this worker. Nothing in it is a token: the worker asks for its own. */
export function createWorker(worker: Agent, protect: string, verifier: Verifier): Express {
  const calls = new Map<string, typeof fetch>()

  /** One `fetch` for each hand-off: it remembers which receivers hold the chain. */
  function callFor(passport: string): typeof fetch {
    const known = calls.get(passport)
    if (known !== undefined) return known
    const call = fetchOf({ protect, passport, signer: worker.signer })
    if (calls.size >= MAX_KNOWN) calls.clear()
    calls.set(passport, call)
    return call
  }

  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use(express.json({ limit: '16kb' }))
  app.post('/tasks', async (request, response) => {
    const task: unknown = request.body
    const { handOff, method, url } = isObject(task) ? task : {}
    if (typeof handOff !== 'string' || typeof method !== 'string' || typeof url !== 'string')
      throw new TypeError('a task has handOff, method and url')
    const { chain, from, audience } = takeOver(handOff, worker.passport)
    // Whoever saw a hand-off can copy it; only the agent that made it may bring it.
    if (getAiegis(request).presenter.did !== from) {
      response.status(403).json({ code: 'not_its_maker' })
      return
    }
    if (!audience.includes(new URL(url).origin)) throw new TypeError('a task is at a receiver of its hand-off')
    response.json(await act(callFor(chain), url, method))
  })
  app.use(sayWhatIsWrong)
  return app
}

/** A task that cannot be taken over is the fault of whoever sent it; it is told so, and nothing else. */
const sayWhatIsWrong: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const { status } = isObject(error) ? error : {}
  const known = typeof status === 'number' ? status : error instanceof TypeError ? 400 : 500
  response.status(known).json({ code: known === 500 ? 'worker_failed' : 'task_refused' })
}
