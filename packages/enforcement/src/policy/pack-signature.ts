/** Signs packs and verifies their signatures: Ed25519 over the JCS of the manifest without `signature` (spec chapter 16). @module */
import {
  canonicalize,
  decodeBase64url,
  encodeBase64url,
  isObject,
  Malformed,
  parseDidUrl,
  utf8,
  verifyEd25519,
  type CryptoPort,
  type Ed25519PublicKey,
  type JsonObject,
  type Signer,
} from '@aiegis/protocol'
import { PackRefused } from './pack-refused.ts'
import type { Pack } from './pack.ts'

/** A key that may sign packs. The DID of `kid` is the issuer whose packs it signs. */
export interface PackKey {
  readonly kid: string
  readonly key: Ed25519PublicKey
}

/** What published sample packs carry where a signature would be; it is treated as no signature at all. */
const PLACEHOLDER = 'REFERENCE_PACK_NOT_SIGNED_LOCAL_DEV_ONLY'

/**
 * Returns when the pack may be used: signed by one of `keys` whose DID is the pack's issuer, or unsigned where `allowUnsigned` says
 * so. A signature that is there must verify, also where none is needed. Throws `PackRefused`. Does not look at the clock.
 */
export async function verifyPack(
  pack: Pack,
  keys: readonly PackKey[],
  allowUnsigned: boolean,
  crypto: CryptoPort,
): Promise<void> {
  const fail = (sentence: string): never => {
    throw new PackRefused({ file: pack.file }, sentence)
  }
  const { signature, ...body } = pack.manifest
  if (signature === undefined || (isObject(signature) && signature['value'] === PLACEHOLDER)) {
    if (!allowUnsigned)
      fail('it is not signed; sign it with a key that this server knows, or allow unsigned packs for development')
    return
  }
  if (!isObject(signature) || Object.keys(signature).toSorted().join() !== 'alg,kid,value') {
    return fail('"signature" does not have exactly the members alg, kid and value')
  }
  const { alg, kid, value } = signature
  if (alg !== 'EdDSA') fail('"signature.alg" is not "EdDSA"')
  if (typeof kid !== 'string' || typeof value !== 'string') return fail('"signature.kid" and "signature.value" are not texts')
  if (didOf(kid) !== pack.issuer) fail('"signature.kid" is not a key of the pack\'s issuer')
  const known = keys.find((key) => key.kid === kid)
  if (known === undefined) return fail(`it is signed by ${kid}, which is no pack key of this server`)
  if (!(await verifyEd25519(crypto, known.key, utf8(canonicalize(body)), signatureBytes(value)))) {
    fail('its signature does not verify; it was changed after it was signed')
  }
}

/**
 * The bytes of `manifest` signed by `signer`, whose DID becomes the issuer; a signature that was there is replaced.
 * Throws `Malformed` when `signer.kid` is no DID URL. Does not check that the manifest is one.
 */
export async function signPack(manifest: JsonObject, signer: Signer): Promise<Uint8Array> {
  const { signature: _, ...rest } = manifest
  const body: JsonObject = { ...rest, issuer: parseDidUrl(signer.kid).did }
  const value = encodeBase64url(await signer.sign(utf8(canonicalize(body))))
  return utf8(`${JSON.stringify({ ...body, signature: { alg: 'EdDSA', kid: signer.kid, value } }, null, 2)}\n`)
}

function didOf(kid: string): string | undefined {
  return malformedAs(() => parseDidUrl(kid).did, undefined)
}

// No bytes at all never verify: the length is part of the one check.
function signatureBytes(value: string): Uint8Array {
  return malformedAs(() => decodeBase64url(value), new Uint8Array())
}

function malformedAs<T>(parse: () => T, otherwise: T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Malformed) return otherwise
    throw error
  }
}
