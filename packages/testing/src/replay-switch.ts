/** A replay store that works, and stops working when a test says how. @module */
import type { ClaimResult, ReplayStore } from '@aiegis/verifier'

/** How a store can fail: it is full, it throws, it never answers, it answers something that it may not. */
export type ReplayFault = 'full' | 'down' | 'nonsense'

/** A real store behind a switch. */
export interface ReplaySwitch {
  readonly store: ReplayStore
  /** Fails this way until `undefined`. */
  fail(fault: ReplayFault | undefined): void
}

/** Puts a switch before a store made by `create`. */
export function createReplaySwitch(create: () => ReplayStore): ReplaySwitch {
  const real = create()
  let fault: ReplayFault | undefined
  return {
    store: {
      scope: real.scope,
      ...(real.startedAt === undefined ? {} : { startedAt: real.startedAt }),
      claim(key, expiresAt, issuer) {
        if (fault === 'down') throw new Error('the store is down')
        if (fault === 'full') return 'full'
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a store in plain JavaScript may answer anything
        if (fault === 'nonsense') return 'OK' as unknown as ClaimResult
        return real.claim(key, expiresAt, issuer)
      },
    },
    fail(next) {
      fault = next
    },
  }
}
