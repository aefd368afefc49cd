/** What a receiver remembers of one log: heads that wait to be proven, heads that were, and whether the origin is closed (spec chapter 5.5). @module */
import { equal, formatLedgerEvidence, formatSeconds, Refusal, type Checkpoint, type Prefix } from '@aiegis/protocol'
import { BoundedMap } from './bounded-map.ts'

/** `audited`: this receiver has itself found the head in the tree that the log publishes. */
export type LedgerAssurance = 'asserted' | 'audited'

/** What is remembered of a checkpoint. */
export type Head = Pick<Checkpoint, 'size' | 'root' | 'raw'>

/** A head that the log signed. */
export interface SeenHead {
  readonly checkpoint: Head
  /** Epoch seconds. */
  readonly seenAt: number
}

/** A head under which a request was served, and that was not found in the published tree yet. */
export interface WaitingHead extends SeenHead {
  /** Since when every head that the log published was smaller, epoch seconds. */
  missedSince: number | undefined
}

/** The memory of one origin. Times are epoch seconds. */
export interface OriginMemory {
  /** Throws `ledger_inconsistent`, also when this head contradicts one that is known, and `ledger_unproven`. */
  judge(checkpoint: Head, now: number): LedgerAssurance
  /** Remembers a head under which a request is served. Throws `ledger_inconsistent`. */
  accept(checkpoint: Head, now: number): void
  /** Too many heads wait to be proven, or one does for too long: the origin is closed until they are. */
  isBehind(now: number): boolean
  /** Heads to be proven, those that waited longest first. */
  waiting(): readonly WaitingHead[]
  /** The largest head that was published and proven. */
  readonly newest: WaitingHead | undefined
  /** Begins with a head that was proven before this process began. */
  recover(checkpoint: Head, now: number): void
  /** Takes a head that was proven off the list. */
  proven(head: SeenHead): void
  /** As `proven`; from here on it is the newest. */
  advance(head: SeenHead): void
  /** Closes the origin for good when a head that is known has the size of this one and another root. */
  compare(head: SeenHead): void
  /** Closes the origin for good: the tree of the larger head does not begin with the smaller one. */
  contradict(earlier: SeenHead, later: SeenHead, prefix: Prefix): void
  /** Notes which heads are larger than what is published; closes the origin for good when one was for too long. */
  published(head: SeenHead): void
  readonly isClosed: boolean
}

/** What the memory of one origin is made of. */
export interface OriginOptions {
  readonly vkey: string
  readonly maxUnprovenSeconds: number
  /** Evidence was kept before this process began: the origin is closed. */
  readonly isClosed: boolean
  /** Told once why the origin is closed for good; `evidence` is the file. */
  readonly onContradiction: (evidence: string) => void
}

/** Heads that may wait: with more the origin closes rather than forget one. */
export const MAX_WAITING = 16_384
const KEPT_PROVEN = 1024
const RETRY_SECONDS = 30

/** A memory of nothing. */
export function createOriginMemory(options: OriginOptions): OriginMemory {
  const { vkey, maxUnprovenSeconds: patience } = options
  // By size: two roots for one size close the origin.
  const waiting = new Map<bigint, WaitingHead>()
  const proven = new BoundedMap<SeenHead>(KEPT_PROVEN)
  let newest: WaitingHead | undefined
  let isClosed = options.isClosed

  const close = (kind: 'equivocation' | 'rollback', earlier: SeenHead, later: SeenHead, prefix?: Prefix): void => {
    if (isClosed) return
    isClosed = true
    waiting.clear()
    options.onContradiction(formatLedgerEvidence({ kind, vkey, earlier: shown(earlier), later: shown(later) }, prefix))
  }

  const compare = (head: SeenHead): void => {
    const { size, root } = head.checkpoint
    for (const known of [waiting.get(size), proven.get(String(size)), newest]) {
      if (known?.checkpoint.size === size && !equal(known.checkpoint.root, root)) close('equivocation', known, head)
    }
  }

  const take = (head: SeenHead): void => {
    // A request may have brought another head of this size while this one was being proven.
    compare(head)
    waiting.delete(head.checkpoint.size)
    proven.set(String(head.checkpoint.size), head)
  }

  const refuseClosed = (): void => {
    if (isClosed) throw new Refusal('ledger_inconsistent', 'the log contradicted itself; see the evidence')
  }

  /** Either way: a clock that was set back must not give more time. */
  const isLate = (since: number, now: number): boolean => Math.abs(now - since) > patience

  const isBehind = (now: number): boolean => {
    const [oldest] = waiting.values()
    return waiting.size >= MAX_WAITING || (oldest !== undefined && isLate(oldest.seenAt, now))
  }

  return {
    judge(checkpoint, now) {
      compare({ checkpoint, seenAt: now })
      refuseClosed()
      if (isBehind(now))
        throw new Refusal('ledger_unproven', 'heads of this log wait to be proven for too long', { retryAfter: RETRY_SECONDS })
      return proven.get(String(checkpoint.size)) === undefined ? 'asserted' : 'audited'
    },
    accept(checkpoint, now) {
      compare({ checkpoint, seenAt: now })
      refuseClosed()
      const { size, root, raw } = checkpoint
      if (waiting.has(size) || proven.get(String(size)) !== undefined) return
      // Without the parts of the note, of which there would be thousands.
      waiting.set(size, { checkpoint: { size, root, raw }, seenAt: now, missedSince: undefined })
    },
    isBehind,
    waiting: () => [...waiting.values()],
    get newest() {
      return newest
    },
    recover(checkpoint, now) {
      newest ??= { checkpoint, seenAt: now, missedSince: undefined }
    },
    proven: take,
    advance(head) {
      newest = { ...head, missedSince: undefined }
      take(head)
    },
    compare,
    contradict: (earlier, later, prefix) => close('equivocation', earlier, later, prefix),
    published(head) {
      for (const known of newest === undefined ? waiting.values() : [newest, ...waiting.values()]) {
        known.missedSince = known.checkpoint.size > head.checkpoint.size ? (known.missedSince ?? head.seenAt) : undefined
        if (known.missedSince !== undefined && isLate(known.missedSince, head.seenAt)) return close('rollback', known, head)
      }
    },
    get isClosed() {
      return isClosed
    },
  }
}

function shown({ checkpoint, seenAt }: SeenHead): { readonly note: string; readonly seen: string } {
  return { note: checkpoint.raw, seen: formatSeconds(seenAt) }
}
