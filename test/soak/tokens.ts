/** Serves many distinct tokens in one process and measures what of them stays in memory (spec chapter 12). @module */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createMockHarness, lineOf, NAMES, receivedFrom } from '@aiegis/testing'
import { createEdgeLog } from './edge-log.ts'
import type { MakeVerifier } from './world.ts'

/** How much memory tokens take. */
export interface TokensReport {
  readonly tokens: number
  /** Tokens whose records must still be kept at the end: used, and less than a minute after their end. */
  readonly live: number
  /** What memory falls by when those are over, for each. */
  readonly bytesPerLive: number
  /** What memory grows by for each token once as many end as are used. */
  readonly bytesPerToken: number
  /** What is left of each token when all are over. */
  readonly bytesLeft: number
}

/** Whether memory grows by more than what has to be kept: of a token that is kept for ever at least the key is, which has 43 bytes. */
export function isGrowing({ bytesPerToken, bytesLeft }: TokensReport): boolean {
  return Math.max(bytesPerToken, bytesLeft) > 32
}

/** How long it takes until all tokens were used, on the clock of the harness: four times the life of a record. */
const SECONDS = 512
/** Lifetime of a token, and for how long its record is kept after that. */
const RECORD_SECONDS = 120
const WARM_SECONDS = 60
/** More tree heads than a receiver remembers. */
const CACHED = 1024

/** Serves `count` tokens, a multiple of what comes in each of 512 seconds. Throws what the receiver throws: each must be served. */
export async function runTokens(
  count: number,
  makeVerifier: MakeVerifier,
  progress: (done: number) => void = () => {},
): Promise<TokensReport> {
  const harness = createMockHarness({ logSize: 1 })
  const { clock } = harness
  const log = createEdgeLog(harness.crypto, NAMES.log, harness.keys.log)
  const verifier = makeVerifier(harness.receiver())
  clock.advance(6)
  const perSecond = Math.max(1, Math.round(count / SECONDS))
  // One agent: chains are remembered, too, up to a bound that has nothing to do with tokens.
  const passport = lineOf(harness.mint(), 'X-AEGIS-Passport') ?? ''
  const changes = { log, chain: () => passport }
  let done = 0

  const serve = async (seconds: number, each = perSecond): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1)
      if (second % WARM_SECONDS === 0) await verifier.warm()
      for (let token = 0; token < each; token++, done++) await verifier.verify(receivedFrom(harness.mint({}, changes)))
      progress(done)
    }
  }
  const lapse = async (): Promise<void> => {
    clock.advance(2 * RECORD_SECONDS)
    await verifier.warm()
    await verifier.verify(receivedFrom(harness.mint({}, changes)))
  }

  // What engine and caches take whatever comes is there before anything is counted.
  await serve(2, CACHED)
  await lapse()
  const empty = usedMemory()
  await serve(SECONDS / 2)
  const half = usedMemory()
  await serve(SECONDS / 2)
  const full = usedMemory()
  await lapse()
  const after = usedMemory()
  verifier.close()
  const live = perSecond * RECORD_SECONDS
  const tokens = perSecond * SECONDS
  return {
    tokens: done,
    live,
    bytesPerLive: Math.round((full - after) / live),
    bytesPerToken: Math.round((full - half) / (tokens / 2)),
    bytesLeft: Math.round((after - empty) / tokens),
  }
}

/** Bytes that are in use on the heap, with nothing on it that could be thrown away. */
function usedMemory(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new TypeError('the engine lets nobody collect garbage')
  for (let round = 0; round < 3; round++) collect()
  return process.memoryUsage().heapUsed
}
