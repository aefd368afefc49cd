/** What a route asks of content, judged by what was decided, before a byte is read (spec chapter 11.5). @module */
import { Refusal, type TokenClaims } from '@aiegis/protocol'
import { mediaTypeOf } from './media-type.ts'

/** What a route asks of the content of a request. */
export interface BodyRequirement {
  /** At most so many bytes, and never more than `limits.bodyBytes` of the trust bundle. */
  readonly maxBytes?: number
  /** Content of at least one byte, or none. */
  readonly presence?: 'required' | 'forbidden'
  /** Media types without parameters, such as `application/json`: content of at least one byte has one of them. */
  readonly mediaTypes?: readonly string[]
}

/** A requirement that was checked; media types in lower case. */
export interface CompleteBody {
  readonly maxBytes: number
  readonly presence: 'required' | 'forbidden' | undefined
  readonly mediaTypes: ReadonlySet<string> | undefined
}

/** Fills in what was left out. Throws `TypeError` for what cannot be meant. */
export function completeBody(body: BodyRequirement = {}): CompleteBody {
  const { maxBytes, presence, mediaTypes, ...others }: { readonly [Name in keyof BodyRequirement]?: unknown } = Object(body)
  const [other] = Object.keys(others)
  if (other !== undefined) throw new TypeError(`body: '${other}' is none of maxBytes, presence, mediaTypes`)
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0))
    throw new TypeError("body.maxBytes: write a whole number of bytes from 1; for none write presence: 'forbidden'")
  if (presence !== undefined && presence !== 'required' && presence !== 'forbidden')
    throw new TypeError("body.presence: write 'required' or 'forbidden', or leave it out")
  if (presence === 'forbidden' && (maxBytes ?? mediaTypes) !== undefined)
    throw new TypeError('body: where content is forbidden nothing else can be asked of it')
  return {
    maxBytes: maxBytes === undefined ? Number.POSITIVE_INFINITY : Number(maxBytes),
    presence,
    mediaTypes: mediaTypes === undefined ? undefined : typesOf(mediaTypes),
  }
}

function typesOf(mediaTypes: unknown): ReadonlySet<string> {
  const isList = Array.isArray(mediaTypes) && mediaTypes.length > 0
  if (!isList || !mediaTypes.every((type) => typeof type === 'string' && MEDIA_TYPE.test(type)))
    throw new TypeError("body.mediaTypes: write types without parameters, for example ['application/json']")
  return new Set(mediaTypes.map((type) => type.toLowerCase()))
}

/** RFC 9110 §8.3.1; no ranges. */
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}$/

/**
 * Throws `content_required`, `content_forbidden`, `media_type_not_accepted`. Looks at what was decided: that the request is it, binding has
 * shown for the type and the step content shows for the bytes.
 */
export function checkBody({ htc, htd }: Pick<TokenClaims, 'htc' | 'htd'>, { presence, mediaTypes }: CompleteBody): void {
  const isEmpty = htd === OF_NOTHING
  if (presence === 'required' && isEmpty) throw new Refusal('content_required', 'the route wants content')
  if (presence === 'forbidden' && !isEmpty) throw new Refusal('content_forbidden', 'the route takes no content')
  if (mediaTypes !== undefined && !isEmpty && !mediaTypes.has(mediaTypeOf(htc)))
    throw new Refusal('media_type_not_accepted', `${htc === '' ? 'no type' : htc} is none of ${[...mediaTypes].join(', ')}`)
}

/** base64url SHA-256 of zero bytes. */
const OF_NOTHING = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
