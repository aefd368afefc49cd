/** Reads compact JWS in the one form of this profile; claims stay out of reach until the signature verifies (RFC 7515; spec chapter 2). @module */
import { decodeBase64url, encodeBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import type { CryptoPort } from './crypto.ts'
import { parseDidUrl } from './did.ts'
import { verifyEd25519, type Ed25519PublicKey } from './ed25519.ts'
import { canonicalize } from './jcs.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from './json.ts'
import { Malformed } from './refusal.ts'

/** The text is a compact JWS, but its header is not the one asked for. */
export class JwsHeaderError extends Malformed {
  override readonly name: string = 'JwsHeaderError'
}

/** What a compact JWS says before anything is proven. It has no payload: `verifyJws` gives that out. */
export interface UnverifiedJws {
  /** The whole compact JWS. */
  readonly text: string
  /** ASCII of `text`. */
  readonly bytes: Uint8Array
  /** DID URL of the key that is said to have signed. */
  readonly kid: string
  /** The DID part of `kid`. */
  readonly signer: string
  /** ASCII of the first two segments with the dot between them. */
  readonly signingInput: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
  /** The third segment, 86 characters. */
  readonly signatureText: string
}

/** What the receiver expects; nothing of it is taken from the JWS itself. */
export interface JwsForm {
  /** Exact value of header `typ`. */
  readonly typ: string
  /** Exact value of header `cty`; when left out, the header must not have one. */
  readonly cty?: string
  /** Longest text, in bytes. */
  readonly maxBytes: number
}

/**
 * Splits and decodes a compact JWS of Ed25519. Throws `Malformed` for the text (size, three segments, canonical base64url, JSON,
 * 64 bytes of signature) and `JwsHeaderError` for the header: `alg` EdDSA or Ed25519, `typ`, `kid` and, if asked for, `cty`, and
 * nothing else, so no `crit`, `jwk`, `jku`, `x5u`, `x5c`, `b64`. Does not verify the signature and does not parse the payload.
 */
export function decodeJws(text: string, form: JwsForm): UnverifiedJws {
  if (text.length > form.maxBytes) throw new Malformed(`a JWS longer than ${form.maxBytes} bytes`)
  const [header = '', payload = '', signatureText = '', ...more] = text.split('.', 4)
  if (header === '' || payload === '' || more.length > 0) throw new Malformed('a JWS without exactly three segments')
  if (signatureText.length !== SIGNATURE_LENGTH) throw new Malformed('a JWS signature that is not 64 bytes')
  const bytes = decodeBase64url(payload)
  const signature = decodeBase64url(signatureText)
  const { kid, signer } = readHeader(header, form)
  return new Decoded(text, kid, signer, signature, signatureText, bytes)
}

/**
 * The payload bytes when the signature of `key` verifies, else `undefined`. Does not choose the key: the caller finds it by
 * (role, `signer`, `kid`). Does not parse the payload.
 */
export function verifyJws(
  crypto: CryptoPort,
  jws: UnverifiedJws,
  key: Ed25519PublicKey,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  const payload = Decoded.payloadOf(jws)
  const verdict = verifyEd25519(crypto, key, jws.signingInput, jws.signature)
  if (typeof verdict === 'boolean') return verdict ? payload : undefined
  return verdict.then((valid) => (valid ? payload : undefined))
}

/** `base64url(header).base64url(payload)` for signers, both as canonical JSON. Throws `Malformed` for values that are not JSON. */
export function encodeJwsInput(header: JsonObject, payload: JsonValue): string {
  return `${encodeBase64url(utf8(canonicalize(header)))}.${encodeBase64url(utf8(canonicalize(payload)))}`
}

class Decoded implements UnverifiedJws {
  readonly text: string
  readonly bytes: Uint8Array
  readonly kid: string
  readonly signer: string
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
  readonly signatureText: string
  readonly #payload: Uint8Array

  constructor(text: string, kid: string, signer: string, signature: Uint8Array, signatureText: string, payload: Uint8Array) {
    this.text = text
    this.kid = kid
    this.signer = signer
    this.bytes = utf8(text)
    this.signingInput = this.bytes.subarray(0, -1 - SIGNATURE_LENGTH)
    this.signature = signature
    this.signatureText = signatureText
    this.#payload = payload
  }

  static payloadOf(jws: UnverifiedJws): Uint8Array {
    if (!(jws instanceof Decoded)) throw new TypeError('verifyJws needs a JWS made by decodeJws')
    return jws.#payload
  }
}

/** A header that passed every check, by its text and the form that was asked for. One signer's headers are all alike. */
const headers = new Map<string, { readonly kid: string; readonly signer: string }>()
const MAX_KNOWN = 64

function readHeader(header: string, form: JwsForm): { readonly kid: string; readonly signer: string } {
  const name = `${form.typ} ${form.cty ?? ''} ${header}`
  const before = headers.get(name)
  if (before !== undefined) return before
  const kid = checkHeader(parseJson(decodeBase64url(header), { maxBytes: MAX_HEADER }), form)
  const read = { kid, signer: signerOf(kid) }
  // Whoever sends many headers makes them be read again, and nothing else.
  if (headers.size >= MAX_KNOWN) headers.clear()
  headers.set(name, read)
  return read
}

/** Returns `kid`. */
function checkHeader(header: JsonValue, form: JwsForm): string {
  if (!isObject(header)) throw new Malformed('a JWS header that is not an object')
  for (const name of Object.keys(header)) {
    const known = name === 'alg' || name === 'typ' || name === 'kid' || (name === 'cty' && form.cty !== undefined)
    if (!known) throw new JwsHeaderError('a header member other than alg, typ and kid')
  }
  const { alg, typ, kid, cty } = header
  // RFC 9864 names the curve; RFC 8037 said EdDSA. Both mean Ed25519 here, because the key says so.
  if (alg !== 'Ed25519' && alg !== 'EdDSA') throw new JwsHeaderError('"alg" is neither Ed25519 nor EdDSA')
  if (typ !== form.typ) throw new JwsHeaderError(`"typ" is not ${form.typ}`)
  if (cty !== form.cty) throw new JwsHeaderError(`"cty" is not ${form.cty}`)
  if (typeof kid !== 'string') throw new JwsHeaderError('"kid" is not text')
  return kid
}

function signerOf(kid: string): string {
  try {
    return parseDidUrl(kid).did
  } catch (error) {
    if (error instanceof Malformed) throw new JwsHeaderError(`"kid": ${error.message}`, { cause: error })
    throw error
  }
}

/** 64 bytes in base64url. */
const SIGNATURE_LENGTH = 86
/** A DID URL of the longest DID and fragment, and the other members. */
const MAX_HEADER = 1024
