/** An issuer makes no passport that does not fit the header in which it travels (spec chapter 8.7). @module */
import { createSigner, formatDidKey, hashText, nobleCrypto, utf8, type Attestation, type MissionPair } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { issuePassport, type PassportIssuer, type PassportRequest } from '../src/passports.ts'

const key = createSigner(new Uint8Array(32).fill(3), 'did:web:identity.example#1')
const agent = createSigner(new Uint8Array(32).fill(4), (own) => formatDidKey(own)).publicKey
const hash = hashText(nobleCrypto(), utf8('evidence'))
const fact: Attestation = { grade: 'evidence_checked', time: '2026-11-01T00:00:00Z', digest: hash }
const PAIR: MissionPair = { action: 'orders.*', target: 'https://api.example.com/*' }

/** What agents that hand off are given: three facts, one pair. */
const REALISTIC: PassportRequest = {
  agent,
  mission: [PAIR],
  attestations: {
    hardware: { ...fact, type: 'tpm2', jkt: hash },
    human: { ...fact, type: 'fido2', id: 'did:web:acme.example:people:7f3a' },
    runtime: { ...fact, type: 'image-sha256' },
  },
  jurisdiction: 'EU',
  risk: 'limited',
  maxDepth: 2,
  delegatedOnly: false,
}

/** Issues with this status index, and counts how many indices were spent. */
function issuing(statusIndex = 131_071): { readonly issue: (request: PassportRequest) => Promise<string>; spent: number } {
  const counted = {
    spent: 0,
    issue: async (request: PassportRequest) => (await issuePassport(issuer, request)).passport,
  }
  const issuer: PassportIssuer = {
    signer: key,
    did: 'did:web:identity.example',
    harness: 'did:web:harness.example',
    status: { allocate: () => (counted.spent++, statusIndex) },
    statusUrl: 'https://identity.example/status/revocation/1',
    taken: [],
    now: () => 1_795_212_000_000,
  }
  return counted
}

/** The request with the longest mission whose passport is issued and has at most so many characters, and that passport. */
async function ofLength(characters: number, request: Partial<PassportRequest>): Promise<readonly [PassportRequest, string]> {
  const { issue } = issuing()
  const sized = (length: number): PassportRequest => ({ ...REALISTIC, ...request, mission: targets(length) })
  let best = sized(1)
  let text = await issue(best)
  for (let length = 2; ; length++) {
    try {
      const longer = await issue(sized(length))
      if (longer.length > characters) return [best, text]
      best = sized(length)
      text = longer
    } catch (error) {
      if (error instanceof RangeError) return [best, text]
      throw error
    }
  }
}

/** A mission whose targets have `length` characters together. */
function targets(length: number): readonly MissionPair[] {
  const whole = Array.from({ length: Math.floor(length / 1024) }, () => 1024)
  return [...whole, length % 1024].filter((size) => size > 0).map((size) => ({ action: '*', target: 't'.repeat(size) }))
}

describe('AHP-PASS-34', () => {
  test('a passport with three facts and one pair is short enough for chains of three', async () => {
    expect((await issuing().issue(REALISTIC)).length).toBeLessThanOrEqual(1920)
  })

  test.each<[string, number, Partial<PassportRequest>]>([
    ['that may hand off twice', 1920, { maxDepth: 2 }],
    ['that acts only for others', 1920, { maxDepth: 0, delegatedOnly: true }],
    ['that may hand off once', 4096, { maxDepth: 1 }],
    ['that acts alone', 4096, { maxDepth: 0 }],
  ])('an agent %s gets no passport of more than %i characters', async (_title, most, request) => {
    const [longest, passport] = await ofLength(most, request)
    expect([passport.length <= most, passport.length > most - 3]).toEqual([true, true])
    const counted = issuing()
    const [first, ...more] = longest.mission
    const longer = { ...longest, mission: [...more, { action: 'aaaa', target: first?.target ?? '' }] }
    await expect(counted.issue(longer)).rejects.toThrow(`more than ${most}`)
    expect(counted.spent).toBe(0)
  })

  test('what is too long with the longest index is refused also when its own index is short', async () => {
    const [longest] = await ofLength(1920, { maxDepth: 2 })
    await expect(issuing(7).issue(longest)).resolves.toMatch(/^eyJ/)
    const [{ target } = PAIR] = longest.mission
    await expect(issuing(7).issue({ ...longest, mission: [{ action: '*', target: `${target}ttt` }] })).rejects.toThrow(RangeError)
  })
})
