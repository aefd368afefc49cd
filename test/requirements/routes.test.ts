/** What routes ask besides evidence: content, claims, a check of the operator's own, and evidence that is optional (spec chapters 11.5 to 11.8). @module */
import { findAiegis, getAiegis, requireAiegisToken } from '@aiegis/express'
import { Refusal, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, problemOf, receivedFrom, sendRaw, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type AiegisContext, type AnyRoute, type RouteRequirement, type StandardSchema } from '@aiegis/verifier'
import express, { type Request, type Response } from 'express'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { bare } from '../raw.ts'
import { scene } from '../scene.ts'
import { ORDER } from './edits.ts'
import { outcomeOf, verdictOf } from './verdict.ts'

const EMPTY = { ...ORDER, content: '' }
const claiming =
  (own: JsonObject) =>
  (harness: MockHarness): RawRequest =>
    harness.mint({}, { claims: (claims) => ({ ...claims, ...own }) })
const schemaOf = <T>(validate: StandardSchema<T>['~standard']['validate']): StandardSchema<T> => ({
  '~standard': { version: 1, vendor: 'tests', validate },
})

describe('content', () => {
  test.each<readonly [code: string, body: RouteRequirement['body'], wanted: typeof ORDER]>([
    ['served', { presence: 'required' }, ORDER],
    ['content_required', { presence: 'required' }, EMPTY],
    ['served', { presence: 'forbidden' }, EMPTY],
    ['content_forbidden', { presence: 'forbidden' }, ORDER],
    ['served', { mediaTypes: ['text/plain', 'application/json'] }, ORDER],
    ['served', { mediaTypes: ['text/plain'] }, EMPTY],
    ['media_type_not_accepted', { mediaTypes: ['text/plain'] }, ORDER],
    ['served', { mediaTypes: ['Application/JSON'] }, { ...ORDER, contentType: 'APPLICATION/json ;charset=utf-8' }],
    ['media_type_not_accepted', { mediaTypes: ['application/json'] }, { ...ORDER, contentType: '' }],
  ])('AHP-REQ-16 %s where the route says %j', async (code, body = {}, wanted) => {
    expect(await verdictOf((h) => h.mint(wanted), { route: { body } })).toBe(code)
  })

  test('AHP-REQ-16 what was decided is judged before a byte is read', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const content = vi.fn<() => never>(() => {
      throw new Error('read')
    })
    const request = { ...receivedFrom(harness.mint(ORDER)), content }
    for (const body of [{ presence: 'forbidden' }, { mediaTypes: ['a/b'] }] as const)
      await expect(verifier.verify(request, { body })).rejects.toBeInstanceOf(Refusal)
    expect(content).not.toHaveBeenCalled()
    verifier.close()
  })

  test('AHP-REQ-17 the smaller bound counts, that of the route or that of the bundle', async () => {
    const sized = (length: number) => (h: MockHarness) => h.mint({ ...ORDER, content: 'x'.repeat(length) })
    const bounds = (route: number, bundle: number): Parameters<typeof verdictOf>[1] => ({
      route: { body: { maxBytes: route } },
      trust: () => ({ limits: { bodyBytes: bundle } }),
    })
    expect(await verdictOf(sized(8), bounds(8, 100))).toBe('served')
    expect(await verdictOf(sized(9), bounds(8, 100))).toBe('content_too_large')
    expect(await verdictOf(sized(8), bounds(100, 8))).toBe('served')
    expect(await verdictOf(sized(9), bounds(100, 8))).toBe('content_too_large')
  })
})

