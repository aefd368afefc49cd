import { gate, type ReplayStore, type Runtime } from '@aiegis/fetch'

/** What the Worker is bound to: the trust bundle as JSON, and what used tokens are kept in. */
interface Environment {
  readonly TRUST: string
  readonly usedTokens: ReplayStore
}

let check: ReturnType<typeof gate> | undefined

/** The default export of a Worker. */
export const worker = {
  async fetch(request: Request, environment: Environment, runtime: Runtime): Promise<Response> {
    // Made with the first request: before it, Workers have neither environment nor network.
    check ??= gate({ trust: JSON.parse(environment.TRUST), replay: environment.usedTokens })
    const gated = await check(request, runtime)
    if (!gated.ok) return gated.response
    return Response.json({ ordered: await gated.request.json(), by: gated.context.presenter.did })
  },
}
