/** Heads that witnesses have to sign too: which lines count, when, and at what cost (spec chapter 5.4). @module */
import { defaultCrypto, formatNote, parseNote, type CryptoPort, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import {
  cosign,
  createMockHarness,
  namedSigner,
  receivedFrom,
  witnessVkey,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier, type VerifierOptions } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { changeFirst } from './edits.ts'
import { verdictOf, type Shape } from './verdict.ts'

const crypto = defaultCrypto()
const [first, second, third] = ['one', 'two', 'three'].map((name) =>
  namedSigner(`witness ${name}`, `${name}.witness.example`),
) as [SyncSigner, SyncSigner, SyncSigner]
const stranger = namedSigner('unknown witness', 'unknown.example')

/** A bundle that asks for two of three witnesses. */
const trust = (h: MockHarness): JsonObject => ({
  ledgers: changeFirst(h.trust()['ledgers'], {
    assurance: 'cosigned',
    witnesses: { quorum: 2, vkeys: [first, second, third].map((witness) => witnessVkey(crypto, witness)) },
  }),
})
const shape: Shape = { trust }

/** A line of a witness: `by` signs in its place, `at` is seconds from now. */
interface Line {
  readonly witness: SyncSigner
  readonly by?: SyncSigner
  readonly at?: number
}

const cosigned =
  (...lines: readonly Line[]) =>
  (h: MockHarness): RawRequest =>
    h.mint({}, { checkpoint: (note) => withLines(h, note, lines) })

function withLines(h: MockHarness, note: string, lines: readonly Line[]): string {
  return lines.reduce((text, { witness, by, at = 0 }) => cosign(crypto, text, witness, h.clock.seconds() + at, by), note)
}

describe('a quorum of two', () => {
  test.each([
    ['AHP-PROOF-12 is reached by two', 'served', cosigned({ witness: first }, { witness: third })],
    ['AHP-PROOF-12 is reached by three', 'served', cosigned({ witness: first }, { witness: second }, { witness: third })],
    ['AHP-PROOF-13 is not reached by none: the log alone is not enough', 'witness_quorum_missing', cosigned()],
    ['AHP-PROOF-12 is not reached by one', 'witness_quorum_missing', cosigned({ witness: second })],
    [
      'AHP-PROOF-12 is not reached by one and a key that is not known',
      'witness_quorum_missing',
      cosigned({ witness: first }, { witness: stranger }),
    ],
    [
      'AHP-PROOF-9 passes over a key that is not known, also when its signature is bad',
      'served',
      cosigned({ witness: first }, { witness: second }, { witness: stranger, by: first }),
    ],
    [
      'AHP-PROOF-9 does not outweigh a bad signature of a third known key',
      'witness_signature_invalid',
      cosigned({ witness: first }, { witness: second }, { witness: third, by: stranger }),
    ],
    ['AHP-PROOF-12 counts a time up to the skew', 'served', cosigned({ witness: first, at: 5 }, { witness: second, at: 5 })],
    [
      'AHP-PROOF-12 does not count a time beyond the skew',
      'witness_quorum_missing',
      cosigned({ witness: first, at: 5 }, { witness: second, at: 6 }),
    ],
    [
      'AHP-PROOF-12 counts a time long ago: the head is not older than the decision in it',
      'served',
      cosigned({ witness: first, at: -1e9 }, { witness: second, at: -1 }),
    ],
    [
      'AHP-PROOF-9 does not help a log whose own signature is bad',
      'checkpoint_signature_invalid',
      (h: MockHarness) =>
        h.mint({}, { logSigner: stranger, checkpoint: (note) => withLines(h, note, [{ witness: first }, { witness: second }]) }),
    ],
    [
      'AHP-PROOF-8 does not help a log that did not sign',
      'checkpoint_unsigned',
      (h: MockHarness) =>
        h.mint(
          {},
          {
            checkpoint: (note) => {
              const { text, signatures } = parseNote(withLines(h, note, [{ witness: first }, { witness: second }]))
              return formatNote(text, signatures.slice(1))
            },
          },
        ),
    ],
    [
      'AHP-PROOF-12 does not count cosignatures of another head',
      'witness_signature_invalid',
      (h: MockHarness) => {
        const other = withLines(h, h.log.checkpoint(), [{ witness: first }, { witness: second }])
        const lines = parseNote(other).signatures.slice(1)
        return h.mint({}, { checkpoint: (note) => formatNote(parseNote(note).text, [...parseNote(note).signatures, ...lines]) })
      },
    ],
  ])('%s', async (_title, expected, make) => {
    expect(await verdictOf(make, shape)).toBe(expected)
  })

  test('AHP-PROOF-9 the order of the lines does not matter', async () => {
    const make = (h: MockHarness): RawRequest =>
      h.mint(
        {},
        {
          checkpoint: (note) => {
            const { text, signatures } = parseNote(withLines(h, note, [{ witness: first }, { witness: second }]))
            return formatNote(text, signatures.toReversed())
          },
        },
      )
    expect(await verdictOf(make, shape)).toBe('served')
  })

  test('AHP-PROOF-12 is not asked for with `proof`: a bad line of a key that nobody pinned is passed over', async () => {
    expect(await verdictOf(cosigned({ witness: first, by: stranger }))).toBe('served')
  })
})

describe('heads that were seen before', () => {
  test('AHP-PROOF-11 have the times of their cosignatures judged anew', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver(trust(harness)))
    await verifier.warm()
    harness.clock.advance(20)
    const make = cosigned({ witness: first }, { witness: second })
    const one = make(harness)
    await verifier.verify(receivedFrom(one))
    // The clock goes back: what was cosigned is now ten seconds ahead.
    harness.clock.advance(-10)
    const again = harness.mint({}, { proof: () => headerOf(one) })
    await expect(verifier.verify(receivedFrom(again))).rejects.toMatchObject({ code: 'witness_quorum_missing' })
    verifier.close()
  })

  test('AHP-ROAD-7 and other bytes are verified again', async () => {
    const { verifications, verdict } = await count(cosigned({ witness: first }, { witness: second }), 2)
    expect(verdict).toBe('inclusion_invalid')
    expect(verifications).toBe(0)
  })
})

