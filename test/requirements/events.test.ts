/** What an operator is told, and what nobody is told: verdicts, dependencies and the log (spec chapter 13.4). @module */
import { REASONS, type JsonObject } from '@aiegis/protocol'
import {
  createMemoryLog,
  createMockHarness,
  lineOf,
  NAMES,
  receivedFrom,
  sendRaw,
  type Changes,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier, type DependencyEvent, type VerdictEvent, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { STEPS } from '../../packages/verifier/src/road.ts'
import { provoke, RECEIVER_CODES } from '../provoke.ts'
import { startReceiver } from '../receiver.ts'
import { changeFirst, inside, ORDER } from './edits.ts'

/** Everything that anybody was told. */
let lines: unknown[][]
let verdicts: VerdictEvent[]
let dependencies: DependencyEvent[]
const rejections: unknown[] = []
const onRejection = (error: unknown): void => void rejections.push(error)

beforeEach(() => {
  lines = []
  verdicts = []
  dependencies = []
  process.on('unhandledRejection', onRejection)
  vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line))
})
afterEach(async () => {
  await settled()
  process.off('unhandledRejection', onRejection)
  vi.restoreAllMocks()
  // What nobody handles would end the process of a receiver.
  if (rejections.length > 0) throw new Error('a rejection that nobody handles', { cause: rejections.splice(0)[0] })
})

const hooks: Partial<VerifierOptions> = {
  log: (...line) => void lines.push(line),
  onVerdict: (event) => void verdicts.push(event),
  onDependency: (event) => void dependencies.push(event),
}

async function receiver(
  harness: MockHarness = createMockHarness({ logSize: 20 }),
  trust: JsonObject = {},
  options: Partial<VerifierOptions> = hooks,
): Promise<{
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly send: (request?: RawRequest) => Promise<string>
}> {
  const verifier = createVerifier({ ...harness.receiver(trust), ...options })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return {
    harness,
    verifier,
    send: (request = harness.mint()) =>
      verifier.verify(receivedFrom(request)).then(
        () => 'served',
        (error: unknown) => String(Reflect.get(Object(error), 'code')),
      ),
  }
}

/** As text, with what errors hide. */
function textOf(value: unknown): string {
  if (value instanceof Error)
    return `${value.name} ${value.message} ${value.stack} ${textOf(value.cause)} ${textOf(Object.entries(value))}`
  if (Array.isArray(value)) return value.map(textOf).join(' ')
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(textOf).join(' ')
  return String(value)
}

/** Evidence as it was sent, and every part of it that is long enough to be found again. */
function secretsIn(request: RawRequest): readonly string[] {
  const values = ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature'].map((name) => lineOf(request, name) ?? '')
  return values.flatMap((value) => [value, ...value.split(/[.~:=, ]+/)]).filter((part) => part.length >= 24)
}

const FIELDS = ['action', 'agent', 'code', 'depth', 'durationMs', 'harness', 'issuer', 'now', 'receiptId', 'stage', 'verdict']
const ROAD = [...Object.keys(STEPS), 'context']
/** The mock issuer's document is the one that cannot be read; a later call is what the mock route gets wrong. */
const ELSEWHERE: { readonly [code: string]: string } = { keys_unavailable: 'passports', misconfigured: 'requirement' }
/** Which facts an event may have, by what has passed. */
const KNOWN_AFTER = { token: ['harness', 'action', 'receiptId'], passports: ['issuer', 'depth'], possession: ['agent'] } as const

