/** A bundle that takes the place of another while requests are served (spec chapter 14.4). @module */
import { defaultCrypto, jwkOf, type CryptoPort, type JsonObject } from '@aiegis/protocol'
import { createMemoryLog, createMockHarness, namedSigner, receivedFrom, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type ReloadEvent, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { changeFirst } from './edits.ts'

interface Scene {
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly events: ReloadEvent[]
  readonly lines: string[]
  /** `served`, or the code of the refusal. */
  readonly send: (request?: RawRequest) => Promise<string>
}

async function receiver(trust: JsonObject = {}, changes: Partial<VerifierOptions> = {}): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const events: ReloadEvent[] = []
  const lines: string[] = []
  const verifier = createVerifier({
    ...harness.receiver(trust),
    log: (line) => lines.push(line),
    onReload: (event) => events.push(event),
    ...changes,
  })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const send = (request = harness.mint()): Promise<string> =>
    verifier.verify(receivedFrom(request)).then(
      () => 'served',
      (error: unknown) => String(Reflect.get(Object(error), 'code')),
    )
  return { harness, verifier, events, lines, send }
}

/** A harness that nobody has met. */
const OTHER = 'did:web:other.example'
const othersOnly = (h: MockHarness): JsonObject => ({
  harnesses: [
    { did: OTHER, keys: [{ kid: `${OTHER}#1`, jwk: { ...jwkOf(h.keys.stranger.publicKey) } }], ledgers: [h.log.origin] },
  ],
})

describe('a bundle that is right', () => {
  test('AHP-BUNDLE-16 a harness that it does not have is refused at once, whatever was verified before', async () => {
    const { harness, verifier, events, lines, send } = await receiver()
    expect([await send(), await send()]).toEqual(['served', 'served'])
    await verifier.reload(harness.trust(othersOnly(harness)))
    expect(await send()).toBe('token_issuer_unknown')
    expect(verifier.trust.harnessDids).toEqual([OTHER])
    await verifier.reload(harness.trust())
    expect(await send()).toBe('served')
    expect(events).toEqual(
      Array.from({ length: 2 }, () => ({ outcome: 'replaced', why: undefined, now: harness.clock.seconds() })),
    )
    expect(lines.filter((line) => line.startsWith('aiegis trust: replaced; harnesses '))).toHaveLength(2)
  })

  test('AHP-BUNDLE-16 so is an issuer whose passports are remembered, one with another key, and a log with another one', async () => {
    const { harness, verifier, send } = await receiver()
    const stranger = { kid: 'did:web:identity.example#1', jwk: { ...jwkOf(harness.keys.stranger.publicKey) } }
    expect(await send()).toBe('served')
    for (const [changes, code] of [
      [{ issuers: changeFirst(harness.trust()['issuers'], { keys: [stranger] }) }, 'passport_key_unknown'],
      [{ issuers: changeFirst(harness.trust()['issuers'], { roles: ['hop'] }) }, 'issuer_role_missing'],
      [{ require: { human: { asserted: 'live' } } }, 'grade_insufficient'],
      [{ ledgers: changeFirst(harness.trust()['ledgers'], { vkey: otherVkey(harness) }) }, 'checkpoint_unsigned'],
    ] as const) {
      await verifier.reload(harness.trust(changes))
      expect(await send()).toBe(code)
    }
    await verifier.reload(harness.trust())
    expect(await send()).toBe('served')
  })

  test('AHP-BUNDLE-16 so is a chain that is remembered and longer than the new bundle allows, sent whole or by its digest', async () => {
    const { harness, verifier, send } = await receiver()
    const handed = (): RawRequest => harness.mint({ handOffs: 1 })
    expect([await send(handed()), await send(handed())]).toEqual(['served', 'served'])
    await verifier.reload(harness.trust({ limits: { delegations: 0 } }))
    expect([await send(handed()), await send()]).toEqual(['chain_too_long', 'served'])
  })

  test('AHP-BUNDLE-16 a request that has begun ends under the bundle with which it began', async () => {
    const waiting: (() => void)[] = []
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier({
      ...harness.receiver(),
      log: () => {},
      replay: { scope: 'shared', claim: () => new Promise((resolve) => waiting.push(() => resolve('fresh'))) },
    })
    onTestFinished(() => verifier.close())
    await verifier.warm()
    const begun = verifier.verify(receivedFrom(harness.mint()))
    while (waiting.length === 0) await new Promise(setImmediate)
    await verifier.reload(harness.trust(othersOnly(harness)))
    await expect(verifier.verify(receivedFrom(harness.mint()))).rejects.toMatchObject({ code: 'token_issuer_unknown' })
    waiting[0]?.()
    await expect(begun).resolves.toMatchObject({ action: 'http.get' })
  })

  test('AHP-BUNDLE-16 under load each request gets the verdict of one bundle, and the bundle that was given last stays', async () => {
    const { harness, verifier, send } = await receiver()
    const bundles = Array.from({ length: 10 }, (_, at) => harness.trust(at % 2 === 0 ? othersOnly(harness) : {}))
    const reloads = bundles.map((bundle) => verifier.reload(bundle))
    const verdicts = new Set(await Promise.all(Array.from({ length: 60 }, () => send())))
    await Promise.all(reloads)
    expect([...verdicts].filter((verdict) => verdict !== 'served' && verdict !== 'token_issuer_unknown')).toEqual([])
    expect(await send()).toBe('served')
  })
})

