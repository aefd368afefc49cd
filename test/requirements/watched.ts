/** A receiver that audits the log of the mock harness, round by round when a test says so. @module */
import type { JsonObject } from '@aiegis/protocol'
import {
  createMemoryLog,
  createMockHarness,
  NAMES,
  namedSigner,
  receivedFrom,
  type MemoryLog,
  type MockHarness,
  type RawRequest,
  type ShownLog,
} from '@aiegis/testing'
import { createVerifier, type AuditMemory, type Verifier } from '@aiegis/verifier'
import { onTestFinished } from 'vitest'
import { changeFirst } from './edits.ts'

/** A receiver with one log that is audited, and one that has no URL. */
export interface Watched {
  readonly harness: MockHarness
  readonly verifier: Verifier
  /** What the receiver told its operator. */
  readonly lines: readonly string[]
  /** The evidence in these lines. */
  readonly evidence: () => string
  /** The assurance, or the code of the refusal. */
  readonly send: (request?: RawRequest) => Promise<string>
  /** One round of the audit. */
  readonly round: () => Promise<void>
}

const OTHER = 'ledger.example/other'
/** The log without a URL. */
export const otherLog = (harness: MockHarness): MemoryLog =>
  createMemoryLog(harness.crypto, OTHER, namedSigner('other log', OTHER), 5)

/** Status lists are read again in rounds only, and must last from one to the next. */
const PATIENT: JsonObject = { maxUnprovenSeconds: 900, maxStalenessSeconds: 3600 }

/** Starts the receiver, with a log of 300 leaves unless said otherwise and with `members` in its bundle; it is closed when the test is over. */
export async function watch(
  harness: MockHarness = createMockHarness({ logSize: 300 }),
  auditMemory?: AuditMemory,
  members: JsonObject = {},
): Promise<Watched> {
  const [log] = changeFirst(harness.trust()['ledgers'], { url: NAMES.logUrl, ...members }) as readonly JsonObject[]
  const lines: string[] = []
  const verifier = createVerifier({
    ...harness.receiver({
      time: PATIENT,
      ledgers: [log ?? null, { origin: OTHER, vkey: otherLog(harness).vkey, assurance: 'proof' }],
      harnesses: changeFirst(harness.trust()['harnesses'], { ledgers: [NAMES.log, OTHER] }),
    }),
    log: (line) => lines.push(line),
    auditMemory,
  })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return {
    harness,
    verifier,
    lines,
    evidence: () => lines.map((line) => line.split('the evidence is ')[1]).find((text) => text !== undefined) ?? '',
    send: (request = harness.mint()) =>
      verifier.verify(receivedFrom(request)).then(
        ({ ledger }) => ledger.assurance,
        (error: unknown) => String(Reflect.get(Object(error), 'code')),
      ),
    round: () => verifier.warm(),
  }
}

/** What a log shows now, for as long as somebody shows it. */
export function frozen(log: MemoryLog): ShownLog {
  const note = log.checkpoint()
  return { checkpoint: () => note, tile: (level, n, width) => log.tile(level, n, width) }
}