describe('F09 AHP-REFUSE-9', () => {
  test.each(RECEIVER_CODES)(
    '%s is told once, with its code and what was verified, and nobody is told any evidence',
    async (code) => {
      const { receiver: server, broken, response, harness } = await provoke(code, { options: hooks })
      await server.close()
      const isFromNode = code === 'content_incomplete'
      const event = verdicts.at(-1)
      expect(verdicts.filter(({ verdict }) => verdict === 'refused')).toHaveLength(1)
      expect(event).toMatchObject({ verdict: 'refused', code, now: harness.clock.seconds() })
      expect(Object.keys(event ?? {}).toSorted()).toEqual(FIELDS)
      const stage = event?.stage ?? 'none'
      expect(stage).toBe(ELSEWHERE[code] ?? REASONS[code].stage)
      for (const [step, facts] of Object.entries(KNOWN_AFTER)) {
        const isPast = ROAD.indexOf(stage) > ROAD.indexOf(step)
        for (const fact of facts) expect([fact, event?.[fact] !== undefined]).toEqual([fact, isPast])
      }
      expect(event?.durationMs).toBeGreaterThanOrEqual(0)
      const told = textOf([lines, verdicts, dependencies, isFromNode ? '' : [response.text, Object.entries(response.headers)]])
      for (const secret of [broken.request, ...(broken.before ? [broken.before.request] : [])].flatMap(secretsIn))
        expect(told).not.toContain(secret)
    },
  )

  test('what is served is told with all that was verified', async () => {
    const { harness, send } = await receiver()
    expect(await send(harness.mint({ handOffs: 1 }))).toBe('served')
    const [event] = verdicts
    expect(Object.keys(event ?? {}).toSorted()).toEqual(FIELDS)
    expect(event).toMatchObject({
      verdict: 'served',
      code: undefined,
      stage: 'context',
      harness: NAMES.harness,
      issuer: NAMES.issuer,
      action: 'http.get',
      depth: 1,
      now: harness.clock.seconds(),
    })
    expect(event?.agent).toMatch(/^did:key:z6Mk/)
    expect(event?.receiptId).toMatch(/^01MOCK/)
    expect(dependencies.map(({ dependency, name, state, code }) => [dependency, name, state, code])).toEqual([
      ['status', NAMES.statusList, 'up', undefined],
      ['replay', harness.audience, 'up', undefined],
    ])
  })

  const MARK = 'm4rkm4rkm4rkm4rkm4rk'
  /** A stranger who fills whatever he can with a mark. */
  const strangers: readonly (readonly [string, (h: MockHarness) => Changes])[] = [
    [
      'a token of a stranger',
      (h) => ({
        tokenSigner: h.keys.stranger,
        claims: (claims) => inside({ ...claims, jti: MARK, txn: MARK }, 'entry', { action: MARK }),
      }),
    ],
    [
      'a token of a harness that nobody knows',
      () => ({ tokenHeader: (header) => ({ ...header, kid: `did:web:${MARK}.example#1` }) }),
    ],
    ['a token for another agent', () => ({ claims: (claims) => ({ ...claims, sub: `did:web:${MARK}.example` }) })],
    [
      'a passport of a stranger',
      (h) => ({ passportSigner: h.keys.stranger, passport: (vc) => ({ ...vc, issuer: `did:web:${MARK}.example` }) }),
    ],
    [
      'a passport of an issuer that nobody knows',
      () => ({ passportHeader: (header) => ({ ...header, kid: `did:web:${MARK}.example#1` }) }),
    ],
    ['a signature with marks', () => ({ possession: (params) => ({ ...params, keyid: MARK }) })],
    ['a proof with marks', () => ({ proofText: (text) => text.replaceAll(NAMES.log, `${MARK}.example`) })],
  ]
  test.each(strangers)('%s leaves no claim in events, log and answer', async (_title, changes) => {
    const harness = createMockHarness({ logSize: 20 })
    const server = await startReceiver(harness, { options: hooks })
    const { status, text, headers } = await sendRaw(server.port, harness.mint({}, changes(harness)))
    await server.close()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(verdicts).toHaveLength(1)
    expect(textOf([lines, verdicts, dependencies, text, Object.entries(headers)]).toLowerCase()).not.toContain(MARK)
  })

  test('a copied token does not make its agent the sender', async () => {
    const { harness, send } = await receiver()
    expect(await send(harness.mint({}, { possessionSigner: harness.keys.stranger }))).toBe('possession_invalid')
    expect(verdicts).toMatchObject([{ stage: 'possession', harness: NAMES.harness, issuer: NAMES.issuer, agent: undefined }])
  })

  test('a later call on a request is told when it refuses, and not when it passes', async () => {
    const { harness, verifier } = await receiver()
    const context = await verifier.verify(receivedFrom(harness.mint()))
    verifier.narrow(context, { action: 'http.get', maxDepth: 0 })
    expect(verdicts).toHaveLength(1)
    expect(() => verifier.narrow(context, { require: { human: { asserted: 'live' } } })).toThrow('grade_insufficient')
    const [served, refused] = verdicts
    expect(refused).toEqual({ ...served, verdict: 'refused', code: 'grade_insufficient', stage: 'requirement', durationMs: 0 })
  })

  test('a defect is told as misconfigured, in the step where it is', async () => {
    const crypto = { ...createMockHarness().crypto, verifyEd25519: () => Promise.reject(new RangeError('a defect')) }
    const { send } = await receiver(undefined, {}, { ...hooks, crypto })
    expect(await send()).not.toBe('served')
    expect(verdicts).toMatchObject([{ verdict: 'refused', code: 'misconfigured', stage: 'token', harness: undefined }])
  })
})

