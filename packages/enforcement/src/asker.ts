/** Verifies who asks: the passport and the agent's signature under exactly this question (spec chapter 15.2). @module */
import {
  checkComponents,
  decodePassport,
  encodeBase64url,
  equal,
  findSignature,
  Malformed,
  parseContentDigest,
  parsePassport,
  Refusal,
  signatureBase,
  splitPassportHeader,
  thumbprint,
  utf8,
  verifyEd25519,
  verifyJws,
  type CryptoPort,
  type Ed25519PublicKey,
  type Passport,
  type SignatureMember,
} from '@aiegis/protocol'
import type { AskHeaders } from './ask.ts'

/** An issuer whose passports this harness accepts. */
export interface KnownIssuer {
  readonly did: string
  readonly keys: readonly { readonly kid: string; readonly key: Ed25519PublicKey }[]
  /** URLs of its status lists. */
  readonly lists: readonly string[]
  /** `undefined` for an index outside the list. */
  isRevoked(list: string, index: number): boolean | undefined
}

/** An agent that proved who it is, and the question it signed. */
export interface Asker {
  readonly passport: Passport
  /** RFC 7638 thumbprint of the agent's key. */
  readonly jkt: string
  /** Hash of the chain text, claim `psp`. */
  readonly psp: string
  /** With `jkt` unique for all time that this harness remembers. */
  readonly nonce: string
  /** When the question was signed, epoch seconds, as the agent says. */
  readonly created: number
}

/** What verification needs. */
export interface AskerOptions {
  /** URL of the endpoint as this harness is configured with it, never one made of headers. */
  readonly endpoint: string
  readonly issuers: readonly KnownIssuer[]
  readonly crypto: CryptoPort
}

const TAG = 'aegis-ask'
const FRESH_SECONDS = 60
const SKEW_SECONDS = 5

/**
 * The agent, or null for a question that has neither passport nor signature. Throws `ask_untrusted` for everything that does not
 * verify: a question that tried is never taken for an unsigned one. Throws `ask_stale` for times. `now` is epoch seconds.
 * Does not remember nonces: the caller claims them.
 */
export async function verifyAsker(
  headers: AskHeaders,
  content: Uint8Array,
  options: AskerOptions,
  now: number,
): Promise<Asker | null> {
  const member = findAsk(headers)
  if (headers.passport === undefined && member === undefined) return null
  if (headers.passport === undefined || member === undefined)
    throw new Refusal('ask_untrusted', 'a passport without a signature, or the reverse')
  const passport = await verifyPassport(headers.passport, options, now)
  const jkt = thumbprint(options.crypto, passport.key)
  checkParams(member, jkt, now)
  checkDigest(headers.contentDigest, content, options.crypto)
  const base = baseOf(member, headers, headers.passport, options.endpoint)
  if (!(await verifyEd25519(options.crypto, passport.key, base, member.signature)))
    throw new Refusal('ask_untrusted', 'the signature does not verify')
  const { created, nonce = '' } = member.params
  return { passport, jkt, psp: encodeBase64url(options.crypto.sha256(utf8(headers.passport))), nonce, created }
}

function findAsk({ signatureInput, signature }: AskHeaders): SignatureMember | undefined {
  if (signatureInput === undefined) return undefined
  return distrust('Signature-Input', () => findSignature(signatureInput, signature ?? '', TAG))
}

/** One passport; hand-offs are for receivers that read chains. */
async function verifyPassport(text: string, { issuers, crypto }: AskerOptions, now: number): Promise<Passport> {
  const header = distrust('X-AEGIS-Passport', () => splitPassportHeader(text))
  const [only, ...more] = header.kind === 'chain' ? header.parts : []
  if (only === undefined || more.length > 0) throw new Refusal('ask_untrusted', 'not one passport sent as itself')
  const jws = distrust('the passport', () => decodePassport(only))
  const issuer = issuers.find(({ did }) => did === jws.signer)
  const pinned = issuer?.keys.find(({ kid }) => kid === jws.kid)
  if (issuer === undefined || pinned === undefined) throw new Refusal('ask_untrusted', 'the passport is signed by an unknown key')
  const payload = await verifyJws(crypto, jws, pinned.key)
  if (payload === undefined) throw new Refusal('ask_untrusted', 'the passport signature does not verify')
  const passport = distrust('the passport', () => parsePassport(payload))
  if (passport.issuer !== jws.signer) throw new Refusal('ask_untrusted', '"issuer" is not the DID of "kid"')
  checkStanding(passport, issuers, now)
  return passport
}

/** What may change while a question is decided: time and revocation. Throws `ask_untrusted`. `now` is epoch seconds. */
export function checkStanding(passport: Passport, issuers: readonly KnownIssuer[], now: number): void {
  if (passport.validFrom > now + SKEW_SECONDS || passport.validUntil <= now) {
    throw new Refusal('ask_untrusted', 'the passport is not in force')
  }
  const issuer = issuers.find(({ did }) => did === passport.issuer)
  if (issuer === undefined) throw new Refusal('ask_untrusted', 'the issuer is unknown')
  checkStatus(passport, issuer)
}

/** A passport never brings the address of its own list; one that cannot be looked up is not good. */
function checkStatus({ status }: Passport, issuer: KnownIssuer): void {
  if (status === null || !issuer.lists.includes(status.list))
    throw new Refusal('ask_untrusted', 'the passport has no status that can be looked up')
  const revoked = issuer.isRevoked(status.list, status.index)
  if (revoked !== false)
    throw new Refusal('ask_untrusted', revoked === true ? 'the passport is revoked' : 'the status index is outside its list')
}

function checkParams({ params }: SignatureMember, jkt: string, now: number): void {
  if (params.keyid !== jkt) throw new Refusal('ask_untrusted', '"keyid" is not the thumbprint of the passport key')
  if (params.nonce === undefined || params.nonce === '') throw new Refusal('ask_untrusted', 'no "nonce"')
  if (Math.abs(now - params.created) > FRESH_SECONDS) throw new Refusal('ask_stale', `created ${params.created}, now ${now}`)
  if (params.expires !== undefined && params.expires <= now)
    throw new Refusal('ask_stale', `expires ${params.expires}, now ${now}`)
}

function checkDigest(header: string | undefined, content: Uint8Array, crypto: CryptoPort): void {
  const digest = distrust('Content-Digest', () => parseContentDigest(header ?? ''))
  if (!equal(digest, crypto.sha256(content))) throw new Refusal('ask_untrusted', 'Content-Digest is not the hash of the content')
}

/** `Idempotency-Key` is covered exactly when it is there: one that was not signed could be changed on the way. */
function baseOf(member: SignatureMember, headers: AskHeaders, passport: string, endpoint: string): Uint8Array {
  const components: (readonly [string, string])[] = [
    ['@method', 'POST'],
    ['@target-uri', endpoint],
    ['content-digest', headers.contentDigest ?? ''],
    ['x-aegis-passport', passport],
  ]
  if (headers.idempotencyKey !== undefined) components.push(['idempotency-key', headers.idempotencyKey])
  return distrust('the signature', () => {
    checkComponents(
      member,
      components.map(([name]) => name),
    )
    return signatureBase(components, member.paramsText)
  })
}

/** Whatever is wrong with evidence has one public code here. */
function distrust<T>(what: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refusal)
      throw new Refusal('ask_untrusted', `${what}: ${error.message}`, { cause: error })
    throw error
  }
}
