/** What of the suite host a receiver has to have read before a case: status lists, DID documents, or nothing (conformance/README.md). @module */
import { setTimeout as pause } from 'node:timers/promises'
import type { Case } from '../build/index.ts'
import { sendServable, type Bench } from './bench.ts'
import { SMOKE } from './smoke.ts'

/** What cases wait for. */
export interface Peers {
  /** Resolves when the receiver has read what this case is about, or when it had time enough to. Judges nothing. */
  ready(test: Case): Promise<void>
}

/** Groups above level basic whose parties are all pinned, or whose cases begin before anything is read. */
const PINNED: ReadonlySet<string> = new Set(['audit', 'binding', 'chain', 'cosigned'])
/** Groups whose passports are on status lists and whose keys are pinned. */
const LISTED: ReadonlySet<string> = new Set(['status', 'outage'])
const SECONDS = 40
const NOT_YET = ['status_unavailable', 'keys_unavailable']

/** Whether a case need not wait: the others come behind it, so that nothing waits for them. */
export function needsNothing({ level, group }: Case): boolean {
  return level === 'basic' || PINNED.has(group)
}

/** Begins to ask. A receiver that was started before the host tries lists again after 5 seconds, and documents after 30. */
export function createPeers(bench: Bench, cases: readonly Case[]): Peers {
  const waiting = cases.filter((test) => !needsNothing(test))
  const lists = waiting.length === 0 ? Promise.resolve() : untilServed(bench, 'listed', 2_000_000)
  const documents = waiting.every(({ group }) => LISTED.has(group)) ? Promise.resolve() : untilRead(bench)
  return {
    async ready(test) {
      if (needsNothing(test)) return
      await lists
      if (!LISTED.has(test.group)) await documents
    },
  }
}

async function untilRead(bench: Bench): Promise<void> {
  await untilServed(bench, 'web', 2_001_000)
  await untilServed(bench, 'web-harness', 2_002_000)
}

/** Asks with requests that have nothing wrong, `run` being that of the first. */
async function untilServed(bench: Bench, base: string, first: number): Promise<void> {
  const end = performance.now() + SECONDS * 1000
  for (let run = first; performance.now() < end; run += 1) {
    const { done } = await sendServable(bench, SMOKE, { base, change: [] }, run)
    if (!NOT_YET.some((code) => bench.judge.isRefusedWith(done, code))) return
    await pause(1000)
  }
}
