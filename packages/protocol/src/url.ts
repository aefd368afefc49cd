/** Decides which URLs and request targets exist for this profile: those with exactly one spelling (spec chapter 7, target). @module */
import { LIMITS } from './limits.ts'
import { Malformed } from './refusal.ts'

/** An absolute URL that is byte for byte its own WHATWG normal form; `href` = `origin` + `path` + `query`. */
export interface NormalUrl {
  readonly href: string
  readonly origin: string
  /** Starts with `/`. */
  readonly path: string
  /** With its `?`, or `''` when there is none; `?` alone is a query. */
  readonly query: string
}

/**
 * Parses an absolute https URL, or http for `localhost`, `127.0.0.1` and `[::1]`, that is already in normal form: lower-case host
 * without trailing dot, no default port, no userinfo, no fragment, and a target that obeys `parseRequestTarget`. At most `maxBytes`
 * bytes (1,024 when absent). Throws `Malformed`. Does not check that anybody trusts the host. Source: WHATWG URL §4.4, RFC 3986 §6.2.2.
 */
export function parseNormalUrl(text: string, options?: { readonly allowQuery?: boolean; readonly maxBytes?: number }): NormalUrl {
  if (text.length > (options?.maxBytes ?? LIMITS.targetUri)) throw new Malformed('URL is too long')
  const secure = text.startsWith('https://')
  if (!secure && !text.startsWith('http://')) throw new Malformed('URL is neither https nor http')
  const start = secure ? 8 : 7
  const slash = text.indexOf('/', start)
  if (slash < 0) throw new Malformed('URL has no path')
  checkAuthority(text.slice(start, slash), secure)
  const end = scanTarget(text, slash)
  if (options?.allowQuery === false && end < text.length) throw new Malformed('URL has a query')
  return { href: text, origin: text.slice(0, slash), path: text.slice(slash, end), query: text.slice(end) }
}

/** Parses an origin (`https://host[:port]`, without a final slash) under the rules of `parseNormalUrl`. Throws `Malformed`. Source: RFC 6454 §6.2. */
export function parseOrigin(text: string): string {
  if (text.endsWith('/') || parseNormalUrl(`${text}/`).origin !== text) throw new Malformed('not scheme, host and port alone')
  return text
}

/**
 * Parses the target of a request line as it was sent, origin-form only (RFC 9112 §3.2.1): printable ASCII that WHATWG URL leaves as it
 * is on every runtime; escapes in upper case and never of unreserved characters or NUL; no `//`, `\`, `#`, and no dot segment in the
 * path, also none that appears when the path is decoded once and cut at `;`. At most 1,024 bytes: no token covers more. Throws `Malformed`.
 */
export function parseRequestTarget(raw: string): { readonly path: string; readonly query: string } {
  if (raw.length > LIMITS.targetUri) throw new Malformed('request target is too long')
  if (raw.charCodeAt(0) !== SLASH) throw new Malformed('request target is not in origin-form')
  const end = scanTarget(raw, 0)
  return { path: raw.slice(0, end), query: raw.slice(end) }
}

/** The URL up to its first `?`. Does not check that it is one. */
export function withoutQuery(href: string): string {
  const end = href.indexOf('?')
  return end < 0 ? href : href.slice(0, end)
}

/**
 * Brings a URL into normal form before it is signed: what `URL` does, escapes in upper case, unreserved characters unescaped, `^` in
 * the path and `\` in the query escaped, the fragment dropped (it is never sent). Throws `Malformed` when no such form exists, among others for `//`.
 */
export function normaliseUrl(text: string): string {
  if (text.length > 4 * LIMITS.targetUri) throw new Malformed('URL is too long')
  const url = whatwgUrl(text)
  if (url.username !== '' || url.password !== '') throw new Malformed('URL has user information')
  url.hash = ''
  const [path = '', ...rest] = url.href.split('?')
  const query = rest.length > 0 ? `?${rest.join('?')}` : ''
  return parseNormalUrl(oneSpelling(path).replaceAll('^', '%5E') + oneSpelling(query).replaceAll('\\', '%5C')).href
}

