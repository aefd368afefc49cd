/** Checks a receipt, or evidence against a log, from its file alone, and says in sentences what it proves and what not (spec chapters 5.6 and 10.3). @module */
import {
  checkLedgerEvidence,
  checkReceipt,
  formatSeconds,
  isObject,
  Malformed,
  parseJson,
  type CheckedReceipt,
  type Contradiction,
  type CryptoPort,
  type ReceiptTrust,
} from '@aiegis/protocol'
import { parseTrust } from './trust.ts'

/** Longest file that is read, in bytes. */
export const MAX_FILE = 65_536

/**
 * The sentences about a file. Rejects with `Malformed` or `Refusal` and what does not hold. `trust` is a trust bundle; without it the keys
 * in the file are used, and the sentences say so.
 */
export async function checkFile(crypto: CryptoPort, file: Uint8Array, trust: Uint8Array | undefined): Promise<readonly string[]> {
  const trusted = trust === undefined ? undefined : parseTrust(crypto, trust)
  const value = parseJson(file, { maxBytes: MAX_FILE })
  if (isObject(value) && Object.hasOwn(value, 'kind')) return aboutEvidence(await checkLedgerEvidence(crypto, file), trusted)
  return aboutReceipt(await checkReceipt(crypto, file, trusted))
}

function aboutReceipt({ claims, harnessKey, head, cosigned, receipt }: CheckedReceipt): readonly string[] {
  const { entry } = claims
  const given = [harnessKey.from === 'receipt' ? [harnessKey.kid] : [], head.from === 'receipt' ? [head.origin] : []].flat()
  return [
    `proven: ${claims.iss} decided ${entry.decision} on ${quoted(entry.action)} at ${entry.ts}, target ${quoted(entry.target)}, for ${claims.htm} ${claims.htu}`,
    `proven: asked for by ${claims.sub}, for the receiver ${claims.aud}, decision ${claims.jti}, task ${claims.txn}`,
    `proven: it is entry ${head.index} of ${head.size} in ${head.origin}, under a head that the key of the log signed`,
    cosigned.length === 0
      ? 'not proven: that others saw this head; no witness signed it'
      : `proven: witnesses signed this head at ${cosigned.map(timeOf).join(' and ')}`,
    ...(given.length === 0
      ? []
      : [`not proven: whose keys these are; those of ${given.join(' and ')} were taken from the receipt`]),
    `the receiver's word: verified at ${receipt.verified}, the head was ${receipt.ledger.assurance} then`,
    'not proven: that the request was carried out, that the policy was right, that the log has every decision',
  ]
}

/** Free text, with its end to be seen. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

/** A witness may have signed a time that no calendar has. */
function timeOf(seconds: bigint): string {
  return seconds < FIVE_DIGIT_YEAR ? formatSeconds(Number(seconds)) : `${seconds} seconds after 1970`
}

const FIVE_DIGIT_YEAR = 253_402_300_800n

function aboutEvidence(
  { kind, origin, vkey, earlier, later }: Contradiction,
  trusted: ReceiptTrust | undefined,
): readonly string[] {
  const known = trusted?.ledger(origin)
  if (trusted !== undefined && known?.vkey.text !== vkey) throw new Malformed(`${vkey} is not a key that is trusted`)
  const sizes = `${earlier.size} and ${later.size} entries`
  return [
    kind === 'equivocation'
      ? `proven: ${origin} signed heads over ${sizes} that no tree has both`
      : `proven: ${origin} signed heads over ${sizes}`,
    ...(kind === 'rollback' ? ["the receiver's word: it was shown the smaller one later, for too long"] : []),
    ...(known === undefined ? [`not proven: whose key this is; ${vkey} was taken from the file`] : []),
    'not proven: who used the key of the log, its operator or somebody else',
  ]
}
