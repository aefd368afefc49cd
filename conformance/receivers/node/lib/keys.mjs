/** Finds the key that must have signed: by role, the DID in `kid`, and `kid` (AHP-BYTES-18). @module */
import { thumbprint } from './did.mjs'
import { isSigned } from './jws.mjs'
import { Refusal } from './refusal.mjs'

/** Verified where no key is known, so that an unknown signer costs what a known one costs (AHP-ROAD-9). */
const DECOY = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')

/**
 * The party that signed and the thumbprint of its key. Refuses with `<name>_issuer_unknown`, `<name>_key_unknown`,
 * `<name>_signature_invalid` or `keys_unavailable`.
 */
export async function verifySigner(jws, name, parties, { trust, documents, now }) {
  const party = parties.get(jws.signer)
  const found = party === undefined ? undefined : await keyOf(party, jws.kid, trust, documents)
  const isGood = isSigned(jws, found?.key ?? DECOY)
  if (party === undefined) throw new Refusal(`${name}_issuer_unknown`)
  if (found === undefined || !isValidAt(found, now)) throw new Refusal(`${name}_key_unknown`)
  if (!isGood) throw new Refusal(`${name}_signature_invalid`)
  return { party, signerJkt: thumbprint(found.key) }
}

/** Whether `begin` ≤ now < `end`, each where it is there. */
export function isValidAt({ begin, end }, now) {
  return (begin === undefined || begin <= now) && (end === undefined || now < end)
}

async function keyOf({ did, role, didWeb, keys }, kid, trust, documents) {
  if (!didWeb) return keys.get(kid)
  const found = await documents.keyOf(did, kid)
  // AHP-BYTES-36: a key that the bundle pins in another role is none of this document.
  const pinned = found === undefined ? undefined : trust.pinned.get(thumbprint(found.key))
  return pinned === undefined || pinned === role ? found : undefined
}
