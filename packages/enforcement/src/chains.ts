/** Reads chains of passports and says whether the issuers that this harness accepts still stand by them (spec chapters 8, 9 and 15.2). @module */
import { LIMITS, Refusal, type CryptoPort, type Ed25519PublicKey, type Passport } from '@aiegis/protocol'
import { createChainReader, type VerifiedChain } from '@aiegis/verifier'

/** An issuer whose passports this harness accepts. */
export interface KnownIssuer {
  readonly did: string
  readonly keys: readonly { readonly kid: string; readonly key: Ed25519PublicKey }[]
  /** Whom it may vouch for: the first agent of a chain, a later one. */
  readonly roles: readonly ('root' | 'hop')[]
  /** URLs of its status lists. */
  readonly lists: readonly string[]
  /** `undefined` for an index outside the list. */
  isRevoked(list: string, index: number): boolean | undefined
}

/** Chains as this harness judges them. Every code is one that a receiver has for the same thing. */
export interface Chains {
  /**
   * The chain under `text`, verified. Rejects with `evidence_too_large`, with `passport_required` for a reference, and with the codes of
   * the steps decode and passports. `now` is epoch seconds. Does not look at roles, status, missions, audiences and tasks.
   */
  read(text: string, now: number): Promise<VerifiedChain>
  /** Throws `issuer_role_missing`. */
  checkRoles(chain: VerifiedChain): void
  /** What may change while a question is decided. Throws `passport_expired`, `delegation_expired`, `status_not_listed`, `passport_revoked`. */
  checkStanding(chain: VerifiedChain, now: number): void
}

const SKEW_SECONDS = 5

/** Chains under these issuers. */
export function createChains(issuers: readonly KnownIssuer[], crypto: CryptoPort): Chains {
  const known = new Map(issuers.map((issuer) => [issuer.did, issuer]))
  const reader = createChainReader({
    isIssuer: (did) => known.has(did),
    keys: {
      find(_, did, kid) {
        const pinned = known.get(did)?.keys.find((key) => key.kid === kid)
        return pinned && { did, ...pinned }
      },
    },
    crypto,
    skewSeconds: SKEW_SECONDS,
  })
  return {
    async read(text, now) {
      if (text.length > LIMITS.passportHeader) throw new Refusal('evidence_too_large', `${text.length} characters`)
      // Whether a chain is held depends on what was asked before; an answer must not.
      if (text.startsWith('sha-256=')) throw new Refusal('passport_required', 'a reference instead of the chain')
      return reader.read(text, now)
    },
    checkRoles({ links }) {
      for (const [at, { passport }] of links.entries()) {
        const role = at === 0 ? 'root' : 'hop'
        if (known.get(passport.issuer)?.roles.includes(role) !== true)
          throw new Refusal('issuer_role_missing', `${passport.issuer} lacks the role ${role}`)
      }
    },
    checkStanding(chain, now) {
      reader.checkEnds(chain, now)
      for (const { passport } of chain.links) checkStatus(passport, known.get(passport.issuer))
    },
  }
}

/** A passport never brings the address of its own list; one that cannot be looked up is not good. */
function checkStatus({ status }: Passport, issuer: KnownIssuer | undefined): void {
  if (status === null || issuer?.lists.includes(status.list) !== true)
    throw new Refusal('status_not_listed', 'the passport has no status that can be looked up')
  const revoked = issuer.isRevoked(status.list, status.index)
  if (revoked === undefined) throw new Refusal('status_not_listed', 'the status index is outside its list')
  if (revoked) throw new Refusal('passport_revoked', 'the bit of the passport is set')
}
