/** Leaves about the log itself: what its operator did with clear text, recorded where nobody can take it out (spec chapter 17.7). @module */
import { randomBytes } from 'node:crypto'
import { canonicalize, commit, encodeBase64url, formatSeconds, utf8, type CryptoPort, type JsonObject } from '@aiegis/protocol'

/** What was done. */
export type Act =
  | { readonly kind: 'hold'; readonly id: string; readonly first: number; readonly last: number }
  | { readonly kind: 'release'; readonly id: string }
  | { readonly kind: 'erase'; readonly first: number; readonly last: number }

/** An act as it is appended. */
export interface ActEntry {
  readonly leaf: Uint8Array
  /** The same for the same act, so that it is recorded once. */
  readonly key: Uint8Array
  readonly clear: Uint8Array
}

/** Most characters of a reason. */
const MAX_REASON = 1_024

/** Throws `TypeError` for a reason that is too long: before anything is done for it. */
export function checkReason({ length }: string): void {
  if (length > MAX_REASON) throw new TypeError(`a reason has at most ${MAX_REASON} characters, not ${length}`)
}

/**
 * The entry of an act at `seconds` since 1970. The reason is committed, not shown: it may name somebody, and can be erased like every other
 * clear text. No token has such a leaf: its members are others than those of chapter 4.3. The reason was checked.
 */
export function actEntry(crypto: CryptoPort, act: Act, reason: string, seconds: number): ActEntry {
  const salt = new Uint8Array(randomBytes(16))
  const what: JsonObject = { ...act, ts: formatSeconds(seconds) }
  const leaf: JsonObject = { v: 1, act: { ...what, reason: commit(crypto, salt, 'reason', reason) } }
  return {
    leaf: utf8(canonicalize(leaf)),
    key: crypto.sha256(utf8(`aiegis-act/v1\n${canonicalize({ ...act })}`)),
    clear: utf8(canonicalize({ act: { ...what, reason }, salt: encodeBase64url(salt) })),
  }
}