const SLASH = 0x2f
const PERCENT = 0x25
const QUESTION = 0x3f
const DOT = 0x2e
const UNRESERVED = /^[A-Za-z0-9._~-]$/

/** Bit 1: may stand in a path; bit 2: may stand in a query. What WHATWG URL would escape, on some runtime, has neither. */
const IN_PATH = 1
const IN_QUERY = 2
const CHARACTERS: Uint8Array = new Uint8Array(128)
for (let code = 0x21; code < 0x7f; code++) {
  const character = String.fromCharCode(code)
  const inPath = !'"#%<>?\\^`{}'.includes(character)
  const inQuery = !'"#%\'<>\\'.includes(character)
  CHARACTERS[code] = (inPath ? IN_PATH : 0) | (inQuery ? IN_QUERY : 0)
}

/** Checks path and query from `start`, which is a slash, to the end of `text`; returns where the query starts. */
function scanTarget(text: string, start: number): number {
  let allowed = IN_PATH
  let end = text.length
  let hidden = false
  let previous = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === PERCENT) {
      checkEscape(text, at)
      at += 2
      hidden ||= allowed === IN_PATH
    } else if (code === QUESTION && allowed === IN_PATH) {
      end = at
      allowed = IN_QUERY
    } else if (((CHARACTERS[code] ?? 0) & allowed) === 0) {
      throw new Malformed('a character that must be escaped, or that may not stand in a target')
    } else if (previous === SLASH && allowed === IN_PATH) {
      if (code === SLASH) throw new Malformed('"//" in the path')
      hidden ||= code === DOT
    }
    previous = code
  }
  if (hidden) checkSegments(text.slice(start, end))
  return end
}

function checkEscape(text: string, at: number): void {
  const high = hexDigit(text.charCodeAt(at + 1))
  const low = hexDigit(text.charCodeAt(at + 2))
  if (high < 0 || low < 0) throw new Malformed('an escape is not "%" and two upper-case hexadecimal digits')
  const byte = high * 16 + low
  if (byte === 0) throw new Malformed('an escaped NUL')
  if (byte < 128 && UNRESERVED.test(String.fromCharCode(byte))) throw new Malformed('an escape of an unreserved character')
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1
}

/** Refuses dot segments of the path decoded once; `\` separates too and `;` ends a segment, because some routers read them so. */
function checkSegments(path: string): void {
  const decoded = path.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  for (const segment of decoded.split(/[/\\]/)) {
    if (/^\.\.?(?:;|$)/.test(segment)) throw new Malformed('a dot segment in the path')
  }
}

const AUTHORITY = /^(\[[0-9a-f:]{2,45}\]|[a-z0-9.-]{1,253})(?::([1-9][0-9]{0,4}))?$/
const LABELS = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Hosts that WHATWG URL reads as an address: their normal form is asked from `URL` itself. Labels of punycode are text here: runtimes differ on what decodes. */
const SPECIAL_HOST = /^\[|(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

function checkAuthority(authority: string, secure: boolean): void {
  const match = AUTHORITY.exec(authority)
  const host = match?.[1]
  if (host === undefined) throw new Malformed('host or port is not in normal form')
  const port = match?.[2]
  if (port !== undefined && (Number(port) > 65_535 || port === (secure ? '443' : '80')))
    throw new Malformed('port is out of range or the default')
  if (LOOPBACK.includes(host)) return
  if (SPECIAL_HOST.test(host)) {
    if (whatwgUrl(`https://${host}/`).hostname !== host) throw new Malformed('host is not in normal form')
  } else if (!LABELS.test(host)) {
    throw new Malformed('host is not a name of letters, digits and hyphens')
  }
  if (!secure) throw new Malformed('http is for loopback hosts only')
}

/** `URL.canParse` is not asked: on Node 20, once optimised, it answers false for Latin-1 text that `URL` accepts. */
function whatwgUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (error) {
    throw new Malformed('not a URL', { cause: error })
  }
}

/** Upper-case escapes, none of unreserved characters. Throws `Malformed` for a "%" that begins none: `%%32F` would become `%2F`. */
function oneSpelling(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw new Malformed('a "%" that is no escape')
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return UNRESERVED.test(character) ? character : escape.toUpperCase()
  })
}
