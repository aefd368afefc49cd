/** Makes names that nobody used before: nonces of questions, identifiers of tasks and hand-offs (spec chapters 8.5 and 15.2). @module */
import { encodeBase64url } from '@aiegis/protocol'

/** 144 random bits, 24 characters. */
export function createIdentifier(): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(18)))
}
