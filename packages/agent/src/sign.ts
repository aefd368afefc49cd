/** The two signatures of an agent: under a question to the harness, and under the request that it was allowed (spec chapters 6 and 15). @module */
import {
  defaultCrypto,
  formatContentDigest,
  formatSignatureHeaders,
  formatSignatureParams,
  signatureBase,
  thumbprint,
  type Signer,
  type SignatureParams,
} from '@aiegis/protocol'

/** Both header fields of one signature (RFC 9421 §4). */
export interface SignatureHeaders {
  readonly 'Signature-Input': string
  readonly Signature: string
}

/** What is signed under a question. */
export interface Question {
  /** The endpoint as the harness is configured with it, in normal form: `https://harness.example/api/protect`. */
  readonly url: string
  /** The bytes of the JSON that is sent. */
  readonly content: Uint8Array
  /** The value of `X-AEGIS-Passport`. */
  readonly passport: string
  /** Epoch seconds; the harness allows 60 to either side of its clock. */
  readonly created: number
  /** Never used before with this key. */
  readonly nonce: string
  /** 1 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly idempotencyKey?: string
}

/** What is signed to show possession of the agent's key. */
export interface Possession {
  readonly method: string
  /** The target URI in normal form, `htu` of the token. */
  readonly url: string
  readonly token: string
  /** Epoch seconds. */
  readonly created: number
}

/** Everything that a receiver wants to see. */
export interface Evidence extends Possession {
  readonly passport: string
  readonly proof: string
}

/** Our signature is found by its tag; the label only keeps it apart from those of others. */
export const LABEL = 'aegis'

/** The headers of a signed question but `Content-Type`. Throws `Malformed` for values that cannot be signed. Does not send anything. */
export async function signAsk(signer: Signer, question: Question): Promise<Readonly<Record<string, string>>> {
  const { url, content, passport, created, nonce, idempotencyKey } = question
  const digest = formatContentDigest(defaultCrypto().sha256(content))
  const repeat = idempotencyKey === undefined ? [] : ([['idempotency-key', idempotencyKey]] as const)
  const signature = await sign(
    signer,
    [['@method', 'POST'], ['@target-uri', url], ['content-digest', digest], ['x-aegis-passport', passport], ...repeat],
    { created, nonce, keyid: keyIdOf(signer), tag: 'aegis-ask' },
  )
  return {
    'X-AEGIS-Passport': passport,
    'Content-Digest': digest,
    ...(idempotencyKey === undefined ? undefined : { 'Idempotency-Key': idempotencyKey }),
    ...signature,
  }
}

/** Shows that the sender of exactly this request holds the agent's key. Throws `Malformed` for values that cannot be signed. */
export async function signPossession(signer: Signer, possession: Possession): Promise<SignatureHeaders> {
  const { method, url, token, created } = possession
  return sign(
    signer,
    [
      ['@method', method],
      ['@target-uri', url],
      ['x-aegis-token', token],
    ],
    {
      created,
      keyid: keyIdOf(signer),
      tag: 'aegis-pop',
    },
  )
}

/** The five headers that turn a request into one that a receiver serves. */
export async function evidenceHeaders(signer: Signer, evidence: Evidence): Promise<Readonly<Record<string, string>>> {
  return {
    'X-AEGIS-Token': evidence.token,
    'X-AEGIS-Passport': evidence.passport,
    'X-AEGIS-Proof': evidence.proof,
    ...(await signPossession(signer, evidence)),
  }
}

/** `keyid` is what `cnf.jkt` of the token will be: the thumbprint of the agent's key (RFC 7638). */
function keyIdOf(signer: Signer): string {
  return thumbprint(defaultCrypto(), signer.publicKey)
}

async function sign(
  signer: Signer,
  components: readonly (readonly [name: string, value: string])[],
  params: SignatureParams,
): Promise<SignatureHeaders> {
  const names = components.map(([name]) => name)
  const paramsText = formatSignatureParams(names, params)
  return formatSignatureHeaders(LABEL, paramsText, await signer.sign(signatureBase(components, paramsText)))
}
