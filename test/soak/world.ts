/** One harness, one receiver and their clock, made anew every few hundred mutations so that nothing grows with the run. @module */
import { jwkOf, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import {
  createMemoryLog,
  createMockHarness,
  namedSigner,
  receivedFrom,
  witnessVkey,
  type MemoryLog,
  type MockHarness,
  type RawRequest,
  type Wanted,
} from '@aiegis/testing'
import type { Verifier, VerifierOptions } from '@aiegis/verifier'
import type { Random } from './random.ts'

/** How a soak makes verifiers: `createVerifier`, or a road with one step changed when the soak itself is tested. */
export type MakeVerifier = (options: VerifierOptions) => Verifier

/** A request that a decision is asked for, complete. */
export type Plan = Wanted & { readonly method: string; readonly url: string; readonly handOffs: number }

/** A valid request that was not sent yet, and what it was made from. */
export interface Base {
  readonly plan: Plan
  readonly request: RawRequest
}

/** The parties that a mutation plays with. */
export interface World {
  readonly harness: MockHarness
  readonly verifier: Verifier
  /** A second harness that the receiver trusts, with a log of its own whose heads the witness has to sign. */
  readonly second: { readonly signer: SyncSigner; readonly log: MemoryLog }
  /** An issuer that the receiver trusts for hand-offs only, and whose passports cannot be revoked. */
  readonly hop: SyncSigner
  /** Indices of the status list that are revoked. */
  readonly revoked: Set<number>
  /** Identifiers of tokens, other than those that the harness makes, which were used. */
  readonly used: Set<string>
  /** One of the requests that there are, with so many hand-offs or any. */
  plan(random: Random, handOffs?: number): Plan
  /** A valid request that may be changed and sent as long as it is refused; `spend` it before it is served. */
  base(random: Random, handOffs?: number): Base
  /** Takes a request out of use: it, or one with its token, is going to be served. */
  spend(base: Base): void
  /** Sends a request that must be served, unchanged: what is changed must not have been refused for another reason. */
  mustServe(request: RawRequest): Promise<void>
  /** Serves what is worn out: requests that were changed often enough. */
  serveWorn(): Promise<void>
  /** Serves every request that was changed and is not spent: before the clock moves, and at the end. */
  serveUnspent(): Promise<void>
  /** What was thrown for requests that had to be served; taken away by who reads it. */
  problems(): readonly unknown[]
  /** Verifies in this process; resolves to nothing when the request was served and to what was thrown otherwise. */
  verify(request: RawRequest): Promise<unknown>
  /** A receiver with empty memories, for measuring again. */
  twin(): Promise<Verifier>
  close(): void
}

/** Requests of each kind, with 0, 1 or 2 hand-offs each. */
const KINDS: readonly Wanted[] = [
  {},
  { method: 'POST', url: 'https://api.example.com/orders', contentType: 'application/json', content: '{"item":7,"quantity":1}' },
  { url: 'https://api.example.com/orders?limit=5&sort=asc' },
  {
    method: 'PUT',
    url: 'https://api.example.com/orders/7/note',
    contentType: 'text/plain;charset=utf-8',
    content: 'twice, à 5 €\r\n',
  },
  { method: 'DELETE', url: 'https://api.example.com/orders/%C3%A9;v=1' },
]
/** How often one request is changed before it must be served as it is. */
const USES = 24
const REVOKED = [7, 131_071]

/** Creates a world whose receiver is past its start by a minute. */
export async function createWorld(makeVerifier: MakeVerifier): Promise<World> {
  const harness = createMockHarness({ logSize: 37 })
  const signer = namedSigner('second harness', 'did:web:second.example#1')
  const origin = 'ledger.example/second'
  const second = { signer, log: createMemoryLog(harness.crypto, origin, namedSigner('second log', origin), 21) }
  const hop = namedSigner('hop issuer', 'did:web:hop.example#1')
  const trust = {
    harnesses: [...listOf(harness, 'harnesses'), { did: didOf(signer), keys: [pin(signer)], ledgers: [origin] }],
    ledgers: [
      ...listOf(harness, 'ledgers'),
      {
        origin,
        vkey: second.log.vkey,
        assurance: 'cosigned',
        witnesses: { quorum: 1, vkeys: [witnessVkey(harness.crypto, harness.keys.witness)] },
      },
    ],
    issuers: [...listOf(harness, 'issuers'), { did: didOf(hop), keys: [pin(hop)], roles: ['hop'], status: 'unrevocable' }],
  }
  // What is broken here is broken on purpose.
  const options = { ...harness.receiver(trust), log: () => {} }
  for (const index of REVOKED) harness.status.revoke(index)
  const verifier = makeVerifier(options)
  harness.clock.advance(60)
  await verifier.warm()
  const inUse = new Map<string, { readonly base: Base; uses: number }>()
  const worn: Base[] = []

  const plan: World['plan'] = (random, handOffs = random.below(3)) => ({
    method: 'GET',
    url: `${harness.audience}/orders/7`,
    ...random.pick(KINDS),
    handOffs,
  })
  const problems: unknown[] = []
  const mustServe = async (request: RawRequest): Promise<void> => {
    const outcome = await outcomeOf(verifier, request)
    if (outcome !== undefined) problems.push(outcome)
  }
  const serveWorn = async (): Promise<void> => {
    for (const { request } of worn.splice(0)) await mustServe(request)
  }
  return {
    harness,
    verifier,
    second,
    hop,
    revoked: new Set(REVOKED),
    used: new Set(),
    plan,
    base(random, handOffs = random.below(3)) {
      const name = `${handOffs} ${random.below(2)}`
      const known = inUse.get(name)
      if (known !== undefined && ++known.uses < USES) return known.base
      if (known !== undefined) worn.push(known.base)
      const wanted = plan(random, handOffs)
      const base = { plan: wanted, request: harness.mint(wanted) }
      inUse.set(name, { base, uses: 1 })
      return base
    },
    spend(base) {
      for (const [name, known] of inUse) if (known.base === base) inUse.delete(name)
      if (worn.includes(base)) worn.splice(worn.indexOf(base), 1)
    },
    mustServe,
    serveWorn,
    async serveUnspent() {
      worn.push(...[...inUse.values()].map(({ base }) => base))
      inUse.clear()
      await serveWorn()
    },
    problems: () => problems.splice(0),
    verify: (request) => outcomeOf(verifier, request),
    async twin() {
      const fresh = makeVerifier(options)
      await fresh.warm()
      return fresh
    },
    close: () => verifier.close(),
  }
}

/** What was thrown, or nothing. */
export async function outcomeOf(verifier: Verifier, request: RawRequest): Promise<unknown> {
  try {
    await verifier.verify(receivedFrom(request))
    return undefined
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  }
}

/** The DID of a key's name. */
export function didOf({ kid }: SyncSigner): string {
  return kid.slice(0, kid.indexOf('#'))
}

function pin(signer: SyncSigner): JsonObject {
  return { kid: signer.kid, jwk: { ...jwkOf(signer.publicKey) } }
}

function listOf(harness: MockHarness, name: string): readonly JsonObject[] {
  const list = harness.trust()[name]
  return Array.isArray(list) ? list : []
}
