/** The agent's side: shows each request to the harness, attaches the evidence, signs possession, hands off. @module */
export { HarnessBlocked, HarnessFailed, type HarnessDecision } from './ask.ts'
export { handOff, takeOver, type HandOff, type HandOffOptions, type TakenOver } from './hand-off.ts'
export { harnessFetch, type HarnessFetchOptions, type OutgoingRequest } from './harness-fetch.ts'
export {
  evidenceHeaders,
  signAsk,
  signPossession,
  type Evidence,
  type Possession,
  type Question,
  type SignatureHeaders,
} from './sign.ts'
