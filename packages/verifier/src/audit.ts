/** Holds the logs of the bundle to the heads that they signed, in the background; a request looks only at what is known (spec chapter 5.5). @module */
import { parseCheckpoint, verifyHead, type Checkpoint, type CryptoPort } from '@aiegis/protocol'
import { createOriginMemory, type Head, type LedgerAssurance } from './audit-origin.ts'
import { auditRound } from './audit-round.ts'
import { createTileReader, RoundOver } from './audit-tiles.ts'
import type { Watch } from './events.ts'
import type { AuditedLog, AuditMemory } from './audited-log.ts'
import { createKeeper } from './status-memory.ts'
import type { HttpGet } from './status-read.ts'
import { later } from './timer.ts'
import type { TrustedLedger } from './trust.ts'

export type { LedgerAssurance } from './audit-origin.ts'
export type { AuditMemory } from './audited-log.ts'

/** The audit of all logs that have a URL. A request causes no fetch and never waits. */
export interface Audit {
  /**
   * What is known of a head whose signatures verified; `now` in epoch seconds. Throws `ledger_unproven` and `ledger_inconsistent`. Heads of
   * logs without a URL are `asserted` and nothing more.
   */
  judge(checkpoint: Checkpoint, now: number): LedgerAssurance
  /** Remembers the head under which a request is served. Throws `ledger_inconsistent`. */
  accept(checkpoint: Checkpoint, now: number): void
  /** One round for every log, or the rounds that are under way. Resolves when all have ended; failures are not thrown. */
  warm(): Promise<void>
  /** A round for every log now, and then again and again, until `close`. Keeps no process alive. */
  start(): void
  close(): void
  /** What is known of each log, for an audit that takes the place of this one. */
  readonly logs: ReadonlyMap<string, AuditedLog>
  /** Why the last round of a log failed; `undefined` when it did not. For the receiver's own log. */
  failure(origin: string): Error | undefined
}

/** What the audit is made of. */
export interface AuditOptions {
  readonly ledgers: readonly TrustedLedger[]
  readonly get: HttpGet
  readonly crypto: CryptoPort
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds since anything, by a clock that nobody sets: that of the runtime unless said otherwise. */
  readonly elapsed?: () => number
  readonly maxUnprovenSeconds: number
  readonly skewSeconds: number
  /** Without it what is known of logs ends with this object. */
  readonly memory?: AuditMemory | undefined
  /** Logs of the bundle before: what is known of one with the same key and URL goes on, and one that is closed stays closed. */
  readonly earlier?: ReadonlyMap<string, AuditedLog> | undefined
  /** Told what the operator has to know: that a log is closed, with the evidence. */
  readonly log: (line: string, cause?: unknown) => void
  /** Told when the heads of a log cannot be proven any more, when they can again, and when it is closed. */
  readonly watch: Watch
  /** Time for one answer of a log: 3,000 unless said otherwise. */
  readonly timeoutMs?: number
}

const ROUND_SECONDS = 30
const RETRY_SECONDS = 10
/** Between two rounds when the first was over before everything was proven. */
const PAUSE_SECONDS = 1
/** Longest round. */
const ROUND_MS = 30_000

