/** Step 2: reads the syntax of every piece of evidence; nothing that it returns has claims yet (spec chapters 3, 5, 6, 8). @module */
import {
  checkComponents,
  decodePassport,
  decodeProofHeader,
  decodeToken,
  findSignature,
  Malformed,
  parseContentDigest,
  Refusal,
  refuseAs,
  RepeatedTag,
  splitPassportHeader,
  type LogProof,
  type SignatureMember,
  type UnverifiedJws,
} from '@aiegis/protocol'
import type { TrustLimits } from '../trust.ts'
import type { Credential } from './extract.ts'
import { findKnown, type KnownPassport, type PassportCache } from './passports.ts'

/** What an agent signs to show that it holds its key (RFC 9421 §2). */
export const POSSESSION_COMPONENTS: readonly string[] = ['@method', '@target-uri', 'x-aegis-token']
/** The tag of the one signature that counts. */
export const POSSESSION_TAG = 'aegis-pop'

/** A chain that was verified before under these very bytes, or one that is now decoded. */
export type DecodedChain =
  | { readonly kind: 'known'; readonly known: KnownPassport }
  | { readonly kind: 'new'; readonly text: string; readonly passport: UnverifiedJws }

/** Evidence with the right form and nothing verified. */
export interface Evidence {
  readonly token: UnverifiedJws
  readonly chain: DecodedChain
  readonly proof: LogProof
  readonly possession: SignatureMember
  readonly contentDigest: Uint8Array | undefined
}

/**
 * Throws `token_malformed`, `token_header_invalid`, `passport_malformed`, `passport_header_invalid`, `passport_required`, `chain_too_long`,
 * `proof_malformed`, `possession_missing`, `possession_malformed`, `possession_repeated`, `content_digest_malformed`, `evidence_too_large`.
 */
export function decode(credential: Credential, limits: TrustLimits, passports: PassportCache): Evidence {
  checkSizes(credential, limits)
  return {
    token: decodeToken(credential.token, limits.tokenBytes),
    chain: decodeChain(credential.passport, limits, passports),
    proof: refuseAs('proof_malformed', () => decodeProofHeader(credential.proof)),
    possession: decodePossession(credential),
    contentDigest: decodeContentDigest(credential.contentDigest),
  }
}

/** Before anything is decoded: size is the only thing about evidence that costs nothing to know. */
function checkSizes({ token, proof, passport }: Credential, limits: TrustLimits): void {
  const first = passport.indexOf('~')
  const passportLength = first === -1 ? passport.length : first
  if (token.length > limits.tokenBytes || proof.length > limits.proofChars || passportLength > limits.passportBytes) {
    throw new Refusal('evidence_too_large', 'the token, the passport or the proof is longer than this receiver reads')
  }
}

function decodeChain(value: string, limits: TrustLimits, passports: PassportCache): DecodedChain {
  const known = findKnown(passports, value)
  if (known !== undefined) return { kind: 'known', known }
  const header = splitPassportHeader(value)
  if (header.kind === 'reference') throw new Refusal('passport_required', 'this receiver holds no chain with that digest')
  const [first, ...rest] = header.parts
  if (first === undefined || rest.length > 2 * limits.delegations)
    throw new Refusal('chain_too_long', `${rest.length / 2} delegations`)
  return { kind: 'new', text: value, passport: decodePassport(first, limits.passportBytes) }
}

function decodePossession(credential: Credential): SignatureMember {
  try {
    const member = findSignature(credential.signatureInput, credential.signature, POSSESSION_TAG)
    if (member === undefined) throw new Refusal('possession_missing', `no signature has tag="${POSSESSION_TAG}"`)
    checkComponents(member, POSSESSION_COMPONENTS)
    return member
  } catch (error) {
    if (error instanceof RepeatedTag) throw new Refusal('possession_repeated', error.message, { cause: error })
    if (error instanceof Malformed) throw new Refusal('possession_malformed', error.message, { cause: error })
    throw error
  }
}

function decodeContentDigest(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : refuseAs('content_digest_malformed', () => parseContentDigest(value))
}
