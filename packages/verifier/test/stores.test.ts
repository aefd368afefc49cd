import { createHash } from 'node:crypto'
import { defaultCrypto } from '@aiegis/protocol'
import { createMockHarness, receivedFrom, type RawRequest } from '@aiegis/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { replayKey } from '../src/steps/replay.ts'
import { createVerifier, type VerifierOptions } from '../src/verifier.ts'

describe('the replay store of a verifier', () => {
  test('AHP-TIME-8 AHP-TIME-12 two verifiers of one audience in one process serve a token once', async () => {
    const harness = createMockHarness({ logSize: 10, audience: 'https://shared.example' })
    harness.clock.advance((Date.now() - harness.clock.now()) / 1000)
    const { replay: _, now: __, ...options } = harness.receiver()
    const verifiers = [createVerifier(options), createVerifier(options)]
    for (const verifier of verifiers) await verifier.warm()
    const at = Math.floor(Date.now() / 1000) + 6
    const issued = (claims: object) => ({
      ...claims,
      iat: at,
      exp: at + 60,
      entry: { ...Reflect.get(claims, 'entry'), ts: new Date(at * 1000).toISOString() },
    })
    // Six seconds ahead: past the boot guard, which is five, and not yet refused as of the future a second later.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const request = receivedFrom(harness.mint({}, { claims: issued }))
    const outcomes = await Promise.allSettled(verifiers.map((verifier) => verifier.verify(request)))
    for (const verifier of verifiers) verifier.close()
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'token_replayed' } })
  })

  /** A harness and options without clock and store, at a time of which the runtime has two clocks. */
  function inProcess(audience: string) {
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.UTC(2026, 10, 20, 22) })
    onTestFinished(() => void vi.useRealTimers())
    const harness = createMockHarness({ logSize: 10, audience })
    const { replay: _, now: __, ...options } = harness.receiver()
    /** Somebody sets the clock. */
    const set = (seconds: number): void => {
      harness.clock.advance(seconds)
      vi.setSystemTime(harness.clock.now())
    }
    const pass = (seconds: number): void => {
      harness.clock.advance(seconds)
      vi.advanceTimersByTime(seconds * 1000)
    }
    return { harness, options, set, pass }
  }

  test('AHP-TIME-12 two copies of this package in one process serve a token once', async () => {
    const { harness, options, pass } = inProcess('https://copies.example')
    const own = createVerifier(options)
    vi.resetModules()
    const copy = await import('../src/verifier.ts')
    expect(copy.createVerifier).not.toBe(createVerifier)
    const other = copy.createVerifier(options)
    await Promise.all([own.warm(), other.warm()])
    pass(6)
    const request = receivedFrom(harness.mint())
    expect(await own.verify(request)).toMatchObject({ decision: 'ALLOW' })
    await expect(other.verify(request)).rejects.toMatchObject({ code: 'token_replayed' })
    own.close()
    other.close()
  })

  test.each<[string, Partial<VerifierOptions>]>([
    ['of this package', {}],
    ['of the caller that says no start', { replay: { scope: 'process', claim: () => 'fresh' } }],
  ])('AHP-TIME-13 a memory %s has begun when it did, also when the clock was behind then', async (title, given) => {
    const { harness, options, set, pass } = inProcess(`https://behind-${title.length}.example`)
    const verifier = createVerifier({ ...options, ...given })
    await verifier.warm()
    const outcome = (request: RawRequest): Promise<unknown> =>
      verifier.verify(receivedFrom(request)).then(
        () => 'served',
        (error: unknown) => Reflect.get(Object(error), 'code'),
      )
    pass(6)
    const early = harness.mint()
    expect(await outcome(harness.mint())).toBe('served')
    // The clock is put right: what was issued before may have been used before the start.
    set(30)
    expect(await outcome(early)).toBe('replay_warming')
    expect(await outcome(harness.mint())).toBe('served')
    verifier.close()
  })

  test('AHP-TIME-13 a store that does not say whether it outlives the process stops at start', () => {
    const harness = createMockHarness({ logSize: 10 })
    for (const scope of [undefined, 'none', '', true]) {
      const replay = { scope, claim: () => 'fresh' } as never
      expect(() => createVerifier({ ...harness.receiver(), replay })).toThrow(/scope: 'shared'/)
    }
  })

  test('AHP-TIME-9 content is read for no longer than the token lives', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const read: number[] = []
    for (const left of [60, 30, 29, 1]) {
      const request = receivedFrom(harness.mint())
      harness.clock.advance(60 - left)
      await verifier.verify({ ...request, content: (limits) => (read.push(limits.timeoutMs), request.content(limits)) })
    }
    verifier.close()
    expect(read).toEqual([30_000, 30_000, 29_000, 1000])
  })

  test('AHP-TIME-18 a store that never answers is refused with 503 after three seconds', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const verifier = createVerifier({ ...harness.receiver(), replay: { scope: 'shared', claim: () => new Promise(() => {}) } })
    await verifier.warm()
    await expect(verifier.verify(receivedFrom(harness.mint()))).rejects.toMatchObject({ code: 'replay_unavailable' })
    verifier.close()
  })

  test('AHP-TIME-8 the key of a shared store is the hash of both names with their lengths, so that no two pairs share one', () => {
    const keyOf = (iss: string, jti: string) => replayKey(iss, jti, defaultCrypto())
    const text = '23:did:web:harness.example26:01KAHWN2RZ5T8V0X3Y6A9C1E4G'
    const key = createHash('sha256').update(text).digest('base64url')
    expect(keyOf('did:web:harness.example', '01KAHWN2RZ5T8V0X3Y6A9C1E4G')).toBe(key)
    expect(key).toHaveLength(43)
    const pairs = [keyOf('did:web:ab', 'cd'), keyOf('did:web:a', 'bcd'), keyOf('did:web:abc', 'd'), keyOf('did:web:ac', 'bd')]
    expect(new Set(pairs).size).toBe(4)
  })

  test('AHP-TIME-9 a token that ends before the claim leaves no record', async () => {
    const harness = createMockHarness({ logSize: 10 })
    let claims = 0
    const replay = { scope: 'shared', claim: () => (claims++, 'fresh' as const) } as const
    const verifier = createVerifier({ ...harness.receiver(), replay })
    await verifier.warm()
    const request = harness.mint()
    const slow = { ...receivedFrom(request), content: () => (harness.clock.advance(60), request.body) }
    await expect(verifier.verify(slow)).rejects.toMatchObject({ code: 'token_expired' })
    expect(claims).toBe(0)
    verifier.close()
  })

  test('AHP-TIME-9 a token that ends before the store has answered is refused: its record may have ended too', async () => {
    for (const [seconds, outcome] of [
      [59, 'served'],
      [60, 'token_expired'],
    ] as const) {
      const harness = createMockHarness({ logSize: 10 })
      const claim = () => (harness.clock.advance(seconds), 'fresh' as const)
      for (const store of [{ claim }, { claim: () => Promise.resolve().then(claim) }]) {
        const verifier = createVerifier({ ...harness.receiver(), replay: { scope: 'shared', ...store } })
        await verifier.warm()
        const verdict = verifier.verify(receivedFrom(harness.mint())).then(
          () => 'served',
          (error: unknown) => Reflect.get(Object(error), 'code'),
        )
        expect(await verdict).toBe(outcome)
        verifier.close()
      }
    }
  })

  test('the context is frozen at every level', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const context = await verifier.verify(receivedFrom(harness.mint()))
    verifier.close()
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(context)).toBe(true)
  })
})
