/** Signs what was verified of a request for one service behind the receiver: short-lived, for one request, never the evidence (spec chapter 20). @module */
import {
  AHP_VERSION,
  defaultCrypto,
  encodeBase64url,
  Malformed,
  parseDidUrl,
  parseRequestTarget,
  signJws,
  thumbprint,
  type ContextClaims,
  type JsonObject,
  type Signer,
} from '@aiegis/protocol'
import { checkService, CONTEXT_BYTES, CONTEXT_SECONDS, CONTEXT_TYPE } from './context-claims.ts'
import { isVerifiedContext, type AiegisContext } from './context.ts'
import type { Verifier } from './verifier.ts'

/** The request to a service in which a context is sent. */
export interface ServiceCall {
  /** The name under which the service expects contexts. */
  readonly audience: string
  readonly method: string
  /** Path and query as the service gets them, in normal form (spec chapter 7.4). */
  readonly target: string
}

/** What a signer of contexts is made of. */
export interface ContextSignerOptions {
  /** A key of its own, of no other role; its `kid` is a DID URL of the receiver. */
  readonly signer: Signer
  /** The verifier whose contexts are signed. */
  readonly verifier: Verifier
}

/** Signs contexts. */
export interface ContextSigner {
  /**
   * The value of `X-AEGIS-Context` for one request to one service. Rejects with `TypeError` for a context that no verifier made, a call
   * without its form, once the token of the request has ended, and
   * once the trust bundle has its key in another role; and with what the signer rejects with. Ends with the token, at most
   * 30 seconds from now. Does not see what content is sent in that request.
   */
  sign(context: AiegisContext, call: ServiceCall): Promise<string>
}

/** Throws `TypeError` for a key that has another role in the trust bundle, and for a `kid` that is no DID URL. */
export function createContextSigner({ signer, verifier }: ContextSignerOptions): ContextSigner {
  const iss = issuerOf(signer)
  const jkt = thumbprint(defaultCrypto(), signer.publicKey)
  checkRole(verifier, jkt)
  return {
    async sign(context, call) {
      // The verifier may have another trust bundle by now.
      checkRole(verifier, jkt)
      const claims = claimsOf(context, call, iss, Math.floor(verifier.now() / 1000))
      const text = await signJws(signer, { typ: CONTEXT_TYPE }, claims)
      if (text.length > CONTEXT_BYTES) throw new TypeError(`context: ${text.length} characters, more than fit in a field line`)
      return text
    },
  }
}

function checkRole({ trust }: Verifier, jkt: string): void {
  const role = trust.roleOf(jkt)
  if (role !== undefined)
    throw new TypeError(
      `signer: its key has the role ${role} in the trust bundle; make a key that does nothing but sign contexts`,
    )
}

function issuerOf({ kid }: Signer): string {
  try {
    return parseDidUrl(kid).did
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(
        `signer: its kid is no DID URL (${error.message}); write for example did:web:api.example.com#context-1`,
        {
          cause: error,
        },
      )
    throw error
  }
}

const METHOD = /^[A-Z]{1,20}$/

function claimsOf(context: AiegisContext, call: ServiceCall, iss: string, now: number): JsonObject {
  if (!isVerifiedContext(context)) throw new TypeError('context: no verifier made it; pass what getAiegis() returns')
  if (!METHOD.test(call.method)) throw new TypeError('method: write the method of the request to the service, such as "POST"')
  checkTarget(call.target)
  // What a receiver passes on ends with what it was made of.
  const exp = Math.min(now + CONTEXT_SECONDS, context.expires)
  if (exp <= now) throw new TypeError('context: the token of this request has ended, so nothing more is said in its name')
  return {
    ahp: AHP_VERSION,
    iss,
    aud: checkService(call.audience),
    iat: now,
    exp,
    jti: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))),
    htm: call.method,
    htt: call.target,
    path: context.path.map(({ did, issuer }) => ({ did, issuer })),
    action: context.action,
    target: context.target,
    decision: context.decision,
    obl: context.obligations,
    harness: context.decidedBy.harness,
    receipt: context.receiptId,
    txn: context.task,
  } satisfies ContextClaims
}

function checkTarget(target: string): void {
  try {
    parseRequestTarget(target)
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(`target: ${error.message}; write path and query in normal form, such as "/charges?dry=1"`, {
        cause: error,
      })
    throw error
  }
}