describe('AHP-REFUSE-10', () => {
  const never = (): Promise<void> => new Promise(() => {})
  const bad: readonly (readonly [string, () => unknown, number])[] = [
    ['throws', () => fail(new Error('hook')), 1],
    ['throws nothing that is an error', () => fail(undefined), 1],
    ['rejects at once', () => Promise.reject(new Error('hook')), 1],
    ['rejects later', async () => (await settled(), fail(new Error('hook'))), 1],
    [
      'returns what only looks like a promise and throws',
      // oxlint-disable-next-line unicorn/no-thenable -- what an operator may return all the same
      () => Object.defineProperty({}, 'then', { value: () => fail(new Error('hook')) }),
      1,
    ],
    [
      'returns a promise with a catch of its own',
      () => Object.assign(Promise.resolve(), { catch: () => fail(new Error('hook')) }),
      0,
    ],
    ['returns an object that throws when it is looked at', () => new Proxy({}, { get: () => fail(new Error('hook')) }), 1],
    ['never returns', never, 0],
  ]
  test.each(bad)('a hook that %s changes no verdict and is told to the log at most once', async (_title, hook, told) => {
    const { harness, send } = await receiver(undefined, {}, { ...hooks, onVerdict: hook, onDependency: hook })
    expect([await send(), await send(harness.breakIt('audience_mismatch').request), await send()]).toEqual([
      'served',
      'audience_mismatch',
      'served',
    ])
    await settled()
    expect(new Set(lines.map(([line]) => String(line).split(':')[0]))).toEqual(
      new Set(told === 0 ? [] : ['onDependency', 'onVerdict']),
    )
    expect(lines).toHaveLength(2 * told)
  })

  test.each<[string, (cause: object) => void]>([
    ['assigns', (cause) => void Object.assign(cause, { code: 'token_replayed', retryAfter: 9999 })],
    ['defines', (cause) => void Object.defineProperty(cause, 'code', { value: 'token_replayed' })],
    ['deletes', (cause) => void Reflect.deleteProperty(cause, 'code')],
  ])('a log that %s what it was told with makes no other refusal of it', async (_title, change) => {
    const told: unknown[] = []
    const log = (_line: string, cause: unknown): void => {
      told.push(cause)
      if (typeof cause === 'object' && cause !== null) change(cause)
    }
    const { harness, verifier } = await receiver(undefined, {}, { log })
    harness.replay.fail('down')
    const refusal: unknown = await verifier.verify(receivedFrom(harness.mint())).catch((error: unknown) => error)
    expect(told).toEqual([refusal])
    expect(refusal).toMatchObject({ code: 'replay_unavailable', retryAfter: 2 })
  })

  test.each(bad)('a log that %s changes no verdict either', async (_title, log) => {
    const { harness, send } = await receiver(undefined, {}, { log, onVerdict: () => fail(new Error('hook')) })
    harness.replay.fail('down')
    expect(await send()).toBe('replay_unavailable')
    harness.replay.fail(undefined)
    expect(await send()).toBe('served')
    await settled()
  })

  test('a verdict is made before it is told', async () => {
    const order: string[] = []
    const harness = createMockHarness({ logSize: 20 })
    const { store } = harness.replay
    const { send } = await receiver(
      harness,
      {},
      {
        replay: { ...store, claim: (...given) => (order.push('claimed'), store.claim(...given)) },
        onVerdict: () => order.push('told'),
      },
    )
    expect(await send()).toBe('served')
    expect(order).toEqual(['claimed', 'told'])
  })

  test.each(['onVerdict', 'onDependency'])('%s that is no function stops the start', (name) => {
    const options = { ...createMockHarness({ logSize: 1 }).receiver(), [name]: {} }
    expect(() => createVerifier(options)).toThrow(
      new TypeError(`${name}: not a function; pass one that takes an event, or leave it out`),
    )
  })
})

