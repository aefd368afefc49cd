/** The worker: takes over what it is handed, over HTTP, and acts under its own name for the one who handed it (spec chapter 8.5). @module */
import { takeOver } from '@aiegis/agent'
import { isObject } from '@aiegis/protocol'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Agent } from './agents.ts'
import { act, fetchOf } from './act.ts'

/** More hand-offs than this at once are forgotten together; each then begins with its chain again. */
const MAX_KNOWN = 100

/** `POST /tasks` with `{handOff, method, url}`. Nothing in it is a token: the worker asks for its own. */
export function createWorker(worker: Agent, protect: string): Express {
  const calls = new Map<string, typeof fetch>()

  /** One `fetch` for each hand-off: it remembers which receivers hold the chain. */
  function callFor(handOff: string): typeof fetch {
    const known = calls.get(handOff)
    if (known !== undefined) return known
    const call = fetchOf({ protect, passport: takeOver(handOff, worker.passport), signer: worker.signer })
    if (calls.size >= MAX_KNOWN) calls.clear()
    calls.set(handOff, call)
    return call
  }

  const app = express()
  app.use(express.json({ limit: '16kb' }))
  app.post('/tasks', async (request, response) => {
    const task: unknown = request.body
    const { handOff, method, url } = isObject(task) ? task : {}
    if (typeof handOff !== 'string' || typeof method !== 'string' || typeof url !== 'string')
      throw new TypeError('a task has handOff, method and url')
    response.json(await act(callFor(handOff), url, method))
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
