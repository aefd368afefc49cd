/** A receipt: what one needs years later to check that a harness decided and a log has it, without a network (spec chapter 10). @module */
import { toHex } from './bytes.ts'
import type { CryptoPort } from './crypto.ts'
import type { Ed25519PublicKey } from './ed25519.ts'
import { hasQuorum, verifyHead } from './head.ts'
import { parseJson } from './json.ts'
import { jwkOf, parseEd25519Jwk } from './jwk.ts'
import { verifyJws } from './jws.ts'
import { leafOfToken } from './leaf.ts'
import { AHP_VERSION, LIMITS } from './limits.ts'
import { membersOf, textOf } from './members.ts'
import { hashLeaf, verifyInclusion } from './merkle.ts'
import { LOG_KEY_TYPE, parseVkey, WITNESS_KEY_TYPE, type Vkey } from './note.ts'
import { Malformed } from './refusal.ts'
import { parseSeconds } from './time.ts'
import { parseProof } from './tlog-proof.ts'
import { decodeToken, parseTokenClaims } from './token.ts'
import type { Receipt, TokenClaims } from './wire.gen.ts'

/** The keys of a log, and how many of its witnesses must have signed. */
export interface ReceiptLedgerKeys {
  readonly vkey: Vkey
  readonly quorum: number
  readonly witnesses: readonly Vkey[]
}

/** Whom the reader of a receipt trusts. */
export interface ReceiptTrust {
  /** `from receipt` for a party that is trusted and whose keys are pinned nowhere, because its DID document has them. */
  harnessKey(did: string, kid: string): Ed25519PublicKey | 'from receipt' | undefined
  ledger(origin: string): ReceiptLedgerKeys | undefined
}

/** What a receipt proves, when all of it verified. */
export interface CheckedReceipt {
  readonly claims: TokenClaims
  readonly harnessKey: { readonly kid: string; readonly from: 'trust' | 'receipt' }
  readonly head: { readonly origin: string; readonly index: bigint; readonly size: bigint; readonly from: 'trust' | 'receipt' }
  /** When each witness signed, epoch seconds; only lines that verified. */
  readonly cosigned: readonly bigint[]
  readonly receipt: Receipt
}

/** Longest receipt that is read, in bytes. */
const MAX_RECEIPT = 65_536

/** The file, as JSON on one line. `verified` in epoch seconds is written by the caller as RFC 3339. */
export function formatReceipt(
  receipt: Pick<Receipt, 'verified' | 'token' | 'proof'> & {
    readonly kid: string
    readonly key: Ed25519PublicKey
    readonly assurance: Receipt['ledger']['assurance']
    readonly ledger: ReceiptLedgerKeys
  },
): string {
  const { verified, token, proof, kid, key, assurance, ledger } = receipt
  const file: Receipt = {
    ahp: AHP_VERSION,
    verified,
    token,
    proof,
    harness: { kid, jwk: jwkOf(key) },
    ledger: {
      vkey: ledger.vkey.text,
      assurance,
      quorum: ledger.quorum,
      witnesses: ledger.witnesses.map((witness) => witness.text),
    },
  }
  return `${JSON.stringify(file)}\n`
}

/**
 * Reads a receipt and checks everything in it: signature of the token, leaf rebuilt from it, path, signature of the head, quorum of
 * the cosignatures. Rejects with `Malformed` or `Refusal` and what does not hold. Looks at no clock, since tokens end within minutes, and shows
 * neither that anything was done nor that the log has one tree only. Without `trust` the keys in the receipt are used.
 */
