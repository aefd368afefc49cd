/** Suspends and resumes agents and tasks; each act is a signed entry in the log before it is answered (spec chapter 15.9). @module */
import type { Asker } from './asker.ts'
import { readInterrupt, showInterrupt, type Interrupt, type Interrupted, type Interrupts } from './interrupts.ts'
import type { Issue, Issued } from './issue.ts'
import { blocked, type Verdict } from './policy/evaluate.ts'

/** An act that is in force and in the log. */
export interface Acted {
  /** False when it was so before. */
  readonly changed: boolean
  /** The entry of the act. */
  readonly issued: Issued
}

/** What an operator may do about agents and tasks. Acts are done one after the other, each in the log before the next. */
export interface Oversight {
  /**
   * In force, stored and in the log when it resolves. Rejects with `ask_malformed` for a name or reason without its form and with
   * `overloaded`, which change nothing; with `ledger_unavailable` and what the system throws, when it is in force and another call stores
   * and records it.
   */
  suspend(what: Interrupted, reason: string | null): Promise<Acted>
  /** Rejects like `suspend`; then the entry may be in the log, and it is still suspended. */
  resume(what: Interrupted, reason: string | null): Promise<Acted>
  list(): readonly Interrupt[]
}

/** Action of the entry of an act. No question may have an action that begins with `harness.`. */
type Act = 'harness.suspend' | 'harness.resume'

/** Oversight of one server. `now` is epoch milliseconds. */
export function createOversight(interrupts: Interrupts, issue: Issue, now: () => number): Oversight {
  let before: Promise<unknown> = Promise.resolve()

  /** The order of the entries is the order of the acts. */
  function inTurn(act: () => Promise<Acted>): Promise<Acted> {
    const mine = before.then(act)
    // The one who asked hears of a failure; the next act goes on without it.
    before = mine.catch(() => undefined)
    return mine
  }

  function checked(what: Interrupted, reason: string | null): Interrupt {
    return readInterrupt(showInterrupt({ what, reason, since: Math.floor(now() / 1000) }))
  }

  function record(action: Act, { what, reason }: Interrupt): Promise<Issued> {
    const verdict = {
      decision: 'ALLOW',
      deciding_pack: null,
      deciding_rule: null,
      deciding_layer: null,
      deny_reason: reason,
    } as const
    const question =
      'task' in what
        ? { action, target: what.task, txn: what.task }
        : { action, target: `${what.agent.issuer} ${what.agent.did}`, txn: undefined }
    return issue({ verdict, question, shown: undefined, asker: null, started: now() })
  }

  return {
    suspend: (what, reason) =>
      inTurn(async () => {
        // In force first: what fails afterwards must not leave an agent free that somebody wanted to stop.
        const interrupt = checked(what, reason)
        const changed = interrupts.suspend(interrupt)
        return { changed, issued: await record('harness.suspend', interrupt) }
      }),
    resume: (what, reason) =>
      inTurn(async () => {
        const issued = await record('harness.resume', checked(what, reason))
        return { changed: interrupts.resume(what), issued }
      }),
    list: () => interrupts.list(),
  }
}

/** BLOCK for an agent, or a task, that is suspended; `undefined` when neither is. */
export function interruptionOf(
  interrupts: Pick<Interrupts, 'reasonFor'>,
  asker: Asker | null,
  task: string | undefined,
): Verdict | undefined {
  const reason = interrupts.reasonFor(asker?.chain.path ?? [], task)
  return reason === undefined ? undefined : blocked(reason, null, null, null)
}
