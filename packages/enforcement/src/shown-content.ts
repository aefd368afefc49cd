/** What policy reads of content that was shown, and whether a handler can read the same bytes in another way (spec chapter 15.3). @module */
import { LIMITS, Malformed, parseJson, Refusal, type JsonValue } from '@aiegis/protocol'

/** RFC 9110 §8.3: a media type and its parameters, without what parsers disagree about: comments, escapes, empty parameters. */
const MEDIA_TYPE =
  /^([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)((?: *; *[!#$%&'*+.^_`|~\w-]+=(?:[!#$%&'*+.^_`|~\w-]+|"[ !#-[\]-~]*"))*)$/
const PARAMETER = /; *([^=]+)=(?:"([^"]*)"|([^ ;]*))/g
/** Many a handler looks at the text, not at its type, and reads what begins like this as JSON or as markup. */
const LIKE_DATA = /^\s*[{["<]/
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const MAX_PAIRS = 10_000

/**
 * What policy reads: JSON as its value, a form as a list of `[name, value]`, plain text as text, no content as null; `undefined` for
 * everything else, which is then unseen. Throws `request_unacceptable` for JSON and forms that parsers may read in different ways.
 * Types are taken at their word: a handler that reads JSON out of a form field, or a form out of plain text, reads what policy did not.
 */
export function readShownContent(bytes: Uint8Array, contentType: string): JsonValue | undefined {
  if (bytes.length === 0) return null
  const media = parseMediaType(contentType)
  if (media === undefined) return undefined
  const { type, isUtf8 } = media
  if (type === 'application/json' || type.endsWith('+json')) {
    // A receiver that believes the label would read other text in the same bytes.
    if (!isUtf8) throw new Refusal('request_unacceptable', 'JSON in another charset than UTF-8')
    return unacceptable('the content', () => parseJson(bytes, { maxBytes: LIMITS.content, maxMembers: 100_000 }))
  }
  if (!isUtf8) return undefined
  if (type === 'application/x-www-form-urlencoded') return unacceptable('the form', () => parseForm(bytes))
  return type === 'text/plain' ? plainText(bytes) : undefined
}

/** Runs a parser; `Malformed` becomes `request_unacceptable`. */
export function unacceptable<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal('request_unacceptable', `${what}: ${error.message}`, { cause: error })
    throw error
  }
}

interface MediaType {
  /** In lower case. */
  readonly type: string
  /** No `charset`, or `utf-8`. */
  readonly isUtf8: boolean
}

/** `undefined` for other grammar and for a parameter that stands twice: parsers take the first or the last. */
function parseMediaType(text: string): MediaType | undefined {
  const [, type, parameters = ''] = MEDIA_TYPE.exec(text) ?? []
  if (type === undefined) return undefined
  const values = new Map<string, string>()
  for (const [, name = '', quoted, token = ''] of parameters.matchAll(PARAMETER)) {
    if (values.has(name.toLowerCase())) return undefined
    values.set(name.toLowerCase(), quoted ?? token)
  }
  // RFC 8187 has `charset*`, which some parsers take for `charset`.
  if ([...values.keys()].some((name) => name !== 'charset' && name.startsWith('charset'))) return undefined
  return { type: type.toLowerCase(), isUtf8: (values.get('charset') ?? 'utf-8').toLowerCase() === 'utf-8' }
}

/** The WHATWG form parser, but for what it repairs: bad escapes, bytes that are no UTF-8, and NUL throw `Malformed`. */
function parseForm(bytes: Uint8Array): readonly (readonly [string, string])[] {
  const text = decodeText(bytes)
  if (text === undefined) throw new Malformed('not UTF-8')
  const fields = text.split('&').filter((field) => field !== '')
  if (fields.length > MAX_PAIRS) throw new Malformed(`more than ${MAX_PAIRS} fields`)
  return fields.map((field) => {
    const at = field.includes('=') ? field.indexOf('=') : field.length
    return [decodeField(field.slice(0, at)), decodeField(field.slice(at + 1))] as const
  })
}

function decodeField(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (BAD_ESCAPE.test(spaced)) throw new Malformed('an escape that is none')
  const value = decodeUri(spaced)
  if (value.includes('\0')) throw new Malformed('a NUL')
  return value
}

/** UTF-8 in escapes is checked as strictly as outside of them. */
function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) throw new Malformed('escapes that are no UTF-8', { cause: error })
    throw error
  }
}

/** UTF-16 without a label has zero bytes, and what begins like data is read as data by somebody. */
function plainText(bytes: Uint8Array): string | undefined {
  const text = decodeText(bytes)
  return text === undefined || text.includes('\0') || LIKE_DATA.test(text) ? undefined : text
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