/** Creates the audit with what `memory` has; nothing is read before `warm` or `start`. Throws what `memory` throws. */
export function createAudit(options: AuditOptions): Audit {
  // A log that is closed stays so when a bundle does not name it and a later one does.
  const closed = [...(options.earlier ?? [])].filter(([, { memory }]) => memory.isClosed)
  const origins = new Map([...closed, ...options.ledgers.flatMap((ledger) => auditOf(ledger, options))])
  let running = false

  const work = (origin: AuditedLog): Promise<void> => {
    origin.underWay ??= runRound(origin, options).then((seconds) => {
      origin.underWay = undefined
      plan(origin, seconds)
    })
    return origin.underWay
  }

  const plan = (origin: AuditedLog, seconds: number): void => {
    if (!running) return
    // Who asks for a round does not begin a second row of them.
    clearTimeout(origin.timer)
    origin.timer = later(() => void work(origin), seconds * 1000)
  }

  return {
    judge: (checkpoint, now) => origins.get(checkpoint.origin)?.memory.judge(checkpoint, now) ?? 'asserted',
    accept(checkpoint, now) {
      const origin = origins.get(checkpoint.origin)
      if (origin === undefined) return
      const { memory } = origin
      const wasCrowded = memory.isCrowded
      memory.accept(checkpoint, now)
      // Before they are too many. A log that cannot be read is tried again soon enough.
      if (memory.isCrowded && !wasCrowded && origin.failure === undefined) plan(origin, PAUSE_SECONDS)
    },
    async warm() {
      await Promise.all([...origins.values()].map(work))
    },
    start() {
      if (running) return
      running = true
      for (const ledger of options.ledgers) {
        const origin = origins.get(ledger.origin)
        if (origin === undefined) continue
        origin.ledger = ledger
        // A round that an earlier audit began plans no other one.
        if (origin.underWay === undefined) void work(origin)
        else void origin.underWay.then(() => plan(origin, 0))
      }
    },
    close() {
      running = false
      for (const { timer } of origins.values()) clearTimeout(timer)
    },
    logs: origins,
    failure: (origin) => origins.get(origin)?.failure,
  }
}

function auditOf(ledger: TrustedLedger, options: AuditOptions): readonly (readonly [string, AuditedLog])[] {
  const { origin: name, url, vkey } = ledger
  const {
    memory: keeping,
    log,
    watch,
    get,
    crypto,
    maxUnprovenSeconds,
    elapsed = () => performance.now(),
    timeoutMs = 3000,
  } = options
  const { head, evidence } = keeping?.load(name) ?? {}
  // Who takes the URL out of the bundle does not open a log that was closed.
  const earlier = options.earlier?.get(name)
  if (earlier !== undefined && earlier.ledger.url === url && earlier.ledger.vkey.text === vkey.text) return [[name, earlier]]
  const isClosed = evidence !== undefined || earlier?.memory.isClosed === true
  if (url === undefined && !isClosed) return []
  const health = watch({ dependency: 'ledger', name, line: `ledger ${name}: its heads cannot be proven now` })
  if (evidence !== undefined) {
    log(`ledger ${name}: closed, because evidence against it was kept`)
    health.close('ledger_inconsistent')
  }
  const origin: AuditedLog = {
    ledger,
    health,
    memory: createOriginMemory({
      vkey: vkey.text,
      maxUnprovenSeconds,
      elapsed,
      isClosed,
      onContradiction: (found) => {
        // The line holds the evidence too: the place for it may be full.
        log(`ledger ${name}: it contradicted itself and is closed for good, the evidence is ${found.trimEnd()}`)
        origin.evidence = found
        origin.keepEvidence?.(found)
        health.close('ledger_inconsistent')
      },
    }),
    tiles: createTileReader({ get, crypto, url: (url ?? '').replace(/\/$/, ''), timeoutMs }),
    keeping,
    kept: head,
    judged: undefined,
    isPlaceRead: true,
    keepHead:
      keeping &&
      createKeeper<Head>(
        async ({ size, raw }) => {
          await keeping.saveHead(name, raw)
          origin.keptSize = size
        },
        (error) => log(`ledger ${name}: its newest head cannot be kept for after a restart`, error),
      ),
    keptSize: -1n,
    keepEvidence:
      keeping &&
      createKeeper<string>(
        async (found) => {
          await keeping.saveEvidence(name, found)
          origin.evidence = undefined
        },
        (error) => log(`ledger ${name}: the evidence cannot be kept, so it will be open after a restart`, error),
      ),
    evidence: undefined,
    failure: undefined,
    underWay: undefined,
    timer: undefined,
  }
  return [[name, origin]]
}

