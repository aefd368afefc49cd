/** What a token will bind, computed from the request that was shown, and what policy shall read of it (spec chapter 15.3). @module */
import {
  canonicalize,
  decodeBase64url,
  encodeBase64url,
  LIMITS,
  parseNormalUrl,
  Refusal,
  refuseAs,
  type CryptoPort,
  type JsonObject,
  type JsonValue,
  type Obligation,
} from '@aiegis/protocol'
import { readShownContent, unacceptable } from './shown-content.ts'

/** The four bound values, the audience, and what policy reads. `input` is `undefined` when only the digest was shown. */
export interface Shown {
  readonly htm: string
  readonly htu: string
  readonly htc: string
  readonly htd: string
  readonly aud: string
  readonly input: JsonValue | undefined
  readonly obligations: readonly Obligation[]
}

const METHOD = /^[A-Z]{1,20}$/
const CONTENT_TYPE = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/
const HASH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const MAX_AUDIENCE = 256

/**
 * Reads `context.request`. Throws `ask_malformed` for members without their form, and `request_unacceptable` for a request that no
 * receiver would serve or read as policy does. Repairs nothing.
 */
export function readShown(request: JsonObject, crypto: CryptoPort): Shown {
  const withheld = Object.hasOwn(request, 'contentDigest')
  const names = ['method', 'url', 'contentType', withheld ? 'contentDigest' : 'content']
  const [method = '', url = '', contentType = '', content = ''] = names.map((name) => textOf(request, name))
  if (Object.keys(request).length !== names.length) throw new Refusal('ask_malformed', '"context.request" has an unknown member')
  if (!METHOD.test(method) || method === 'CONNECT' || method === 'TRACE') throw new Refusal('request_unacceptable', 'the method')
  if (!CONTENT_TYPE.test(contentType) || contentType.length > LIMITS.contentType)
    throw new Refusal('request_unacceptable', 'the content type')
  const { href, origin } = unacceptable('the URL', () => parseNormalUrl(url))
  if (origin.length > MAX_AUDIENCE) throw new Refusal('request_unacceptable', 'the URL has a long origin')
  const bound = { htm: method, htu: href, htc: contentType, aud: origin }
  if (withheld) {
    if (!HASH.test(content)) throw new Refusal('ask_malformed', '"contentDigest" is no hash')
    return { ...bound, htd: content, input: undefined, obligations: ['content_unseen'] }
  }
  const bytes = refuseAs('ask_malformed', () => decodeBase64url(content))
  if (bytes.length > LIMITS.content) throw new Refusal('request_unacceptable', 'more content than a receiver reads')
  const input = readShownContent(bytes, contentType)
  return {
    ...bound,
    htd: encodeBase64url(crypto.sha256(bytes)),
    input: input ?? null,
    // What policy did not read, or might read in another way than the handler, must not look as if it had been read.
    obligations: input === undefined ? ['content_unseen'] : [],
  }
}

/**
 * What policy reads: the content of the request when it was shown, else what the question says, which nobody held against a
 * request. Throws `input_mismatch` when the
 * question says something else than the content: policy would be asked about one thing and another would be sent.
 */
export function inputOf(asked: JsonValue | undefined, shown: Shown | undefined): JsonValue {
  if (shown?.input === undefined) return asked ?? null
  if (asked !== undefined && canonicalize(asked) !== canonicalize(shown.input))
    throw new Refusal('input_mismatch', 'input is not the content')
  return shown.input
}

function textOf(object: JsonObject, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  if (typeof value !== 'string') throw new Refusal('ask_malformed', `"context.request.${name}" is no text`)
  return value
}