test.each([
  ['no known line', cosigned()],
  ['one known line', cosigned({ witness: first })],
  ['a bad known line', cosigned({ witness: first }, { witness: second, by: stranger })],
  ['unknown lines', cosigned({ witness: stranger })],
])('AHP-ROAD-9 refusing a head with %s costs as many verifications as any other', async (_title, make) => {
  const { verifications } = await count(make)
  // The log and three witnesses.
  expect(verifications).toBe(4)
})

/** The value of the proof header. */
function headerOf(request: RawRequest): string {
  return request.lines.find(([name]) => name === 'X-AEGIS-Proof')?.[1] ?? ''
}

/** How many signatures the ledger step verified for the last of so many requests under one head. */
async function count(
  make: (harness: MockHarness) => RawRequest,
  times = 1,
): Promise<{ readonly verifications: number; readonly verdict: unknown }> {
  const harness = createMockHarness({ logSize: 20 })
  let verifications = 0
  const counting: CryptoPort = {
    ...crypto,
    verifyEd25519(...inputs) {
      verifications++
      return crypto.verifyEd25519(...inputs)
    },
  }
  const options: VerifierOptions = { ...harness.receiver(trust(harness)), crypto: counting }
  const verifier = createVerifier(options)
  await verifier.warm()
  harness.clock.advance(6)
  const request = make(harness)
  const requests = [request, ...Array.from({ length: times - 1 }, () => harness.mint({}, { proof: () => headerOf(request) }))]
  let verdict: unknown = 'served'
  for (const one of requests) {
    verifications = 0
    verdict = await verifier.verify(receivedFrom(one)).then(
      () => 'served',
      (error: unknown) => (error instanceof Error ? Reflect.get(error, 'code') : error),
    )
  }
  verifier.close()
  // Token and possession are verified in the same way; of a chain that was seen before nothing is.
  const chain = times === 1 ? 1 : 0
  return { verifications: verifications - 2 - chain, verdict }
}