describe('claims', () => {
  test('AHP-REQ-18 the parser gets all claims that this profile does not know and no other, and cannot change them', async () => {
    const seen: unknown[] = []
    const claims = schemaOf((value) => {
      seen.push(value)
      const { deep } = value as { deep: { list: unknown[] } }
      expect(() => deep.list.push(1)).toThrow(TypeError)
      expect(() => Object.assign(Object(value), { iss: 'me' })).toThrow(TypeError)
      return { value: 'mine' }
    })
    const own = { tenant: 'acme', deep: { list: [1, { two: null }] }, nonce: '' }
    const { context } = await outcomeOf(claiming(own), { route: { claims } })
    expect(seen).toEqual([own])
    expect(context?.claims).toBe('mine')
  })

  test('AHP-REQ-18 without a parser they are ignored, and nothing of them is in the context', async () => {
    const { context } = await outcomeOf(claiming({ tenant: 'acme' }))
    expect([context?.claims, JSON.stringify(context, (_name, value) => (typeof value === 'bigint' ? 0 : value))]).toEqual([
      undefined,
      expect.not.stringContaining('acme'),
    ])
  })

  test.each<readonly [code: string, what: string, schema: StandardSchema]>([
    ['served', 'takes them', z.object({ tenant: z.string() })],
    ['claims_not_accepted', 'does not take them', z.object({ tenant: z.number() })],
    ['claims_not_accepted', 'does not take them, later', z.object({ tenant: z.string() }).refine(async () => false)],
    ['served', 'takes them later', z.object({ tenant: z.string() }).refine(async () => true)],
    ['claims_not_accepted', 'names no reason', schemaOf(() => ({ issues: [] }))],
  ])('AHP-REQ-18 %s when the parser %s', async (code, _what, claims) => {
    expect(await verdictOf(claiming({ tenant: 'acme' }), { route: { claims } })).toBe(code)
  })

  test('the parser is not asked about a token that does not verify', async () => {
    const validate = vi.fn<() => { value: 1 }>(() => ({ value: 1 }))
    const make = (h: MockHarness): RawRequest => h.mint({}, { tokenSigner: h.keys.stranger })
    expect(await verdictOf(make, { route: { claims: schemaOf(validate) } })).toBe('token_signature_invalid')
    expect(validate).not.toHaveBeenCalled()
  })

  test('a handler gets claims with the type of the parser that made them, and with no other', async () => {
    const { harness, verifier, served, start } = await scene()
    const claims = z.object({ tenant: z.string().transform((name) => name.toUpperCase()) })
    const app = express()
    app.use(requireAiegisToken({ verifier, claims }), (request: Request, response: Response) => {
      served.push(getAiegis(request, claims).claims.tenant)
      expect(() => getAiegis(request, z.object({ tenant: z.string() }))).toThrow('another parser')
      response.end()
    })
    const { send } = await start(app)
    expect(await send(claiming({ tenant: 'acme' })(harness))).toBe(200)
    expect(served).toEqual(['ACME'])
  })
})

describe('a check of the operator', () => {
  const asked = (check: NonNullable<AnyRoute['check']>): Parameters<typeof verdictOf>[1] => ({ route: { check } })
  const mint = (h: MockHarness): RawRequest => h.mint()

  test('AHP-REQ-19 is asked with the context that the handler gets, once everything else has passed', async () => {
    const contexts: AiegisContext[] = []
    const check = (context: AiegisContext): boolean => contexts.push(context) > 0
    for (const code of ['possession_invalid', 'inclusion_invalid', 'action_mismatch', 'content_mismatch'] as const)
      expect(await verdictOf((h) => h.breakIt(code).request, asked(check))).toBe(code)
    expect(contexts).toEqual([])
    const { context } = await outcomeOf(mint, asked(check))
    expect(contexts).toHaveLength(1)
    expect(contexts[0]).toBe(context)
  })

  test.each<readonly [code: string, answer: string, check: () => unknown]>([
    ['served', 'true', () => true],
    ['served', 'true, later', async () => true],
    ['check_refused', 'false', () => false],
    ['check_refused', 'false, later', async () => false],
    ['check_unavailable', 'that it cannot know', () => Promise.reject(new Refusal('check_unavailable', 'its database is down'))],
  ])('AHP-REQ-19 %s when it answers %s', async (code, _answer, check) => {
    expect(await verdictOf(mint, asked(check as () => boolean))).toBe(code)
  })

  test.each<readonly [string, () => unknown]>([
    ['nothing', () => undefined],
    ['1', () => 1],
    ['a truthy word', () => 'false'],
    ['an error', () => raise()],
    ['an error, later', async () => raise()],
  ])('AHP-REQ-19 %s serves nothing, uses nothing up and is a defect of the receiver', async (_what, check) => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = express()
    app.use('/orders/7', requireAiegisToken({ verifier, check: check as () => boolean, log: () => {} }))
    app.use(requireAiegisToken({ verifier }), seen)
    const { port } = await start(app)
    expect(problemOf(await sendRaw(port, harness.mint()))).toMatchObject({ code: 'misconfigured', status: 500 })
    expect(served).toEqual([])
  })

  test('AHP-REQ-19 AHP-REQ-11 a request that it refuses has not used its token', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const request = harness.mint()
    await expect(verifier.verify(receivedFrom(request), { check: () => false })).rejects.toMatchObject({ code: 'check_refused' })
    await expect(verifier.verify(receivedFrom(request), { check: () => true })).resolves.toBeDefined()
    verifier.close()
  })

  test.each(['check', 'claims'] as const)(
    'AHP-REQ-20 %s that does not answer in 3 seconds refuses, and what comes later is dropped',
    async (name) => {
      const late: ((value: never) => void)[] = []
      const wait = (): Promise<never> => new Promise((resolve) => late.push(resolve))
      const route: AnyRoute = name === 'check' ? { check: wait } : { claims: schemaOf(wait) }
      const harness = createMockHarness({ logSize: 20 })
      const verifier = createVerifier(harness.receiver())
      await verifier.warm()
      harness.clock.advance(6)
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        const request = harness.mint()
        const verdict = verifier.verify(receivedFrom(request), route).then(
          () => 'served',
          (error: unknown) => Reflect.get(Object(error), 'code'),
        )
        while (late.length === 0) await new Promise(setImmediate)
        const early = await Promise.race([verdict, vi.advanceTimersByTimeAsync(2999).then(() => 'waiting')])
        await vi.advanceTimersByTimeAsync(1)
        expect([early, await verdict]).toEqual(['waiting', 'check_unavailable'])
        late[0]?.(true as never)
        await expect(verifier.verify(receivedFrom(request))).resolves.toBeDefined()
      } finally {
        vi.useRealTimers()
        verifier.close()
      }
    },
  )
})

