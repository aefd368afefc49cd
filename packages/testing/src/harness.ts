/** The mock harness: one issuer, one harness, one agent, one log, in one process and with a clock of its own. @module */
import { defaultCrypto, jwkOf, type CryptoPort, type JsonObject } from '@aiegis/protocol'
import { createMemoryReplayStore, type ReplayStore, type VerifierOptions } from '@aiegis/verifier'
import { gunzipSync } from 'node:zlib'
import { BREAKAGE, type Breakable, type Broken } from './breakage.ts'
import { createClock, type Clock } from './clock.ts'
import { createDocumentHost, type DocumentHost } from './document-host.ts'
import { createKeys, NAMES, type Keys } from './keys.ts'
import { createLogHost, type LogHost } from './log-host.ts'
import { createMemoryLog, type MemoryLog } from './memory-log.ts'
import { mint, type Changes, type Mill, type Wanted } from './mint.ts'
import { passportOf } from './passports.ts'
import type { RawRequest } from './raw-request.ts'
import { createReplaySwitch, type ReplaySwitch } from './replay-switch.ts'
import { createStatusHost, type StatusHost } from './status-host.ts'

/** What a test may choose. */
export interface MockHarnessOptions {
  /** Origin that the receiver answers for. */
  readonly audience?: string
  readonly clock?: Clock
  /** Entries in the log before the first decision; 1,000 by default, so that inclusion paths have ten hashes. */
  readonly logSize?: number
}

/** Everything that a receiver needs to be tested, with real keys and real proofs. */
export interface MockHarness extends Mill {
  readonly clock: Clock
  readonly keys: Keys
  readonly log: MemoryLog
  readonly status: StatusHost
  /** Where the log is published; a receiver reads it when its bundle has the URL `NAMES.logUrl`. */
  readonly published: LogHost
  readonly documents: DocumentHost
  readonly replay: ReplaySwitch
  /** The trust bundle of a receiver that accepts this harness, with members replaced by those of `changes`. */
  trust(changes?: JsonObject): JsonObject
  /** Options of a receiver on this harness's clock; its replay store is `replay`. */
  receiver(changes?: JsonObject): VerifierOptions
  /** A request with evidence; valid unless changed. */
  mint(wanted?: Wanted, changes?: Changes): RawRequest
  /** Evidence or circumstances that make a receiver refuse with exactly this code. May move the clock and switch hosts off. */
  breakIt(code: Breakable): Broken
  /** When the harness was made, epoch seconds. */
  readonly startedAt: number
  /** The passport of the agent at a place of the chain, 0 to 2, as JSON. */
  passport(at?: number): JsonObject
}

/** Creates a harness. Nothing listens and nothing is written: the log is in memory, the status list is a function. */
export function createMockHarness(options: MockHarnessOptions = {}): MockHarness {
  const crypto: CryptoPort = defaultCrypto()
  const clock = options.clock ?? createClock()
  const keys = createKeys()
  const audience = options.audience ?? 'https://api.example.com'
  const log = createMemoryLog(crypto, NAMES.log, keys.log, options.logSize ?? 1000)
  const status = createStatusHost(clock, keys.status)
  const published = createLogHost(NAMES.logUrl, log)
  const documents = createDocumentHost(keys)
  const memory = (): ReplayStore => createMemoryReplayStore({ singleProcess: true, now: clock.now })
  const replay = createReplaySwitch(memory)
  let issued = 0
  const mill: Mill = { crypto, clock, keys, log, audience, identifier: () => `01MOCK${String(++issued).padStart(20, '0')}` }

  const trust = (changes: JsonObject = {}): JsonObject => ({
    ahp: 'ahp-receiver/0.1',
    audience,
    bases: [{ public: audience, mount: '/', authority: 'match' }],
    harnesses: [{ did: NAMES.harness, keys: [pin(keys.harness)], ledgers: [NAMES.log] }],
    issuers: [
      {
        did: NAMES.issuer,
        keys: [pin(keys.issuer)],
        roles: ['root', 'hop'],
        status: { lists: [NAMES.statusList], keys: [pin(keys.status)] },
      },
    ],
    ledgers: [{ origin: NAMES.log, vkey: log.vkey, assurance: 'proof' }],
    replay: { memory: { singleProcess: true } },
    limits: { delegations: 2 },
    ...changes,
  })
  const harness: MockHarness = {
    ...mill,
    startedAt: clock.seconds(),
    status,
    published,
    documents,
    replay,
    trust,
    receiver: (changes) => ({
      trust: trust(changes),
      get: (url, limits) => (url.startsWith(NAMES.logUrl) ? published : status).get(url, limits),
      resolver: documents.resolver,
      inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
      now: clock.now,
      crypto,
      replay: replay.store,
    }),
    mint: (wanted, changes) => mint(mill, wanted, changes),
    breakIt: (code) => BREAKAGE[code](harness),
    passport: (at) => passportOf(mill, at),
  }
  return harness
}

function pin(signer: Keys['harness']): JsonObject {
  return { kid: signer.kid, jwk: { ...jwkOf(signer.publicKey) } }
}
