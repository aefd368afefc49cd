/** Keeps the documents of parties that are read by did:web: fresh, for a while when their host is down, and then not (chapter 2.8). @module */
import { partsOfDidWeb } from './did.mjs'
import { keysOfDocument, MAX_DOCUMENT } from './did-document.mjs'
import { addressesOf } from './addresses.mjs'
import { fetchWithin } from './fetch.mjs'
import { Malformed, Refusal } from './refusal.mjs'
import { readTrusted } from './trust-file.mjs'

const TYPES = ['application/did', 'application/did+json', 'application/did+ld+json', 'application/json']
const SECONDS = 3
const FRESH = 300
const LEAST_FRESH = 30
const USABLE = 3600
const PAUSE = 30

/** A source of keys. `clock` gives milliseconds since 1970, `steady` milliseconds that nobody sets. */
export function createDocuments({ allow, caFile }, clock = Date.now, steady = () => performance.now()) {
  const ca = caFile === null ? undefined : readTrusted(caFile, 'didWeb.caFile')
  const known = new Map()
  const now = () => clock() / 1000
  let offset = clock() - steady()

  /** AHP-BYTES-35: with a clock that was set back nobody knows how old a document is. */
  const forgetAfterSetBack = () => {
    const difference = clock() - steady()
    if (difference < offset - 5000) known.clear()
    offset = difference
  }
  const entryOf = (did) => {
    forgetAfterSetBack()
    if (!known.has(did))
      known.set(did, { keys: undefined, freshUntil: 0, failedAt: -Infinity, searchedAt: -Infinity, reading: undefined })
    return known.get(did)
  }
  /** Reads the document; readings of one at the same time are one. True when it could be read. */
  const read = (did, entry) => {
    entry.reading ??= (async () => {
      const asked = now()
      try {
        const { content, fields } = await fetchDocument(did, allow, ca)
        entry.keys = keysOfDocument(content, did)
        entry.freshUntil = asked + freshness(fields['cache-control'])
        entry.failedAt = -Infinity
        return true
      } catch (error) {
        if (!(error instanceof Malformed)) throw error
        entry.failedAt = now()
        return false
      } finally {
        entry.reading = undefined
      }
    })()
    return entry.reading
  }

  return {
    /** The key of `kid`, or `undefined` when a fresh document does not have it. Refuses with `keys_unavailable`. */
    async keyOf(did, kid) {
      const entry = entryOf(did)
      if (now() >= entry.freshUntil && now() - entry.failedAt >= PAUSE) await read(did, entry)
      if (entry.keys === undefined || now() >= entry.freshUntil + USABLE)
        throw new Refusal('keys_unavailable', did, Math.max(1, Math.ceil(entry.failedAt + PAUSE - now())))
      const found = entry.keys.get(kid)
      if (found !== undefined || now() >= entry.freshUntil) return found ?? unavailable(did, PAUSE)
      // AHP-BYTES-34: a name that nobody knows is looked for once in 30 seconds.
      const wait = entry.searchedAt + PAUSE - now()
      if (wait > 0) return unavailable(did, Math.ceil(wait))
      entry.searchedAt = now()
      return (await read(did, entry)) ? entry.keys.get(kid) : unavailable(did, PAUSE)
    },
  }
}

function unavailable(did, seconds) {
  throw new Refusal('keys_unavailable', did, seconds)
}

/** AHP-BYTES-25, AHP-BYTES-29 and AHP-BYTES-30. */
async function fetchDocument(did, allow, ca) {
  const { host, port, segments } = partsOfDidWeb(did)
  const authority = port === undefined ? host : `${host}:${port}`
  const isLocal = allow.has(`http://${authority}`) && host === 'localhost'
  const isListed = isLocal || allow.has(authority)
  if (host === 'localhost' && !isListed) throw new Malformed('localhost is not listed in didWeb.allow')
  const path = segments.length === 0 ? '/.well-known' : `/${segments.join('/')}`
  const begin = performance.now()
  const addresses = await within(addressesOf(host, { isListed, isLocal, seconds: SECONDS }), SECONDS)
  // The name was looked up once; the connection goes to what was found and to nothing else.
  const lookup = (_name, options, done) =>
    options.all ? done(null, addresses) : done(null, addresses[0].address, addresses[0].family)
  const seconds = SECONDS - (performance.now() - begin) / 1000
  return fetchWithin(`${isLocal ? 'http' : 'https'}://${authority}${path}/did.json`, {
    types: TYPES,
    maxBytes: MAX_DOCUMENT,
    seconds: Math.max(seconds, 0.001),
    connection: { lookup, ...(ca === undefined ? {} : { ca }) },
  })
}

async function within(promise, seconds) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Malformed('no address in time')), seconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** `Cache-Control` can shorten the 300 seconds to 30, and not lengthen them (AHP-BYTES-32). */
function freshness(cacheControl = '') {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((text) => text.trim())
  if (directives.some((text) => text === 'no-store' || text === 'no-cache' || text.startsWith('no-cache='))) return LEAST_FRESH
  const [, age] = /^max-age="?([0-9]{1,9})"?$/.exec(directives.find((text) => text.startsWith('max-age=')) ?? '') ?? []
  return age === undefined ? FRESH : Math.min(FRESH, Math.max(LEAST_FRESH, Number(age)))
}
