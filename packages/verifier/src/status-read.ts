/** Reads one status list: fetched, signed by the issuer's status key, of this profile, and only then inflated (spec chapter 9). @module */
import {
  checkBits,
  decodeJws,
  decodeUtf8,
  gzipOf,
  Malformed,
  parseSeconds,
  parseStatusListClaims,
  STATUS_LIST,
  STATUS_LIST_TYPE,
  verifyJws,
  type CryptoPort,
  type Ed25519PublicKey,
} from '@aiegis/protocol'
import { after } from './after.ts'
import { mediaTypeOf } from './media-type.ts'

/**
 * Gets one URL over HTTP, without redirects and without decoding any content encoding. Rejects when no complete answer of at most
 * `maxBytes` of content came within `timeoutMs`. `contentType` is the field value as sent, `''` when there was none.
 */
export type HttpGet = (
  url: string,
  limits: { readonly maxBytes: number; readonly timeoutMs: number; readonly accept: string },
) => Promise<{ readonly status: number; readonly contentType: string; readonly body: Uint8Array }>

/** Inflates gzip (RFC 1952); throws or rejects when that is not possible or gives more than `maxBytes`. */
export type Inflate = (gzip: Uint8Array, maxBytes: number) => Uint8Array | Promise<Uint8Array>

/** A key that signs status lists; times in epoch seconds. */
export interface StatusKey {
  readonly key: Ed25519PublicKey
  readonly validFrom?: number
  readonly validUntil?: number
}

/** An issuer as the trust bundle describes it: where its lists are, and who signs them. */
export interface StatusIssuer {
  readonly did: string
  /** URLs, in the spelling that passports use. */
  readonly lists: readonly string[]
  /** Time after the start of the last good reading for which a list is used. */
  readonly maxStalenessSeconds: number
  key(kid: string): StatusKey | undefined
}

/** A list whose signature and members were checked. Times are epoch seconds, and are judged anew at each use. */
export interface StatusList {
  readonly bits: Uint8Array
  readonly validFrom: number
  readonly validUntil: number
  readonly key: StatusKey
}

/** A list and the compact JWS that it was read from. */
export interface ReadList {
  readonly text: string
  readonly list: StatusList
}

/** What reading a list needs from outside. */
export interface StatusReading {
  readonly get: HttpGet
  readonly inflate: Inflate
  readonly crypto: CryptoPort
  readonly timeoutMs: number
}

/**
 * Reads the list at `url` and gives its text with it. Rejects as `verifyStatusList` throws, and with whatever `get` rejects with. Does
 * not look at the clock: `isCurrent` does.
 */
export async function readStatusList(issuer: StatusIssuer, url: string, reading: StatusReading): Promise<ReadList> {
  const limits = { maxBytes: STATUS_LIST.maxText, timeoutMs: reading.timeoutMs, accept: MEDIA_TYPE }
  const answer = await reading.get(url, limits)
  if (answer.status !== 200) throw new Malformed(`status ${answer.status} instead of 200`)
  if (mediaTypeOf(answer.contentType) !== MEDIA_TYPE) throw new Malformed(`content that is not ${MEDIA_TYPE}`)
  const text = decodeUtf8(answer.body)
  return { text, list: await verifyStatusList(issuer, url, text, reading) }
}

/**
 * The list in `text`, at once where the ports answer at once. Throws `Malformed`, `Refusal` or what `inflate` throws for anything else
 * than a list of this profile for `url`, signed by a status key of `issuer`. Does not look at the clock: `isCurrent` does.
 */
export function verifyStatusList(
  issuer: StatusIssuer,
  url: string,
  text: string,
  { crypto, inflate }: Pick<StatusReading, 'crypto' | 'inflate'>,
): StatusList | Promise<StatusList> {
  const jws = decodeJws(text, { ...STATUS_LIST_TYPE, maxBytes: STATUS_LIST.maxText })
  const key = jws.signer === issuer.did ? issuer.key(jws.kid) : undefined
  if (key === undefined) throw new Malformed('a status list of a key that the bundle does not name for this issuer')
  return after(verifyJws(crypto, jws, key.key), (payload) => {
    if (payload === undefined) throw new Malformed('a status list whose signature does not verify')
    const claims = parseStatusListClaims(payload)
    if (claims.id !== url) throw new Malformed('a status list for another URL')
    if (claims.issuer !== issuer.did) throw new Malformed('a status list of another issuer')
    const gzip = gzipOf(claims.credentialSubject.encodedList)
    // Only now: whoever can answer at the URL must not choose what is inflated.
    return after(inflate(gzip, STATUS_LIST.maxBytes), (bits) => ({
      bits: checkBits(gzip, bits),
      validFrom: parseSeconds(claims.validFrom),
      validUntil: parseSeconds(claims.validUntil),
      key,
    }))
  })
}

/** Whether `list` and its key may be used at `now`; all in epoch seconds. */
export function isCurrent(list: StatusList, now: number, skewSeconds: number): boolean {
  const { validFrom = 0, validUntil = Number.POSITIVE_INFINITY } = list.key
  return list.validFrom <= now + skewSeconds && now < list.validUntil && validFrom <= now && now < validUntil
}

const MEDIA_TYPE = 'application/vc+jwt'