test('bundles are taken in the order in which they were given, also when an earlier one takes longer to read', async () => {
  const { harness, verifier, events } = await receiver()
  const slow = async (): Promise<JsonObject> => {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    return harness.trust({ acceptWarn: true })
  }
  await Promise.all([verifier.reload(slow), verifier.reload(harness.trust())])
  expect([verifier.trust.acceptWarn, events.length]).toEqual([false, 2])
})

describe('a bundle that is wrong', () => {
  test.each<readonly [what: string, make: (h: MockHarness) => unknown, why: RegExp]>([
    ['nothing', () => undefined, /./],
    ['a list', () => [], /./],
    ['a member that nobody knows', (h) => ({ ...h.trust(), spare: true }), /spare/],
    ['an issuer without keys, beside harnesses that are right', (h) => h.trust({ ...othersOnly(h), issuers: [] }), /issuers/],
    [
      'a party with a document that nothing reads',
      (h) => h.trust({ issuers: changeFirst(h.trust()['issuers'], { keys: 7 }) }),
      /keys/,
    ],
    ['an error of whoever reads it', () => () => raise(), /the disk is gone/],
    ['a promise that rejects', () => async () => raise(), /the disk is gone/],
  ])('AHP-BUNDLE-15 %s keeps the whole old one and is told', async (_what, make, why) => {
    const { harness, verifier, events, lines, send } = await receiver()
    await expect(verifier.reload(make(harness))).rejects.toThrow(why)
    expect(events).toMatchObject([{ outcome: 'kept', why: expect.stringMatching(why) }])
    expect(lines.filter((line) => line.includes('is not taken'))).toHaveLength(1)
    expect(await send()).toBe('served')
    await verifier.reload(harness.trust(othersOnly(harness)))
    expect(await send()).toBe('token_issuer_unknown')
  })

  test.each<readonly [name: string, changes: JsonObject]>([
    ['audience', { audience: 'https://b.example', bases: [{ public: 'https://b.example', mount: '/', authority: 'match' }] }],
    ['bases', { bases: [{ public: 'https://api.example.com', mount: '/', authority: 'fixed' }] }],
    ['replay', { replay: { memory: { singleProcess: true, maxRecords: 5 } } }],
    ['time', { time: { skewSeconds: 30 } }],
    ['didWeb', { didWeb: { allow: ['localhost:8443'] } }],
  ])('AHP-BUNDLE-17 %s cannot change without a start', async (name, changes) => {
    const { harness, verifier, send } = await receiver()
    await expect(verifier.reload(harness.trust(changes))).rejects.toThrow(`${name}: it cannot change while requests are served`)
    expect(await send()).toBe('served')
  })

  test('a verifier that was closed takes nothing', async () => {
    const { harness, verifier } = await receiver()
    verifier.close()
    await expect(verifier.reload(harness.trust())).rejects.toThrow('the verifier is closed')
  })
})

