/** Witnesses of the mock harness: real cosignatures, also wrong ones when a test wants them (spec chapter 5). @module */
import {
  cosignatureMessage,
  formatCosignature,
  formatNote,
  formatVkey,
  noteKeyId,
  parseNote,
  WITNESS_KEY_TYPE,
  type CryptoPort,
  type SyncSigner,
} from '@aiegis/protocol'

/** The verifier key of a witness; its name is `kid` of the signer unless said otherwise. */
export function witnessVkey(crypto: CryptoPort, witness: SyncSigner, name: string = witness.kid): string {
  return formatVkey(name, WITNESS_KEY_TYPE, witness.publicKey, crypto)
}

/** The note with a cosignature line of `witness` at `seconds` since 1970; the signature is by `signer`, another one than its own makes it wrong. */
export function cosign(
  crypto: CryptoPort,
  note: string,
  witness: SyncSigner,
  seconds: number,
  signer: SyncSigner = witness,
): string {
  const { text, signatures } = parseNote(note)
  const time = BigInt(seconds)
  const line = {
    name: witness.kid,
    id: noteKeyId(crypto, witness.kid, WITNESS_KEY_TYPE, witness.publicKey),
    signature: formatCosignature(time, signer.sign(cosignatureMessage(time, text))),
  }
  return formatNote(text, [...signatures, line])
}