export async function checkReceipt(
  crypto: CryptoPort,
  bytes: Uint8Array,
  trust: ReceiptTrust | undefined,
): Promise<CheckedReceipt> {
  const receipt = readReceipt(bytes)
  const jws = decodeToken(receipt.token, LIMITS.token)
  const pinned = trust === undefined ? 'from receipt' : trust.harnessKey(jws.signer, jws.kid)
  if (pinned === undefined) throw new Malformed(`${jws.kid} is not a key that is trusted`)
  if (receipt.harness.kid !== jws.kid) throw new Malformed('the key in the receipt is not the one that the token names')
  const payload = await verifyJws(crypto, jws, pinned === 'from receipt' ? parseEd25519Jwk(receipt.harness.jwk) : pinned)
  if (payload === undefined) throw new Malformed('the signature of the token does not verify')
  const claims = parseTokenClaims(payload)
  if (claims.iss !== jws.signer) throw new Malformed('"iss" of the token is not the DID of its key')

  const { index, path, checkpoint } = parseProof(receipt.proof)
  const { origin, size, root } = checkpoint
  const keys = trust === undefined ? keysIn(crypto, receipt) : trust.ledger(origin)
  if (keys === undefined) throw new Malformed(`${origin} is not a log that is trusted`)
  const signatures = await verifyHead(crypto, checkpoint, { ...keys, origin })
  if (signatures.log !== 'ok') throw new Malformed('the head is not signed by the key of the log')
  if (signatures.witnesses.some(({ verdict }) => verdict === 'bad')) throw new Malformed('a cosignature does not verify')
  // Times of witnesses are shown, not judged: the clock of this reader says nothing about them.
  if (!hasQuorum(signatures.witnesses, keys.quorum, Number.MAX_SAFE_INTEGER))
    throw new Malformed('too few witnesses signed the head')
  const leaf = leafOfToken(crypto, { claims, kid: jws.kid, signatureText: jws.signatureText, bytes: jws.bytes })
  if (!verifyInclusion(crypto, { index, size, leafHash: hashLeaf(crypto, leaf), path, root }))
    throw new Malformed('the path does not lead from the decision to the head')
  return {
    claims,
    harnessKey: { kid: jws.kid, from: pinned === 'from receipt' ? 'receipt' : 'trust' },
    head: { origin, index, size, from: trust === undefined ? 'receipt' : 'trust' },
    cosigned: signatures.witnesses.flatMap((one) => (one.verdict === 'ok' ? [one.seconds] : [])),
    receipt,
  }
}

function keysIn(crypto: CryptoPort, { ledger }: Receipt): ReceiptLedgerKeys {
  const keyOf = (text: string, type: number): Vkey => {
    const vkey = parseVkey(text, crypto)
    if (vkey.type !== type) throw new Malformed('a verifier key in another role than its type')
    return vkey
  }
  const witnesses = ledger.witnesses.map((witness) => keyOf(witness, WITNESS_KEY_TYPE))
  // One key under two names is one witness.
  if (new Set(witnesses.map(({ key }) => toHex(key.bytes))).size < witnesses.length)
    throw new Malformed('a witness key that is listed twice')
  return { vkey: keyOf(ledger.vkey, LOG_KEY_TYPE), quorum: ledger.quorum, witnesses }
}

function readReceipt(bytes: Uint8Array): Receipt {
  const value = parseJson(bytes, { maxBytes: MAX_RECEIPT })
  const whole = read.closed(value, 'the receipt', ['ahp', 'verified', 'token', 'proof', 'harness', 'ledger'])
  const harness = read.closed(whole['harness'], '"harness"', ['kid', 'jwk'])
  const ledger = read.closed(whole['ledger'], '"ledger"', ['vkey', 'assurance', 'quorum', 'witnesses'])
  const verified = read.text(whole, 'verified', 20)
  parseSeconds(verified)
  return {
    ahp: read.oneOf(whole, 'ahp', [AHP_VERSION]),
    verified,
    token: read.text(whole, 'token', LIMITS.token),
    proof: read.text(whole, 'proof', LIMITS.proof),
    harness: { kid: read.text(harness, 'kid', 641), jwk: jwkOf(parseEd25519Jwk(harness['jwk'])) },
    ledger: {
      vkey: read.text(ledger, 'vkey', 512),
      assurance: read.oneOf(ledger, 'assurance', ['asserted', 'audited']),
      quorum: read.integer(ledger, 'quorum', 0, 8),
      witnesses: read.list(ledger, 'witnesses', 0, 8).map(textOf),
    },
  }
}

const read = membersOf('proof_malformed')
