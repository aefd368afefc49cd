/** What is too large or too slow costs nothing: limits before any hash or signature, and 35 seconds for all (spec chapters 7.1 and 12.5). @module */
import { encodeBase64, formatSignatureHeaders, type CryptoPort, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, NAMES, receivedFrom, withLine, type MockHarness } from '@aiegis/testing'
import { createVerifier, type ReplayStore } from '@aiegis/verifier'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { changed, changeFirst, lacking, ORDER } from './edits.ts'
import type { Make } from './verdict.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** A port that counts what it is asked, and the bytes that it is shown. */
function counting(real: CryptoPort): {
  readonly crypto: CryptoPort
  readonly asked: () => readonly [calls: number, bytes: number]
} {
  let [calls, bytes] = [0, 0]
  const seen = (shown: Uint8Array): Uint8Array => {
    calls++
    bytes += shown.length
    return shown
  }
  return {
    crypto: {
      sha256: (content) => real.sha256(seen(content)),
      verifyEd25519: (key, message, signature) => real.verifyEd25519(key, seen(message), signature),
    },
    asked: () => [calls, bytes],
  }
}

/** The code of the refusal, and what it cost. */
async function refused(make: Make, trust: JsonObject = {}): Promise<readonly [code: string, calls: number, bytes: number]> {
  const harness = createMockHarness({ logSize: 20 })
  const { crypto, asked } = counting(harness.crypto)
  const verifier = createVerifier({ ...harness.receiver(trust), crypto })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const request = receivedFrom(make(harness))
  const [calls, bytes] = asked()
  const code = await verifier.verify(request).then(
    () => 'served',
    (error: unknown) => String(Reflect.get(Object(error), 'code')),
  )
  return [code, asked()[0] - calls, asked()[1] - bytes]
}

const padded = (name: string, length: number): Make => changed(name, (value) => value.padEnd(length, 'A'))
const long =
  (count: number): Make =>
  (h) => {
    const request = h.mint()
    const dummies = Array.from({ length: count - request.lines.length }, () => ['a', ''] as const)
    return { ...request, lines: [...request.lines, ...dummies] }
  }
const hashes =
  (count: number): Make =>
  (h) =>
    h.mint(
      {},
      { proofText: (text) => text.replace(/\n(?:.{44}\n)*\n/, `\n${`${encodeBase64(new Uint8Array(32))}\n`.repeat(count)}\n`) },
    )
const cosigned =
  (count: number): Make =>
  (h) =>
    h.mint({}, { proofText: (text) => text + `— witness.example ${encodeBase64(new Uint8Array(76))}\n`.repeat(count) })
const signatures =
  (count: number): Make =>
  (h) => {
    const others = Array.from({ length: count - 1 }, (_, at) =>
      formatSignatureHeaders(`other${at}`, '();created=1', new Uint8Array(64)),
    )
    const request = h.mint()
    return ['Signature-Input', 'Signature'].reduce(
      (all, name) =>
        withLine(all, name, [lineOf(request, name), ...others.map((each) => new Map(Object.entries(each)).get(name))].join(', ')),
      request,
    )
  }

type Limit = readonly [limit: string, code: string, over: Make, trust?: JsonObject]

const LIMITS: readonly Limit[] = [
  ['a line of 8,001 bytes', 'evidence_too_large', padded('X-AEGIS-Passport', 8001 - 'X-AEGIS-Passport: '.length)],
  [
    '12,289 bytes of evidence',
    'evidence_too_large',
    (h) => withLine(padded('X-AEGIS-Passport', 7980)(h), 'Signature', 'A'.repeat(5000)),
  ],
  ['129 field lines', 'request_malformed', long(129)],
  ['a token of 4,097 characters', 'evidence_too_large', padded('X-AEGIS-Token', 4097)],
  ['a token over what the bundle allows', 'evidence_too_large', padded('X-AEGIS-Token', 2001), { limits: { tokenBytes: 2000 } }],
  ['a proof of 4,097 characters', 'evidence_too_large', padded('X-AEGIS-Proof', 4097)],
  ['a proof over what the bundle allows', 'evidence_too_large', padded('X-AEGIS-Proof', 3001), { limits: { proofChars: 3000 } }],
  ['a proof with 41 hashes', 'proof_malformed', hashes(41)],
  ['a proof with 9 cosignatures', 'proof_malformed', cosigned(9)],
  ['a passport of 4,097 characters', 'evidence_too_large', padded('X-AEGIS-Passport', 4097)],
  [
    'a passport over what the bundle allows',
    'evidence_too_large',
    padded('X-AEGIS-Passport', 3001),
    { limits: { passportBytes: 3000 } },
  ],
  [
    'a delegation of 1,101 characters',
    'evidence_too_large',
    changed('X-AEGIS-Passport', (one) => `${one}~${'A'.repeat(1101)}~${one}`),
  ],
  ['a chain of four agents', 'passport_malformed', changed('X-AEGIS-Passport', () => 'A~A~A~A~A~A~A')],
  ['more hand-offs than the bundle allows', 'chain_too_long', (h) => h.mint({ handOffs: 2 }), { limits: { delegations: 1 } }],
  ['9 signatures', 'possession_malformed', signatures(9)],
  ['a Signature-Input of 2,049 bytes', 'possession_malformed', padded('Signature-Input', 2049)],
  ['a target of 1,025 characters', 'target_invalid', (h) => ({ ...h.mint(), target: `/${'a'.repeat(1024)}` })],
  ['a method of 21 characters', 'method_invalid', (h) => ({ ...h.mint(), method: 'A'.repeat(21) })],
]

