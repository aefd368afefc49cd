/** A receiver inside of a runtime: made anew for each case as a driver asks over HTTP, and counting what its handlers do. @module */
import { createWebVerifier, type TrustInput } from '@aiegis/fetch'
import type { AnyRoute, ReplayStore, Verifier } from '@aiegis/verifier'
import { httpGet } from '@aiegis/verifier/web'
import { z } from 'zod'
import { CASES } from '../adapters/cases.ts'
import { fetchReceiver } from '../adapters/fetch-receiver.ts'
import { ROUTE_CASES } from '../adapters/route-cases.ts'
import { ACTIONS, effectOf, type Effect, type Shape } from '../adapters/shape.ts'

/** What a driver asks for. */
export interface Setup {
  readonly trust: TrustInput
  /** Of the row of the table, or the code that is to be provoked. */
  readonly title: string
  readonly route?: AnyRoute
  readonly receiver?: Shape['receiver']
  readonly reportsOnly?: true
  /** Milliseconds since the epoch: a clock that stands until the driver moves it. */
  readonly now: number
  /** Where the driver answers for the hosts of the trust bundle. */
  readonly hosts: string
  /** Used tokens: in the store of this runtime, or in that of the driver. */
  readonly store: 'own' | 'driver'
  /** Made by the first request, and nothing read before: as where there is neither environment nor network before a request. */
  readonly isCold?: true
}

/** What the runtime showed of one request. */
export interface Shown {
  readonly method: string
  readonly url: string
  readonly host: string | null
  readonly type: string | null
  readonly hasContent: boolean
}

/** What handlers did, and what the runtime showed before. */
export interface Noted {
  readonly effects: readonly Effect[]
  readonly shown: readonly Shown[]
}

/** Makes the store of a runtime, with the clock of the case; each is new. */
export type OwnStore = (now: () => number) => ReplayStore

interface Current {
  readonly verifier: Verifier
  readonly answer: (request: Request, ...rest: readonly unknown[]) => Promise<Response>
  readonly effects: Effect[]
  readonly shown: Shown[]
}

let current: Current | undefined
let makeLater: (() => Promise<Current>) | undefined
let clock = 0
const now = (): number => clock

/** The receiver under test. */
export async function serve(request: Request, ...rest: readonly unknown[]): Promise<Response> {
  await first()
  if (current === undefined) return new Response('no case', { status: 500 })
  const { method, url, headers, body } = request
  current.shown.push({ method, url, host: headers.get('host'), type: headers.get('content-type'), hasContent: body !== null })
  return current.answer(request, ...rest)
}

/** What the driver asks: `/setup`, `/now`, `/warm` and `/noted`. */
export async function control(request: Request, ownStore: OwnStore): Promise<Response> {
  const asked = new URL(request.url).pathname
  if (asked === '/setup') {
    const setup: Setup = await request.json()
    makeLater = () => made(setup, ownStore)
    clock = setup.now
    current?.verifier.close()
    if (setup.isCold !== true) await first()
  }
  if (asked === '/now') clock = await request.json()
  if (asked === '/warm') await current?.verifier.warm()
  if (current === undefined) return Response.json({ effects: [], shown: [] } satisfies Noted)
  const { effects, shown } = current
  return Response.json({ effects, shown } satisfies Noted)
}

/** What a handler of scheduled events does: reads lists and logs. */
export async function scheduled(): Promise<void> {
  await first()
  await current?.verifier.warm()
}

async function first(): Promise<void> {
  const make = makeLater
  makeLater = undefined
  if (make !== undefined) current = await make()
}

async function made(setup: Setup, ownStore: OwnStore): Promise<Current> {
  const { trust, hosts, receiver, reportsOnly } = setup
  const reportOnly = { serveUnverifiedUntil: new Date(clock + 3_600_000).toISOString().replace(/\.\d+/, ''), onWouldRefuse() {} }
  const verifier = createWebVerifier({
    trust,
    actions: ACTIONS,
    now,
    log: () => {},
    ...(reportsOnly === true ? { reportOnly } : {}),
    get: (url, limits) => httpGet(`${hosts}/get?${new URLSearchParams({ url, accept: limits.accept })}`, limits),
    resolver: { resolve: async (did) => (await fetch(`${hosts}/resolve?${new URLSearchParams({ did })}`)).json() },
    replay: setup.store === 'own' ? ownStore(now) : await storeOf(hosts),
  })
  if (setup.isCold !== true) await verifier.warm()
  const effects: Effect[] = []
  const answer = fetchReceiver(
    { verifier, route: routeOf(setup), receiver, reportsOnly },
    (...did) => void effects.push(effectOf(...did)),
  )
  return { verifier, answer, effects, shown: [] }
}

/** A function does not travel: the routes that have one are looked up here, by the title of their row or the code that they provoke. */
function routeOf({ title, route }: Setup): AnyRoute | undefined {
  return [...CASES, ...ROUTE_CASES].find((row) => row.title === title)?.route ?? WITH_FUNCTIONS[title] ?? route
}

const WITH_FUNCTIONS: Readonly<Record<string, AnyRoute>> = {
  check_refused: { check: () => false },
  check_unavailable: { check: () => new Promise(() => {}) },
  claims_not_accepted: { claims: z.never() },
}

/** The store of the driver, which can be made to fail. */
async function storeOf(hosts: string): Promise<ReplayStore> {
  const { scope, startedAt }: ReplayStore = await (await fetch(`${hosts}/store`)).json()
  return {
    scope,
    ...(startedAt === undefined ? {} : { startedAt }),
    async claim(key, expiresAt, issuer) {
      const response = await fetch(`${hosts}/claim`, { method: 'POST', body: JSON.stringify([key, expiresAt, issuer]) })
      return response.json()
    },
  }
}
