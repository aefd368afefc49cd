/** Sizes that are checked before anything is parsed or computed (spec chapter 7). Receivers may only lower them. @module */

/** Upper limits of the profile, in bytes or characters of ASCII, unless said otherwise. */
export const LIMITS = {
  token: 4096,
  passport: 4096,
  /** Of an agent that is meant for chains of three (AHP-PASS-34); receivers do not compare with it. */
  passportInChain: 1920,
  passportHeader: 7980,
  delegation: 1100,
  proof: 4096,
  signatureInput: 2048,
  evidence: 12_288,
  content: 1_048_576,
  targetUri: 1024,
  action: 128,
  contentType: 128,
  decidingName: 64,
  denyReason: 256,
  /** Longest lifetimes in seconds. */
  passportSeconds: 31_622_400,
  tokenSeconds: 300,
  delegationSeconds: 86_400,
} as const

/** Protocol version that tokens, delegations and trust bundles name. */
export const AHP_VERSION = 'ahp-receiver/0.1'
