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

/** One moment by two clocks. */
interface Moment {
  /** Epoch seconds. */
  readonly at: number
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: number
}

/** A head under which a request was served, and that was not found in the published tree yet. */
export interface WaitingHead extends SeenHead {
  readonly seen: Moment
  /** Since when every head that the log published was smaller. */
  missed: Moment | undefined
}

/** The memory of one origin. Times are epoch seconds. */
export interface OriginMemory {
  /** Throws `ledger_inconsistent`, also when this head contradicts one that is known, and `ledger_unproven`. */
  judge(checkpoint: Head, now: number): LedgerAssurance
  /** Remembers a head under which a request is served. Throws `ledger_inconsistent`. */
  accept(checkpoint: Head, now: number): void
  /** Too many heads wait to be proven, or one does for too long: the origin is closed until they are. */
  isBehind(now: number): boolean
  /** Half of the places for heads that wait are taken. */
  readonly isCrowded: boolean
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
  /** Closes the origin for good: somebody else has evidence. */
  shut(): void
  /** Notes which heads are larger than what is published; closes the origin for good when one was for too long. */
  published(head: SeenHead): void
  readonly isClosed: boolean
}

/** What the memory of one origin is made of. */
export interface OriginOptions {
  readonly vkey: string
  readonly maxUnprovenSeconds: number
  /** Milliseconds since anything, by a clock that nobody sets. */
  readonly elapsed: () => number
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
  const { vkey, maxUnprovenSeconds: patience, elapsed } = options
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

  const momentOf = (at: number): Moment => ({ at, elapsed: elapsed() })

  const waitingHead = (head: SeenHead): WaitingHead => ({ ...head, seen: momentOf(head.seenAt), missed: undefined })

  /** By the clock that went further: one can be set back, the other stands still while the machine sleeps. */
  const secondsSince = (since: Moment, now: number): number => Math.max(now - since.at, (elapsed() - since.elapsed) / 1000)

  const isBehind = (now: number): boolean => {
    const [oldest] = waiting.values()
    if (oldest === undefined) return false
    // A clock that was set back so far says nothing about how long a head waits.
    return waiting.size >= MAX_WAITING || secondsSince(oldest.seen, now) > patience || oldest.seen.at - now > patience
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
      waiting.set(size, waitingHead({ checkpoint: { size, root, raw }, seenAt: now }))
    },
    isBehind,
    get isCrowded() {
      return waiting.size >= MAX_WAITING / 2
    },
    waiting: () => [...waiting.values()],
    get newest() {
      return newest
    },
    recover(checkpoint, now) {
      newest = waitingHead({ checkpoint, seenAt: now })
    },
    proven: take,
    advance(head) {
      newest = waitingHead(head)
      take(head)
    },
    compare,
    contradict: (earlier, later, prefix) => close('equivocation', earlier, later, prefix),
    shut() {
      isClosed = true
      waiting.clear()
    },
    published(head) {
      for (const known of newest === undefined ? waiting.values() : [newest, ...waiting.values()]) {
        known.missed = known.checkpoint.size > head.checkpoint.size ? (known.missed ?? momentOf(head.seenAt)) : undefined
        // Not when the clock was set back: this cannot be taken back, and so little time is no evidence.
        if (known.missed !== undefined && secondsSince(known.missed, head.seenAt) > patience)
          return close('rollback', known, head)
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
