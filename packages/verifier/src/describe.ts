/** What a receiver tells agents of itself: for whom tokens are, who may sign them, which actions have names (spec chapter 11.4). @module */
import { AHP_VERSION, type ReceiverDocument } from '@aiegis/protocol'
import type { Verifier } from './verifier.ts'

/** Where the document is served. */
export const RECEIVER_PATH = '/.well-known/aiegis-receiver'

/** The document of `verifier`: what an agent has to ask for. Nothing in it is secret, and nobody derives trust from it. */
export function describeReceiver({ trust, actions, reportOnly }: Verifier): ReceiverDocument {
  return {
    ahp: AHP_VERSION,
    audience: trust.audience,
    bases: trust.bases.map((base) => ({ public: base.public, mount: base.mount === '' ? '/' : base.mount })),
    harnesses: [...trust.harnessDids],
    actions: { ...actions },
    ...(reportOnly?.isOn() === true ? { reportOnlyUntil: reportOnly.until } : undefined),
  }
}
