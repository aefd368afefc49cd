/** The receiver as a Worker, with used tokens in a Durable Object. @module */
import { createDurableReplayStore, UsedTokens, type Runtime } from '@aiegis/fetch'
import type { DurableNamespace } from '@aiegis/verifier/web'
import { control as controlled, serve } from './receiver.ts'

export { UsedTokens }

interface Environment {
  readonly USED_TOKENS: DurableNamespace
}

export default {
  fetch: (request: Request, _environment: Environment, runtime: Runtime): Promise<Response> => serve(request, runtime),
}

/** The other socket; both share the memory of the isolate. */
export const control = {
  fetch: (request: Request, { USED_TOKENS: namespace }: Environment): Promise<Response> =>
    controlled(request, (now) => createDurableReplayStore({ namespace, name: crypto.randomUUID(), now })),
}
