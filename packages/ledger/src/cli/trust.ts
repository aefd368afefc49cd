/** The keys of harnesses and logs in a trust bundle, for reading a receipt; everything else in it is not looked at (spec chapter 14). @module */
import {
  isObject,
  Malformed,
  parseEd25519Jwk,
  parseJson,
  parseVkey,
  type CryptoPort,
  type JsonObject,
  type JsonValue,
  type ReceiptTrust,
} from '@aiegis/protocol'

/** Longest trust file, in bytes. */
export const MAX_TRUST = 1_048_576
const MAX_MEMBERS = 65_536

/** Whom a bundle trusts. Throws `Malformed` where a key that is asked for is not in its form. Does not judge when a key may be used. */
export function parseTrust(crypto: CryptoPort, bytes: Uint8Array): ReceiptTrust {
  const bundle = parseJson(bytes, { maxBytes: MAX_TRUST, maxMembers: MAX_MEMBERS })
  return {
    harnessKey(did, kid) {
      const harness = listed(bundle, 'harnesses').find((party) => party['did'] === did)
      if (harness?.['didWeb'] === true) return 'from receipt'
      const key = harness && listed(harness, 'keys').find((one) => one['kid'] === kid)
      return key && parseEd25519Jwk(key['jwk'])
    },
    ledger(origin) {
      const log = listed(bundle, 'ledgers').find((one) => one['origin'] === origin)
      if (log === undefined) return undefined
      const { quorum = 0, vkeys = [] } = isObject(log['witnesses']) ? log['witnesses'] : {}
      if (typeof quorum !== 'number' || !Array.isArray(vkeys)) throw new Malformed('the trust bundle has no such witnesses')
      return { vkey: vkeyOf(crypto, log['vkey']), quorum, witnesses: vkeys.map((vkey) => vkeyOf(crypto, vkey)) }
    },
  }
}

function listed(value: JsonValue, name: string): readonly JsonObject[] {
  const list = isObject(value) ? value[name] : undefined
  if (!Array.isArray(list)) throw new Malformed(`the trust bundle has no list "${name}"`)
  return list.filter((one) => isObject(one))
}

function vkeyOf(crypto: CryptoPort, value: unknown): ReturnType<typeof parseVkey> {
  if (typeof value !== 'string') throw new Malformed('the trust bundle has a verifier key that is not text')
  return parseVkey(value, crypto)
}