describe('evidence that is optional', () => {
  test('AHP-REQ-21 AHP-REQ-22 a handler asks whether there is a context; who asks for it without gets an error', async () => {
    const { harness, verifier, served, start } = await scene()
    const app = express()
    app.use('/strict', requireAiegisToken({ verifier, presence: 'optional' }), requireAiegisToken({ maxDepth: 0 }))
    app.use(requireAiegisToken({ verifier, presence: 'optional' }), (request: Request, response: Response) => {
      served.push([findAiegis(request)?.action, thrownBy(() => getAiegis(request))])
      response.end()
    })
    const { send } = await start(app)
    expect([await send(bare('GET')), await send(harness.mint())]).toEqual([200, 200])
    expect(served).toEqual([
      [undefined, expect.stringContaining('came without evidence')],
      ['http.get', 'nothing'],
    ])
    expect(await send(bare('GET', '/strict'))).toBe('token_missing')
    expect(await send(harness.mint({ url: `${harness.audience}/strict` }))).toBe(200)
    expect(served).toHaveLength(3)
  })

  test('AHP-REQ-12 content, claims and a check that a later call on the request asks for are a defect, not ignored', async () => {
    const { harness, verifier, start } = await scene()
    const app = express()
    const quiet = { verifier, log: () => {} }
    for (const [at, route] of [{ body: {} }, { check: () => true }, { claims: schemaOf(() => ({ value: 1 })) }].entries())
      app.use(`/${at}`, requireAiegisToken(quiet), requireAiegisToken({ ...quiet, ...route }))
    const { send } = await start(app)
    for (const at of [0, 1, 2]) expect(await send(harness.mint({ url: `${harness.audience}/${at}` }))).toBe('misconfigured')
  })

  test('AHP-REQ-22 without any middleware there is nothing to ask', () => {
    expect(() => findAiegis({} as Parameters<typeof findAiegis>[0])).toThrow(/requireAiegisToken/)
  })
})