describe('what goes on', () => {
  test('AHP-BUNDLE-18 a token that was used stays used', async () => {
    const { harness, verifier, send } = await receiver()
    const request = harness.mint()
    expect(await send(request)).toBe('served')
    await verifier.reload(harness.trust({ acceptWarn: true }))
    expect(await send(request)).toBe('token_replayed')
  })

  test('AHP-BUNDLE-18 a status list that is known serves and refuses, though its host is down, and an older one does not come back', async () => {
    const { harness, verifier, send } = await receiver()
    harness.status.revoke(94_567)
    harness.clock.advance(60)
    await verifier.warm()
    expect(await send()).toBe('passport_revoked')
    harness.status.set('down')
    await verifier.reload(harness.trust({ acceptWarn: true }))
    expect(await send()).toBe('passport_revoked')
  })

  test('AHP-BUNDLE-18 a list that was read while another bundle was being taken is not taken back', async () => {
    const engine = defaultCrypto()
    let isHeld = false
    const waiting: (() => void)[] = []
    const crypto: CryptoPort = {
      ...engine,
      async verifyEd25519(key, message, signature) {
        if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
        return engine.verifyEd25519(key, message, signature)
      },
    }
    const { harness, verifier, send } = await receiver({}, { crypto })
    expect(await send()).toBe('served')
    isHeld = true
    const taken = verifier.reload(harness.trust({ acceptWarn: true }))
    await vi.waitFor(() => expect(waiting).toHaveLength(1))
    isHeld = false
    harness.status.revoke(94_567)
    harness.clock.advance(60)
    await verifier.warm()
    harness.status.set('down')
    waiting[0]?.()
    await taken
    expect(await send()).toBe('passport_revoked')
  })

  test('AHP-BUNDLE-18 a list whose key is gone is not used', async () => {
    const { harness, verifier, send } = await receiver()
    expect(await send()).toBe('served')
    harness.status.set('down')
    await verifier.reload(harness.trust({ acceptWarn: true }))
    expect(await send()).toBe('served')
    const [issuer] = harness.trust()['issuers'] as readonly JsonObject[]
    const keys = [{ kid: 'did:web:identity.example#status-2', jwk: { ...jwkOf(harness.keys.stranger.publicKey) } }]
    const status = { ...(issuer?.['status'] as JsonObject), keys }
    await verifier.reload(harness.trust({ issuers: changeFirst(harness.trust()['issuers'], { status }) }))
    expect(await send()).toBe('status_unavailable')
  })

  test('AHP-BUNDLE-18 a document that was read is used, though its host is down', async () => {
    const byDocument = (h: MockHarness): JsonObject => {
      const [{ keys: _keys, ...issuer } = {}] = h.trust()['issuers'] as readonly JsonObject[]
      return { issuers: [{ ...issuer, didWeb: true }] }
    }
    const { harness, verifier, send } = await receiver(byDocument(createMockHarness({ logSize: 1 })))
    expect(await send()).toBe('served')
    harness.documents.set('down')
    await verifier.reload(harness.trust({ ...byDocument(harness), acceptWarn: true }))
    expect(await send()).toBe('served')
  })

  test('AHP-BUNDLE-18 a log that contradicted itself stays closed, also without its URL', async () => {
    const shape = createMockHarness({ logSize: 20 }).breakIt('ledger_inconsistent')
    const { harness, verifier, send } = await receiver(shape.trust)
    const { request, before, times = 1 } = harness.breakIt('ledger_inconsistent')
    if (before !== undefined) await send(before.request)
    for (let sent = 1; sent < times; sent++) await send(request)
    expect(await send(request)).toBe('ledger_inconsistent')
    const { url: _url, ...bare } = (harness.trust(shape.trust)['ledgers'] as readonly JsonObject[])[0] ?? {}
    const named = shape.trust?.['ledgers'] ?? harness.trust()['ledgers']
    const spare = [{ ...bare, origin: 'log.example/spare', vkey: otherVkey(harness, 'log.example/spare') }]
    const [first] = harness.trust()['harnesses'] as readonly JsonObject[]
    for (const ledgers of [named, [bare]]) {
      await verifier.reload(harness.trust({ ...shape.trust, ledgers: ledgers ?? [] }))
      expect(await send()).toBe('ledger_inconsistent')
    }
    // Nor when it was out of the bundle in between.
    await verifier.reload(
      harness.trust({ ...shape.trust, ledgers: spare, harnesses: [{ ...first, ledgers: ['log.example/spare'] }] }),
    )
    await verifier.reload(harness.trust({ ...shape.trust, ledgers: named ?? [] }))
    expect(await send()).toBe('ledger_inconsistent')
  })

  test('a log that is not in the bundle any more is not read', async () => {
    const { trust = {} } = createMockHarness({ logSize: 20 }).breakIt('ledger_inconsistent')
    const read: string[] = []
    const { get } = createMockHarness({ logSize: 20 }).receiver(trust)
    const spying: VerifierOptions['get'] = (url, wanted) => {
      read.push(url)
      return get(url, wanted)
    }
    const { harness, verifier } = await receiver(trust, { get: spying })
    const isOfLog = (url: string): boolean => url.includes('checkpoint') || url.includes('tile')
    expect(read.some(isOfLog)).toBe(true)
    read.length = 0
    await verifier.warm('lists')
    expect([read.length > 0, read.some(isOfLog)]).toEqual([true, false])
    await verifier.warm()
    expect(read.some(isOfLog)).toBe(true)
    const [{ url: _url, ...bare } = {}] = (trust['ledgers'] ?? []) as readonly JsonObject[]
    const spare = 'log.example/spare'
    const [first] = harness.trust()['harnesses'] as readonly JsonObject[]
    const ledgers = [{ ...bare, origin: spare, vkey: otherVkey(harness, spare) }]
    read.length = 0
    await verifier.reload(harness.trust({ ...trust, ledgers, harnesses: [{ ...first, ledgers: [spare] }] }))
    await verifier.warm()
    expect([read.length > 0, read.some(isOfLog)]).toEqual([true, false])
  })

  test('a chain that was sent is found by its digest', async () => {
    const { harness, verifier, send } = await receiver()
    const whole = harness.mint()
    expect(await send(whole)).toBe('served')
    await verifier.reload(harness.trust({ acceptWarn: true }))
    const { request } = harness.breakIt('passport_required')
    expect(await send(request)).toBe('served')
  })

  test('a dependency is not told anew', async () => {
    const told: string[] = []
    const { harness, verifier } = await receiver({}, { onDependency: ({ name, state }) => told.push(`${name} ${state}`) })
    const before = told.length
    await verifier.reload(harness.trust({ acceptWarn: true }))
    await verifier.warm()
    expect([before, told.length]).toEqual([1, 1])
  })
})

/** The same log with another key. */
function otherVkey({ crypto, log }: MockHarness, origin: string = log.origin): string {
  return createMemoryLog(crypto, origin, namedSigner('other log', origin), 1).vkey
}

function raise(): never {
  throw new Error('the disk is gone')
}
