/** Step 2: reads the syntax of every piece of evidence; nothing that it returns has claims yet (spec chapters 3, 5, 6, 8). @module */
import {
  checkComponents,
  decodeDelegation,
  decodePassport,
  decodeProofHeader,
  decodeToken,
  findSignature,
  LIMITS,
  Malformed,
  parseContentDigest,
  Refusal,
  refuseAs,
  RepeatedTag,
  splitPassportHeader,
  type LogProof,
  type ReadCheckpoints,
  type SignatureMember,
  type UnverifiedJws,
} from '@aiegis/protocol'
import type { TrustLimits } from '../trust.ts'
import type { Credential } from './extract.ts'
import { findKnown, type ChainCache, type VerifiedChain } from './passports.ts'

/** What an agent signs to show that it holds its key (RFC 9421 §2). */
const POSSESSION_COMPONENTS: readonly string[] = ['@method', '@target-uri', 'x-aegis-token']
/** The tag of the one signature that counts. */
/** `tag` of the signature by the agent. */
export const POSSESSION_TAG = 'aegis-pop'

/** A chain that was verified before under these very bytes, the digest of one that is not held, or a chain that is now decoded. */
export type DecodedChain =
  | { readonly kind: 'known'; readonly known: VerifiedChain }
  | { readonly kind: 'reference'; readonly psp: string }
  | {
      readonly kind: 'new'
      readonly text: string
      readonly passports: readonly UnverifiedJws[]
      /** Between the passports, one less. */
      readonly delegations: readonly UnverifiedJws[]
    }

/** Evidence with the right form and nothing verified. */
export interface Evidence {
  readonly token: UnverifiedJws
  readonly chain: DecodedChain
  readonly proof: LogProof
  readonly possession: SignatureMember
  readonly contentDigest: Uint8Array | undefined
}

/**
 * Throws `token_malformed`, `token_header_invalid`, `passport_malformed`, `passport_header_invalid`, `chain_too_long`,
 * `delegation_malformed`, `delegation_header_invalid`, `proof_malformed`, `possession_missing`, `possession_malformed`,
 * `possession_repeated`, `content_digest_malformed`, `evidence_too_large`.
 */
export function decode(credential: Credential, limits: TrustLimits, chains: ChainCache, heads: ReadCheckpoints): Evidence {
  checkSizes(credential, limits)
  return {
    token: decodeToken(credential.token, limits.tokenBytes),
    chain: decodeChain(credential.passport, limits, chains),
    proof: refuseAs('proof_malformed', () => decodeProofHeader(credential.proof, heads)),
    possession: decodePossession(credential),
    contentDigest: decodeContentDigest(credential.contentDigest),
  }
}

/** Before anything is decoded: size is the only thing about evidence that costs nothing to know. */
function checkSizes({ token, proof, passport }: Credential, limits: TrustLimits): void {
  if (token.length > limits.tokenBytes || proof.length > limits.proofChars || isLongChain(passport, limits)) {
    throw new Refusal('evidence_too_large', 'a token, chain, passport, delegation or proof is longer than this receiver reads')
  }
}

function isLongChain(chain: string, limits: TrustLimits): boolean {
  if (chain.length > LIMITS.passportHeader) return true
  let start = 0
  for (let part = 0; part < 5; part++) {
    const end = chain.indexOf('~', start)
    const length = (end === -1 ? chain.length : end) - start
    if (length > (part % 2 === 0 ? limits.passportBytes : LIMITS.delegation)) return true
    if (end === -1) return false
    start = end + 1
  }
  return false
}

/** Reads the value of `X-AEGIS-Passport`, with the codes that `decode` throws for it. A chain that is held is not decoded again. */
export function decodeChain(
  value: string,
  limits: Pick<TrustLimits, 'passportBytes' | 'delegations'>,
  chains: ChainCache,
): DecodedChain {
  const known = findKnown(chains, value)
  if (known !== undefined) return { kind: 'known', known }
  const header = splitPassportHeader(value)
  // Whether it is held is told to nobody who has no token for it: an issuer could ask who has been here.
  if (header.kind === 'reference') return header
  const { parts } = header
  if (parts.length > 2 * limits.delegations + 1) throw new Refusal('chain_too_long', `${(parts.length - 1) / 2} delegations`)
  return {
    kind: 'new',
    text: value,
    passports: parts.filter((_, at) => at % 2 === 0).map((part) => decodePassport(part, limits.passportBytes)),
    delegations: parts.filter((_, at) => at % 2 === 1).map(decodeDelegation),
  }
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
