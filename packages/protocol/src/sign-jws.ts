/** Signs compact JWS in the one form of this profile (RFC 7515; spec chapter 2). @module */
import { encodeBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import type { JsonObject } from './json.ts'
import { encodeJwsInput, type JwsForm } from './jws.ts'
import type { Signer } from './signer.ts'

/**
 * The compact JWS of `claims` under the signer's key; the header has `alg`, `kid` and the members of `form`. Throws `Malformed` for
 * values that are not JSON, and what the signer throws. Does not look at the claims or at the length.
 */
export async function signJws(signer: Signer, form: Pick<JwsForm, 'typ' | 'cty'>, claims: JsonObject): Promise<string> {
  const { typ, cty } = form
  const input = encodeJwsInput({ alg: 'Ed25519', typ, ...(cty === undefined ? {} : { cty }), kid: signer.kid }, claims)
  return `${input}.${encodeBase64url(await signer.sign(utf8(input)))}`
}