describe('requirements by path', () => {
  const actions = {
    'POST /orders/:id': { action: 'orders.create', body: { mediaTypes: ['application/json'] }, check: () => true },
    'GET /orders/:id': { action: 'orders.read', require: { human: { asserted: 'live' } }, maxDepth: 2 },
    'DELETE /orders/:id': { action: 'orders.delete', check: () => false },
  } as const
  const through = (make: (h: MockHarness) => RawRequest, route: AnyRoute = {}): Promise<string> =>
    verdictOf(make, { route: { ...route, presence: 'required' }, options: () => ({ actions }) })

  test('AHP-REQ-23 an entry asks what it says of the requests that it matches', async () => {
    expect(await through((h) => h.mint({ ...ORDER, action: 'orders.create' }))).toBe('served')
    expect(await through((h) => h.mint({ ...ORDER, contentType: 'text/plain', action: 'orders.create' }))).toBe(
      'media_type_not_accepted',
    )
    expect(await through((h) => h.mint({ method: 'DELETE', action: 'orders.delete' }))).toBe('check_refused')
    expect(await through((h) => h.mint({ action: 'orders.read' }))).toBe('grade_insufficient')
    expect(await through((h) => h.mint({ method: 'HEAD', action: 'orders.read' }))).toBe('grade_insufficient')
    expect(await through((h) => h.mint(ORDER))).toBe('action_mismatch')
  })

  test('AHP-REQ-23 where it is silent the mount counts, and both where both say something that binds', async () => {
    const create = (h: MockHarness): RawRequest => h.mint({ ...ORDER, action: 'orders.create', handOffs: 1 })
    expect(await through(create)).toBe('served')
    expect(await through(create, { maxDepth: 0 })).toBe('depth_exceeded')
    expect(await through(create, { require: { human: { asserted: 'live' } } })).toBe('grade_insufficient')
    expect(await through(create, { check: () => false })).toBe('check_refused')
    expect(await through(create, { body: { presence: 'forbidden' } })).toBe('served')
    expect(await through((h) => h.mint({ method: 'DELETE', action: 'orders.delete' }), { check: () => true })).toBe(
      'check_refused',
    )
  })

  test('AHP-REQ-23 an entry that says less than the mount about depth and grades takes nothing away, and two parsers serve nothing', async () => {
    const claims = schemaOf(() => ({ value: 1 }))
    const entry = { action: 'orders.create', maxDepth: 2, require: {}, claims }
    const create = (h: MockHarness): RawRequest => h.mint({ ...ORDER, action: 'orders.create', handOffs: 1 })
    const verdict = (route: RouteRequirement): Promise<string> =>
      verdictOf(create, { route, options: () => ({ actions: { 'POST /orders/:id': entry } }) })
    expect(await verdict({})).toBe('served')
    expect(await verdict({ maxDepth: 0 })).toBe('depth_exceeded')
    expect(await verdict({ require: { human: { asserted: 'live' } } })).toBe('grade_insufficient')
    await expect(verdict({ claims })).rejects.toThrow('claims: the mount has a parser')
  })

  test('AHP-REQ-23 a member that is there and undefined is silent', async () => {
    const entry = {
      action: 'orders.create',
      body: undefined,
      acceptWarn: undefined,
      claims: undefined,
      target: undefined,
    } as never
    const verdict = (make: (h: MockHarness) => RawRequest, route: RouteRequirement): Promise<string> =>
      verdictOf(make, {
        route,
        trust: () => ({ acceptWarn: true }),
        options: () => ({ actions: { 'POST /orders/:id': entry } }),
      })
    const create = (h: MockHarness): RawRequest => h.mint({ ...ORDER, action: 'orders.create' })
    expect(await verdict(create, {})).toBe('served')
    expect(await verdict(create, { body: { presence: 'forbidden' } })).toBe('content_forbidden')
    expect(await verdict(create, { claims: schemaOf(() => ({ issues: [] })) })).toBe('claims_not_accepted')
    expect(await verdict(create, { target: 'https://other.example/' })).toBe('target_mismatch')
  })

  test.each([
    [{ 'GET /a': { action: 'a.b', presence: 'optional' } }, "'presence' is none of action, target"],
    [{ 'GET /a': { action: 'a.b', body: { presence: 'maybe' } } }, 'body.presence: write'],
    [{ 'GET /a': { body: {} } }, "actions['GET /a']"],
    [{ 'GET /:a': { action: 'a.b' }, 'GET /b': { action: 'a.b', maxDepth: 0 } }, "'GET /:a' hides 'GET /b'"],
  ])('AHP-REQ-23 %j stops the start', async (wrong, sentence) => {
    const harness = createMockHarness({ logSize: 1 })
    expect(() => createVerifier({ ...harness.receiver(), actions: wrong as never })).toThrow(sentence)
  })
})

function thrownBy(call: () => unknown): string {
  try {
    call()
    return 'nothing'
  } catch (error) {
    return String(error)
  }
}

function raise(): never {
  throw new RangeError('a defect')
}
