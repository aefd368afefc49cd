import { createDurableReplayStore, gate, UsedTokens, type Runtime } from '@aiegis/fetch'

/** What the Worker is bound to: the trust bundle as JSON, and the class below, which remembers used tokens for all isolates. */
interface Environment {
  readonly TRUST: string
  readonly USED_TOKENS: Parameters<typeof createDurableReplayStore>[0]['namespace']
}

/** A class of the Worker: a Durable Object with SQLite. */
export { UsedTokens }

let check: ReturnType<typeof gate> | undefined

export default {
  async fetch(request: Request, environment: Environment, runtime: Runtime): Promise<Response> {
    // Made with the first request: before it, Workers have neither environment nor network.
    check ??= gate({
      trust: JSON.parse(environment.TRUST),
      replay: createDurableReplayStore({ namespace: environment.USED_TOKENS }),
    })
    const gated = await check(request, runtime)
    if (!gated.ok) return gated.response
    return Response.json({ ordered: await gated.request.json(), by: gated.context.presenter.did })
  },
}
