/** Tells the operator what was decided and which dependency fails, in bounded words that hold nothing unverified (spec chapter 13.4). @module */
import { Refusal, type ReasonCode } from '@aiegis/protocol'
import type { AiegisContext } from './context.ts'
import { createHook, type Log } from './hooks.ts'
import type { Progress, Stage } from './road.ts'

/** One verdict. Has no token, key, signature, address or text of the request; what was not verified is `undefined`. */
export interface VerdictEvent {
  /** `served`: every step has passed, so a handler may run; not that one did. `reported`: refused by a receiver that only reports. */
  readonly verdict: 'served' | 'refused' | 'reported'
  /** The exact code, which callers may not be shown; `undefined` when served. What no step describes is `misconfigured`. */
  readonly code: ReasonCode | undefined
  /** The step that refused; `context` when all have passed. */
  readonly stage: Stage
  /** DID of the harness that signed the token. */
  readonly harness: string | undefined
  /** What the harness decided. */
  readonly action: string | undefined
  /** Identifier of the decision (`jti`). */
  readonly receiptId: string | undefined
  /** DID of who vouches for the last agent of the chain. */
  readonly issuer: string | undefined
  /** Hand-offs in the chain. */
  readonly depth: number | undefined
  /** DID of who sent the request: shown only when it has proved that it holds its key. */
  readonly agent: string | undefined
  /** Milliseconds from the header to the verdict, of a clock that is never set back; with the time that the content took. */
  readonly durationMs: number
  /** Epoch seconds. */
  readonly now: number
}

/** The state of something that the receiver depends on. */
export type DependencyState = 'up' | 'down' | 'closed'

/** A dependency whose state is known for the first time, or has changed. */
export interface DependencyEvent {
  readonly dependency: 'status' | 'did-web' | 'replay' | 'ledger'
  /** As the trust bundle names it: URL of a list, DID, origin of a log; for the store of used tokens the audience. */
  readonly name: string
  /** `down`: it did not do its work when it was last asked; what is kept of it may serve for a while. `closed`: for good. */
  readonly state: DependencyState
  /** What requests get for it, or will; `undefined` when it is up. */
  readonly code: ReasonCode | undefined
  /** Epoch seconds. */
  readonly now: number
}

/** What an operator may hang on a verifier. Nobody waits for them; what they throw goes to `log`, once for each. */
export interface EventHooks {
  /** Told of each verification once, and of each later call on the same request that refuses. */
  readonly onVerdict?: ((event: VerdictEvent) => void) | undefined
  /** Told of changes, not of requests. */
  readonly onDependency?: ((event: DependencyEvent) => void) | undefined
}

/** One dependency as its reader sees it; only changes are told. Nothing comes after `close`. */
export interface Dependency {
  up(): void
  down(code: ReasonCode, cause?: unknown): void
  close(code: ReasonCode): void
}

/** Which dependency, and the line for the log when it goes down. */
export interface Watching extends Pick<DependencyEvent, 'dependency' | 'name'> {
  readonly line: string
  /** Up again only when it has not failed for so long: for what is asked at each request and fails now and then. */
  readonly steadySeconds?: number
}

/** Begins to watch a dependency of which nothing is known. */
export type Watch = (watching: Watching) => Dependency

/** The facts of an event that were verified. */
export type Facts = Pick<VerdictEvent, 'harness' | 'action' | 'receiptId' | 'issuer' | 'depth' | 'agent'>

/** A verdict as it is told; `facts` and `durationMs` are asked for only where somebody listens. */
export interface Told extends Pick<VerdictEvent, 'code' | 'stage'> {
  readonly facts: () => Facts
  readonly durationMs: () => number
}

/** Where verdicts and changes are told. */
export interface Events {
  readonly verdict: (event: VerdictEvent['verdict'], told: Told) => void
  readonly watch: Watch
}

/** `now` is in milliseconds since the epoch. Throws `TypeError` for hooks that cannot be called. */
export function createEvents(options: EventHooks & { readonly log: Log; readonly now: () => number }): Events {
  const { log, now } = options
  const onVerdict = createHook('onVerdict', options.onVerdict, log)
  const onDependency = createHook('onDependency', options.onDependency, log)
  const seconds = (): number => Math.floor(now() / 1000)
  // Whoever reads a dependency after another bundle was taken goes on with what was told of it.
  const watched = new Map<string, Dependency>()
  return {
    verdict(verdict, told) {
      if (options.onVerdict !== undefined) onVerdict({ verdict, ...eventOf(told, seconds()) })
    },
    watch({ dependency, name, line, steadySeconds = 0 }) {
      const known = watched.get(`${dependency} ${name}`)
      if (known !== undefined) return known
      let state: DependencyState | undefined
      let failedAt = Number.NEGATIVE_INFINITY
      const change = (next: DependencyState, code?: ReasonCode): boolean => {
        if (state === next || state === 'closed') return false
        state = next
        onDependency({ dependency, name, state, code, now: seconds() })
        return true
      }
      const made: Dependency = {
        up() {
          // Either way: the clock may have been set back.
          if (Math.abs(now() - failedAt) >= steadySeconds * 1000) change('up')
        },
        down(code, cause) {
          failedAt = now()
          if (change('down', code)) log(line, ...(cause === undefined ? [] : [cause]))
        },
        close: (code) => void change('closed', code),
      }
      watched.set(`${dependency} ${name}`, made)
      return made
    },
  }
}

/** `now` is in epoch seconds. */
export function eventOf({ code, stage, facts, durationMs }: Told, now: number): Omit<VerdictEvent, 'verdict'> {
  return { code, stage, ...facts(), durationMs: durationMs(), now }
}

/** What was verified of a request that came so far. */
export function factsOf({ token, chain, sender }: Progress): Facts {
  return {
    harness: token?.claims.iss,
    action: token?.claims.entry.action,
    receiptId: token?.claims.jti,
    issuer: chain?.presenter.agent.issuer,
    depth: chain?.delegations.length,
    agent: sender?.did,
  }
}

/** The same of a request that was served. */
export function factsIn({ decidedBy, action, receiptId, presenter, depth }: AiegisContext): Facts {
  return { harness: decidedBy.harness, action, receiptId, issuer: presenter.issuer, depth, agent: presenter.did }
}

/** The exact code of what was thrown; what no step describes is `misconfigured` (AHP-ROAD-6). */
export function codeOf(error: unknown): ReasonCode {
  return error instanceof Refusal ? error.code : 'misconfigured'
}
