/** Signs whatever a test wants signed, also what no honest signer would. @module */
import { encodeBase64url, encodeJwsInput, utf8, type JsonObject, type SyncSigner } from '@aiegis/protocol'

/** Header and payload as compact JWS. */
export function signJws(header: JsonObject, payload: JsonObject, signer: SyncSigner): string {
  const input = encodeJwsInput(header, payload)
  return `${input}.${encodeBase64url(signer.sign(utf8(input)))}`
}
