/** Finds the status index of a passport that this issuer signed, also of one that has ended (spec chapter 19.4). @module */
import { decodePassport, Malformed, parsePassport, Refusal, verifyJws, type CryptoPort } from '@aiegis/protocol'
import type { PassportIssuer } from './passports.ts'

/** Rejects with `passport_unknown` for whatever is not a passport under this issuer's key and list. */
export async function statusIndexOf(
  text: string,
  { signer, statusUrl }: Pick<PassportIssuer, 'signer' | 'statusUrl'>,
  crypto: CryptoPort,
): Promise<number> {
  try {
    const jws = decodePassport(text)
    const payload = await verifyJws(crypto, jws, signer.publicKey)
    const status = payload === undefined ? null : parsePassport(payload).status
    if (status?.list === statusUrl) return status.index
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refusal)
      throw new Refusal('passport_unknown', error.message, { cause: error })
    throw error
  }
  throw new Refusal('passport_unknown', 'not signed by this issuer for its list')
}
