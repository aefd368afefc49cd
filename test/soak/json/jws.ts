/** Takes compact JWS apart and puts them together again, signed or not, with any text inside. @module */
import { encodeBase64url, hashText, isObject, utf8, type CryptoPort, type JsonObject, type SyncSigner } from '@aiegis/protocol'

/** The texts of a compact JWS, one character for each byte. */
export interface JwsTexts {
  readonly header: string
  readonly payload: string
}

/** What is inside. */
export function textsOf(compact: string): JwsTexts {
  const [header = '', payload = ''] = compact.split('.')
  return {
    header: Buffer.from(header, 'base64url').toString('latin1'),
    payload: Buffer.from(payload, 'base64url').toString('latin1'),
  }
}

/** A compact JWS of these texts: signed by `signer`, or with the signature that `signer` is. */
export function jwsOf({ header, payload }: JwsTexts, signer: SyncSigner | string): string {
  const input = [header, payload].map((text) => Buffer.from(text, 'latin1').toString('base64url')).join('.')
  return `${input}.${typeof signer === 'string' ? signer : encodeBase64url(signer.sign(utf8(input)))}`
}

/** The third segment. */
export function signatureOf(compact: string): string {
  return compact.slice(compact.lastIndexOf('.') + 1)
}

/** JSON text as one character for each byte. */
export function bytesOf(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('latin1')
}

/** The object in a text of one character for each byte; an empty one where there is none. */
export function objectOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'latin1').toString())
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** The chain of these parts, with each delegation after the part `at` made anew for what is now before it. */
export function rejoined(
  parts: readonly string[],
  at: number,
  agentOf: (place: number) => SyncSigner,
  crypto: CryptoPort,
): string {
  return parts.slice(1).reduce((before, part, index) => {
    const place = index + 1
    if (place <= at || place % 2 === 0) return `${before}~${part}`
    const { header, payload } = textsOf(part)
    const claims = { ...objectOf(payload), par: hashText(crypto, utf8(before)) }
    return `${before}~${jwsOf({ header, payload: bytesOf(claims) }, agentOf((place - 1) / 2))}`
  }, parts[0] ?? '')
}

/** The object that is a member; an empty one where there is none. */
export function inner(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}