describe('before anything is computed', () => {
  test.each(LIMITS.map(([limit, code, over, trust = {}]) => [limit, code, over, trust] as const))(
    'AHP-BIND-4 AHP-ROAD-2 %s is refused with %s',
    async (_limit, code, over, trust) => {
      expect(await refused(over, trust)).toEqual([code, 0, 0])
    },
  )

  test('the port that counts sees what a request costs that is not too large', async () => {
    const [code, calls] = await refused((h) => h.mint())
    expect([code, calls > 10]).toEqual(['served', true])
  })

  test.each<readonly [string, number, JsonObject]>([
    ['1 MiB and a byte', 1_048_577, {}],
    ['a byte more than the bundle allows', 1001, { limits: { bodyBytes: 1000 } }],
  ])('AHP-BIND-20 content of %s is not hashed', async (_title, size, trust) => {
    const content = 'x'.repeat(size)
    const [small] = [await refused((h) => h.mint({ ...ORDER, content: 'x' }), trust)]
    const [code, calls, bytes] = await refused((h) => h.mint({ ...ORDER, content }), trust)
    expect(code).toBe('content_too_large')
    expect(calls).toBeLessThan(small[1])
    expect(bytes).toBeLessThan(small[2] + 1000)
  })
})

describe('in time', () => {
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const issuerAt = (at: number): string => `did:web:identity-${at}.example`

  /** A receiver to which everything is slow, whose documents have just stopped being fresh, and a chain of three issuers. */
  async function slowly(slowMs: number, during: (harness: MockHarness) => void = () => {}) {
    vi.useFakeTimers()
    const harness = createMockHarness({ logSize: 20 })
    const { documents, keys, clock } = harness
    const [first] = changeFirst(harness.trust()['harnesses'], { didWeb: true }) as readonly JsonObject[]
    const { keys: _pinned, ...members } = first ?? {}
    const issuers = [0, 1, 2].map((at) => {
      documents.publish(issuerAt(at), [{ ...keys.issuer, kid: `${issuerAt(at)}#1` }])
      return { did: issuerAt(at), didWeb: true, roles: ['root', 'hop'], status: 'unrevocable' }
    })
    const read: string[] = []
    const store: ReplayStore = {
      scope: 'shared',
      claim: async (): Promise<'fresh'> => {
        await wait(slowMs)
        return 'fresh'
      },
    }
    const verifier = createVerifier({
      ...harness.receiver({ harnesses: [members], issuers }),
      replay: store,
      resolver: {
        resolve: async (did) => {
          read.push(did)
          await wait(slowMs)
          // The clock of a receiver goes on with the time that it waits.
          clock.advance(slowMs / 1000)
          during(harness)
          return documents.resolver.resolve(did)
        },
      },
    })
    onTestFinished(() => verifier.close())
    await vi.advanceTimersByTimeAsync(3000)
    clock.advance(400)
    read.length = 0
    const request = harness.mint(
      { ...ORDER, handOffs: 2 },
      {
        passportHeader: (header, at) => ({ ...header, kid: `${issuerAt(at)}#1` }),
        passport: (vc, at) => lacking({ ...vc, issuer: issuerAt(at) }, 'credentialStatus'),
      },
    )
    const given: number[] = []
    const content = async ({ timeoutMs }: { readonly timeoutMs: number }): Promise<Uint8Array> => {
      given.push(timeoutMs)
      await wait(timeoutMs)
      return request.body
    }
    const begun = performance.now()
    const verdict = verifier.verify({ ...receivedFrom(request), content }).then(() => performance.now() - begun)
    verdict.catch(() => {})
    await vi.advanceTimersByTimeAsync(60_000)
    return { verdict, read, given }
  }

  test('AHP-TIME-20 documents, content and store that each take all their time give one verdict within 35 seconds', async () => {
    const { verdict, read, given } = await slowly(2999)
    const took = await verdict
    expect(read).toEqual([NAMES.harness, issuerAt(0), issuerAt(1), issuerAt(2)])
    expect(given).toEqual([32_000 - 4 * 2999])
    expect(took).toBe(32_000 + 2999)
  })

  test('AHP-TIME-20 a clock that is set back while documents are read gives no more time', async () => {
    const { verdict, given } = await slowly(2999, ({ clock }) => clock.advance(-1))
    expect(await verdict).toBeLessThanOrEqual(35_000)
    expect(given).toEqual([32_000 - 4 * 2999])
  })

  test('AHP-BIND-21 content gets its whole time where nothing else was slow', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const given: number[] = []
    const verifier = createVerifier(harness.receiver({ time: { bodyTimeoutSeconds: 2 } }))
    onTestFinished(() => verifier.close())
    await verifier.warm()
    harness.clock.advance(6)
    const request = harness.mint(ORDER)
    await verifier.verify({ ...receivedFrom(request), content: ({ timeoutMs }) => (given.push(timeoutMs), request.body) })
    expect(given).toEqual([2000])
  })
})

describe('quotas', () => {
  test('AHP-TIME-14 a harness that has used its share is full while there is room for others, until its records end', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const { replay: _replay, ...options } = harness.receiver({
      replay: { memory: { singleProcess: true, maxRecords: 10, maxPerIssuer: 2 } },
    })
    const verifier = createVerifier(options)
    onTestFinished(() => verifier.close())
    await verifier.warm()
    harness.clock.advance(6)
    const send = (): Promise<string> =>
      verifier.verify(receivedFrom(harness.mint())).then(
        () => 'served',
        (error: unknown) => String(Reflect.get(Object(error), 'code')),
      )
    expect([await send(), await send(), await send()]).toEqual(['served', 'served', 'replay_full'])
    // Two minutes, and the rest of the bucket in which the records are.
    harness.clock.advance(136)
    await verifier.warm()
    expect(await send()).toBe('served')
  })
})
