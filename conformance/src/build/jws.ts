/** Compact JWS, layer by layer: claims, bytes, header, signature, text (spec chapter 2.4). @module */
import { base64url, utf8 } from './bytes.ts'
import type { Changes } from './changes.ts'
import type { JsonObject } from './json.ts'
import { paddedTo } from './text-edits.ts'
import { signed } from './signatures.ts'

/** What is to be signed, and by whom. */
export interface Draft {
  readonly claims: JsonObject
  readonly header: JsonObject
  /** Label of the key. */
  readonly signer: string
}

/** What became of it. */
export interface Sealed {
  readonly claims: JsonObject
  readonly header: JsonObject
  readonly compact: string
}

/** The JWS with the changes of its layers, which begin with `at`. */
export function seal(changes: Changes, at: string, draft: Draft): Sealed {
  const claims = changes.object(`${at}.claims`, draft.claims)
  const payload = changes.bytes(`${at}.bytes`, utf8(JSON.stringify(claims)))
  const header = changes.object(`${at}.header`, draft.header)
  const protectedHeader = changes.bytes(`${at}.header`, utf8(JSON.stringify(header)))
  const [first, second] = segments(changes, at, protectedHeader, payload)
  const input = changes.text(`${at}.input`, `${first}.${second}`)
  const signature = signed(changes, `${at}.sign`, draft.signer, utf8(input))
  const compact = changes.text(`${at}.compact`, `${input}.${base64url(signature)}`)
  return { claims, header, compact }
}

/** The two segments that are signed; `length` pads the JSON with spaces until the whole JWS has so many characters. */
function segments(changes: Changes, at: string, header: Uint8Array, payload: Uint8Array): readonly [string, string] {
  const [length] = changes.take(`${at}.length`, ['set'])
  return length === undefined ? [base64url(header), base64url(payload)] : paddedTo(Number(length.value), header, payload)
}