describe('AHP-REFUSE-11', () => {
  const changes = (): readonly (readonly unknown[])[] =>
    dependencies.map(({ dependency, state, code }) => [dependency, state, code])
  const of = (kind: string): readonly unknown[] => changes().filter(([dependency]) => dependency === kind)

  test('a status list is told when it cannot be read, and when it can again', async () => {
    const { harness, verifier, send } = await receiver()
    harness.status.set('down')
    for (let round = 0; round < 3; round++) {
      await verifier.warm()
      expect(await send()).toBe('served')
    }
    harness.status.set('up')
    await verifier.warm()
    await verifier.warm()
    expect(of('status')).toEqual([
      ['status', 'up', undefined],
      ['status', 'down', 'status_unavailable'],
      ['status', 'up', undefined],
    ])
    expect(lines).toEqual([[`status list ${NAMES.statusList}: it cannot be read`, new Error('the status host is down')]])
  })

  test('a DID document is told when it cannot be read, and when it can again', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const [issuer] = changeFirst(harness.trust()['issuers'], { didWeb: true }) as readonly JsonObject[]
    const { keys: _keys, ...members } = issuer ?? {}
    const { verifier, send } = await receiver(harness, { issuers: [members] })
    harness.documents.set('down')
    for (let round = 0; round < 3; round++) {
      await verifier.warm()
      expect(await send()).toBe('served')
    }
    harness.documents.set('up')
    await verifier.warm()
    expect(dependencies.filter(({ dependency }) => dependency === 'did-web').map(({ name }) => name)).toEqual([
      NAMES.issuer,
      NAMES.issuer,
      NAMES.issuer,
    ])
    expect(of('did-web').map((row) => (row as readonly unknown[]).slice(1))).toEqual([
      ['up', undefined],
      ['down', 'keys_unavailable'],
      ['up', undefined],
    ])
  })

  test('a store is told when it fails, and as up again only when it has not failed for ten seconds', async () => {
    const { harness, send } = await receiver()
    expect(await send()).toBe('served')
    for (let round = 0; round < 5; round++) {
      harness.replay.fail(round % 2 === 0 ? 'down' : 'full')
      expect(await send()).toMatch(/^replay_/)
      harness.replay.fail(undefined)
      harness.clock.advance(9)
      expect(await send()).toBe('served')
    }
    harness.clock.advance(1)
    expect(await send()).toBe('served')
    expect(of('replay')).toEqual([
      ['replay', 'up', undefined],
      ['replay', 'down', 'replay_unavailable'],
      ['replay', 'up', undefined],
    ])
    expect(lines).toHaveLength(1)
  })

  test('a token that was used before shows that the store answers; a request that never came to it shows nothing', async () => {
    const { harness, send } = await receiver()
    const request = harness.mint()
    expect(await send({ ...request, method: 'PUT' })).toBe('method_mismatch')
    expect(of('replay')).toEqual([])
    expect(await send(request)).toBe('served')
    harness.replay.fail('down')
    expect(await send(request)).toBe('replay_unavailable')
    harness.replay.fail(undefined)
    harness.clock.advance(10)
    expect(await send(request)).toBe('token_replayed')
    expect(of('replay').map((row) => (row as readonly unknown[])[1])).toEqual(['up', 'down', 'up'])
  })

  const audited = (harness: MockHarness): JsonObject => ({
    ledgers: changeFirst(harness.trust()['ledgers'], { url: NAMES.logUrl }),
    time: { maxStalenessSeconds: 3600 },
  })

  test('a log is told when its heads cannot be proven, when they can again, and when it is closed, after which nothing comes', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const { verifier, send } = await receiver(harness, audited(harness))
    harness.published.set('down')
    for (let round = 0; round < 3; round++) {
      expect(await send()).toBe('served')
      await verifier.warm()
    }
    harness.published.set('up')
    await verifier.warm()
    const fork = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size - 1)
    expect(await send(harness.mint({}, { log: fork }))).toBe('ledger_inconsistent')
    expect(await send()).toBe('ledger_inconsistent')
    await verifier.warm()
    expect(of('ledger')).toEqual([
      ['ledger', 'up', undefined],
      ['ledger', 'down', 'ledger_unproven'],
      ['ledger', 'up', undefined],
      ['ledger', 'closed', 'ledger_inconsistent'],
    ])
    expect(dependencies.filter(({ dependency }) => dependency === 'ledger').every(({ name }) => name === NAMES.log)).toBe(true)
  })

  test('a log that answers and never shows the heads that it gave is told as down', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const note = harness.log.checkpoint()
    harness.published.show({ checkpoint: () => note, tile: (level, n, width) => harness.log.tile(level, n, width) })
    const { verifier, send } = await receiver(harness, audited(harness))
    expect(await send()).toBe('served')
    harness.clock.advance(901)
    await verifier.warm()
    expect(await send()).toBe('ledger_unproven')
    expect(of('ledger').at(-1)).toEqual(['ledger', 'down', 'ledger_unproven'])
  })

  test('a thousand requests tell a thousand verdicts and no change', async () => {
    const { send, harness } = await receiver()
    const bare: RawRequest = { ...harness.mint(ORDER), lines: [['Host', 'api.example.com']] }
    for (let sent = 0; sent < 1000; sent++) await send(bare)
    expect(verdicts).toHaveLength(1000)
    expect(of('status')).toHaveLength(1)
  })
})

function fail(error: unknown): never {
  throw error
}

/** When every promise that could settle has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}
