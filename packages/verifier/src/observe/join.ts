/** Several hooks for one verifier: a log, metrics and spans at once (spec chapter 13.4). @module */
import type { EventHooks } from '../events.ts'

/** All hooks, there. */
export type AllHooks = { readonly [Name in keyof EventHooks]-?: NonNullable<EventHooks[Name]> }

/**
 * Hooks that tell each of `all` in order. One that throws or rejects keeps nothing from the others; what it threw goes to the log of the verifier,
 * of several failures the first.
 */
export function joinHooks(...all: readonly EventHooks[]): AllHooks {
  return {
    onVerdict: (event) => tell(all, (hooks) => hooks.onVerdict?.(event)),
    onDependency: (event) => tell(all, (hooks) => hooks.onDependency?.(event)),
  }
}

/** A promise, which is for whoever watches hooks: it rejects when one of them failed, now or later. */
function tell(all: readonly EventHooks[], call: (hooks: EventHooks) => unknown): unknown {
  return Promise.all(all.map(async (hooks) => call(hooks)))
}
