/** The receiver as a Worker, with used tokens in a Durable Object. @module */
import { createDurableReplayStore, UsedTokens, type Runtime } from '@aiegis/fetch'
import type { DurableNamespace, DurableState } from '@aiegis/verifier/web'
import { control as controlled, scheduled, serve } from './receiver.ts'

export { UsedTokens }

/** Soon full; and the alarm rings when it is asked to. */
export class SmallTokens extends UsedTokens {
  readonly #state: DurableState

  constructor(state: DurableState, environment: unknown) {
    super(state, environment, { maxRecords: 300 })
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== '/ring') return super.fetch(request)
    const alarm = await this.#state.storage.getAlarm()
    await this.#state.storage.setAlarm(Date.now())
    return Response.json(alarm)
  }
}

/** An object that is down. */
export class BrokenTokens {
  fetch(): never {
    throw new Error('the object is down')
  }
}

/** An object that never answers. */
export class SilentTokens {
  async fetch(): Promise<Response> {
    await new Promise((resolve) => setTimeout(resolve, 60_000))
    return new Response('fresh')
  }
}

type Binding = 'USED_TOKENS' | 'SMALL_TOKENS' | 'BROKEN_TOKENS' | 'SILENT_TOKENS'

interface Environment extends Readonly<Record<Binding, DurableNamespace>> {
  /** This Worker. */
  readonly SELF: { scheduled(event: { readonly cron: string }): Promise<unknown> }
}

/** The object that the next receiver claims in; a new one for each case unless somebody says which. */
let object: { readonly binding: Binding; readonly name: string } | undefined

export default {
  fetch: (request: Request, _environment: Environment, runtime: Runtime): Promise<Response> => serve(request, runtime),
  scheduled: (_event: unknown, _environment: Environment, runtime: Required<Runtime>): void => runtime.waitUntil(scheduled()),
}

/** The other socket; both share the memory of the isolate. */
export const control = {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    const asked = new URL(request.url).pathname
    if (asked === '/object') return Response.json((object = await request.json()))
    if (asked === '/scheduled') return Response.json(await environment.SELF.scheduled({ cron: '* * * * *' }))
    const { binding, name } = object ?? { binding: 'USED_TOKENS', name: crypto.randomUUID() }
    if (asked === '/ring') {
      const namespace = environment[binding]
      const stub = namespace.get(namespace.idFromName(name))
      return stub.fetch('https://used-tokens.invalid/ring', { method: 'POST', body: '' })
    }
    if (asked === '/claim') {
      const [key, expiresAt, issuer]: [string, number, string] = await request.json()
      const store = createDurableReplayStore({ namespace: environment[binding], name })
      const answer = await Promise.resolve(store.claim(key, expiresAt, issuer)).catch(() => 'failed')
      return Response.json(answer)
    }
    return controlled(request, (now) => createDurableReplayStore({ namespace: environment[binding], name, now }))
  },
}
