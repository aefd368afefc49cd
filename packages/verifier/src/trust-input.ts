/** The members that no trust bundle lacks, for compilers: what is in them is judged when the bundle is read (spec chapter 14). @module */

/** A bundle as an option: JSON that was imported, parsed or written in code. A file of JSON that the caller parsed himself is `any` and fits. */
export interface TrustInput {
  readonly ahp: string
  /** The origin that tokens are for. */
  readonly audience: string
  readonly bases: readonly unknown[]
  readonly harnesses: readonly unknown[]
  readonly issuers: readonly unknown[]
  readonly ledgers: readonly unknown[]
}
