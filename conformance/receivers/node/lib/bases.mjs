/** Under which origin and path callers reach the receiver (spec chapter 7.3). @module */
import { must } from './refusal.mjs'
import { checkOrigin, parseTarget, parseUrl } from './url.mjs'

/** The bases of a bundle. Throws `Malformed` where two could fit one request or give one target URI (AHP-BUNDLE-2). */
export function readBases({ audience, bases: entries }) {
  checkOrigin(audience)
  const bases = entries.map(({ public: text, mount, authority }) => {
    const { origin, authority: host, path } = parseUrl(`${text}/`)
    const prefix = mount === '/' ? '' : mount
    parseTarget(`${prefix}/`)
    return { public: text, origin, host, hasPath: path !== '/', prefix, isFixed: authority === 'fixed' }
  })
  must(
    bases.some(({ origin }) => origin === audience),
    'audience is not the origin of one of its bases',
  )
  for (const [index, a] of bases.entries()) {
    for (const b of bases.slice(0, index)) {
      const isOneHost = a.isFixed || b.isFixed || a.host === b.host
      must(!isOneHost || !overlap(a.prefix, b.prefix), 'two bases fit one request')
      must(!overlap(a.public, b.public), 'two bases can give one target URI')
    }
  }
  return bases
}

/** The target URI of a request (AHP-BIND-14), or `undefined` when no base fits. */
export function targetUri(bases, host, { path, query }) {
  for (const base of bases) {
    const rest = path.slice(base.prefix.length)
    const fits = path.startsWith(base.prefix) && (rest === '' ? base.hasPath : rest.startsWith('/'))
    if (fits && (base.isFixed || host.toLowerCase() === base.host))
      return `${base.public}${rest}${query === undefined ? '' : `?${query}`}`
  }
  return undefined
}

function overlap(a, b) {
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)
}
