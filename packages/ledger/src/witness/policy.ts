/** Reads the file in which an operator names the witnesses of a log (spec chapter 17.11). @module */
import { isObject, Malformed, parseJson, parseVkey, type CryptoPort, type JsonValue } from '@aiegis/protocol'
import type { WitnessPolicy } from './cosigner.ts'

/** Most bytes of the file. */
const MAX_POLICY = 16_384
const EXAMPLE =
  '{ "quorum": 1, "witnesses": [{ "url": "https://…", "vkey": "…" }] }, with "onMissing": "refuse" or "release-uncosigned" if wanted'

/** The policy in a file. Throws `Error` with a sentence for whatever it does not understand. `createCosigner` judges what it says. */
export function parseWitnessPolicy(crypto: CryptoPort, bytes: Uint8Array): WitnessPolicy {
  try {
    return readPolicy(crypto, parseJson(bytes, { maxBytes: MAX_POLICY }))
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new Error(`ledger: witnesses: ${cause.message}; write ${EXAMPLE}`, { cause })
  }
}

function readPolicy(crypto: CryptoPort, value: JsonValue): WitnessPolicy {
  const { quorum, onMissing, witnesses, ...others } = isObject(value) ? value : {}
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Malformed(`no member is called "${other}"`)
  if (typeof quorum !== 'number') throw new Malformed('"quorum" is no number')
  if (onMissing !== undefined && onMissing !== 'refuse' && onMissing !== 'release-uncosigned')
    throw new Malformed('"onMissing" is neither "refuse" nor "release-uncosigned"')
  if (!Array.isArray(witnesses)) throw new Malformed('"witnesses" is no list')
  const read = witnesses.map((witness: JsonValue) => readWitness(crypto, witness))
  return { quorum, witnesses: read, ...(onMissing === undefined ? {} : { onMissing }) }
}

function readWitness(crypto: CryptoPort, value: JsonValue): WitnessPolicy['witnesses'][number] {
  const { url, vkey, ...others } = isObject(value) ? value : {}
  if (typeof url !== 'string' || typeof vkey !== 'string' || !URL.canParse(url) || Object.keys(others).length > 0)
    throw new Malformed('a witness is an URL and a verifier key')
  return { url, vkey: parseVkey(vkey, crypto) }
}
