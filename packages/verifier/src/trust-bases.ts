/** Under which public URL a request arrived: bases of the bundle, and the target URI that follows from one (spec chapters 7 and 14). @module */
import { Malformed, parseNormalUrl, parseOrigin, parseRequestTarget } from '@aiegis/protocol'
import { choice, elements, members, parsed, wrong, type Spot } from './trust-reader.ts'

/** One public URL under which callers reach the receiver. */
export interface Base {
  /** Origin and path without final slash. */
  readonly public: string
  readonly origin: string
  /** The host and port of `public` as `Host` names them. */
  readonly host: string
  /** `''` for the root, else a path without final slash: what the receiver sees in place of the path of `public`. */
  readonly mount: string
  readonly authority: 'match' | 'fixed'
}

/** Target URI of a request; `undefined` when no base answers for it. `authority` is the lower-case `Host`, `query` has its `?`. */
export type TargetUri = (authority: string, path: string, query: string) => string | undefined

/** Reads `bases`: 1 to 16, none of which can match a request that another one matches. */
export function parseBases(spot: Spot): readonly Base[] {
  const spots = elements(spot, 1, 16, 'write [{ "public": "https://api.example.com", "mount": "/", "authority": "match" }]')
  const bases = spots.map(parseBase)
  for (const [index, base] of bases.entries()) {
    const rival = bases.findIndex((other) => overlap(other, base))
    if (rival < index) {
      wrong(
        spots[index] ?? spot,
        `can match a request or give a URI that bases[${rival}] does`,
        'write another host, or a mount and a public URL outside of that one',
      )
    }
  }
  return bases
}

/** Reads `audience`: the origin of one of the bases. */
export function parseAudience(spot: Spot, bases: readonly Base[]): string {
  const origins = bases.map((base) => `"${base.origin}"`).join(' or ')
  const audience = parsed(spot, parseOrigin, `write ${origins}`)
  return bases.some((base) => base.origin === audience) ? audience : wrong(spot, 'not the origin of a base', `write ${origins}`)
}

/**
 * `public`, then the path without `mount`, then the query (spec 7.3). A path that is the mount itself has a URI only where `public` has a
 * path: otherwise the URI would have none, and a slash put in its place would be that of another request.
 */
export function targetUriOf(bases: readonly Base[]): TargetUri {
  return (authority, path, query) => {
    const base = bases.find((candidate) => {
      return (candidate.authority === 'fixed' || candidate.host === authority) && isBelow(path, candidate.mount)
    })
    if (base === undefined) return undefined
    const rest = path.slice(base.mount.length)
    return rest === '' && base.public === base.origin ? undefined : `${base.public}${rest}${query}`
  }
}

function parseBase(spot: Spot): Base {
  const member = members(spot, {
    required: { public: '"public": "https://api.example.com"', mount: '"mount": "/"', authority: '"authority": "match"' },
  })
  const url = parsed(
    member('public'),
    parsePublic,
    'write the origin and path without final slash, such as "https://api.example.com/v1"',
  )
  const mount = parsed(member('mount'), parseMount, 'write "/" or a path without final slash, such as "/internal"')
  return { ...url, mount, authority: choice(member('authority'), ['match', 'fixed']) }
}

function parsePublic(text: string): Pick<Base, 'public' | 'origin' | 'host'> {
  if (text.endsWith('/')) throw new Malformed('ends in a slash')
  // An origin is not a URL in normal form, its URL with a slash is.
  const { origin } = parseNormalUrl(`${text}/`, { allowQuery: false, maxBytes: 512 })
  return { public: text, origin, host: origin.slice(origin.indexOf('://') + 3) }
}

function parseMount(text: string): string {
  if (text === '/') return ''
  const { query } = parseRequestTarget(text)
  if (query !== '' || text.endsWith('/') || text.length > 256)
    throw new Malformed('has a query, a final slash or more than 256 characters')
  return text
}

/**
 * True when some `Host` and path match both, or when both can give one target URI: then one token would open two paths. Schemes are not
 * compared: a request does not carry one.
 */
function overlap(left: Base, right: Base): boolean {
  const sameHost = left.authority === 'fixed' || right.authority === 'fixed' || left.host === right.host
  const sameRequest = sameHost && (isBelow(left.mount, right.mount) || isBelow(right.mount, left.mount))
  return sameRequest || isBelow(left.public, right.public) || isBelow(right.public, left.public)
}

/** Whole segments: `/internal` is not above `/internals`. */
function isBelow(path: string, mount: string): boolean {
  return path === mount || path.startsWith(`${mount}/`)
}