/** Resolves to the seconds until the next round. Never rejects. */
async function runRound(origin: AuditedLog, { crypto, now, skewSeconds, log }: AuditOptions): Promise<number> {
  const { ledger, memory, health, tiles } = origin
  // Nothing opens it again but a restart without the evidence.
  if (memory.isClosed) {
    if (origin.evidence !== undefined) origin.keepEvidence?.(origin.evidence)
    return ROUND_SECONDS
  }
  let isOver = false
  const timer = later(() => (isOver = true), ROUND_MS)
  tiles.begin(() => isOver)
  const seconds = (): number => Math.floor(now() / 1000)
  try {
    await recover(origin, crypto, seconds(), log)
    await learn(origin, crypto, seconds(), log)
    if (memory.isClosed) return ROUND_SECONDS
    await auditRound({ ledger, memory, tiles, crypto, now: seconds, skewSeconds })
    origin.failure = undefined
    if (memory.isBehind(seconds())) health.down('ledger_unproven')
    else health.up()
    return memory.isCrowded ? PAUSE_SECONDS : ROUND_SECONDS
  } catch (error) {
    if (error instanceof RoundOver) {
      if (memory.isBehind(seconds())) health.down('ledger_unproven', error)
      return PAUSE_SECONDS
    }
    tiles.forget()
    origin.failure = error instanceof Error ? error : new Error('the log could not be read', { cause: error })
    health.down('ledger_unproven', error)
    return RETRY_SECONDS
  } finally {
    clearTimeout(timer)
    keepNewest(origin)
  }
}

/** Begins with the head that was kept; one that does not verify any more, because the key changed, was never there. */
async function recover(origin: AuditedLog, crypto: CryptoPort, now: number, log: AuditOptions['log']): Promise<void> {
  const { kept, ledger, memory, keeping } = origin
  if (kept === undefined) return
  origin.kept = undefined
  origin.judged = kept
  const line = `ledger ${ledger.origin}: the head that was kept of it is not used`
  try {
    const checkpoint = parseCheckpoint(kept)
    const { log: verdict } = await verifyHead(crypto, checkpoint, ledger)
    if (verdict === 'ok') return memory.recover(checkpoint, now)
    log(`${line}, because its key did not sign it`)
  } catch (error) {
    log(line, error)
  }
  try {
    // However large it says it is: it would keep out the heads of the key of today.
    await keeping?.dropHead(ledger.origin, kept)
  } catch (error) {
    log(`ledger ${ledger.origin}: the head that was kept of it cannot be removed, so no other one is kept`, error)
  }
}

/** What another process has kept since: evidence closes the log here too, and its newest head must be in the tree that is published here. */
async function learn(origin: AuditedLog, crypto: CryptoPort, now: number, log: AuditOptions['log']): Promise<void> {
  const { ledger, memory, keeping, health } = origin
  try {
    const { head, evidence } = keeping?.load(ledger.origin) ?? {}
    origin.isPlaceRead = true
    if (evidence !== undefined) {
      log(`ledger ${ledger.origin}: closed, because evidence against it was kept meanwhile`)
      memory.shut()
      return health.close('ledger_inconsistent')
    }
    if (head === undefined || head === origin.judged) return
    origin.judged = head
    const checkpoint = parseCheckpoint(head)
    const { log: verdict } = await verifyHead(crypto, checkpoint, ledger)
    if (verdict === 'ok') memory.accept(checkpoint, now)
  } catch (error) {
    // When the head closed the log, that was told.
    if (!memory.isClosed && origin.isPlaceRead) log(`ledger ${ledger.origin}: what was kept of it cannot be read`, error)
    origin.isPlaceRead = false
  }
}

function keepNewest({ memory, keptSize, keepHead }: AuditedLog): void {
  const head = memory.newest?.checkpoint
  if (head !== undefined && head.size > keptSize) keepHead?.(head)
}
