/** Whom the receiver trusts: the trust bundle, checked before anything is served (spec chapter 14). @module */
import { checkDid, didOfUrl, keyOfDid, keyOfJwk, thumbprint } from './did.mjs'
import { parseObject } from './json.mjs'
import { must } from './refusal.mjs'
import { readVkey } from './proof.mjs'
import { checkSchema } from './schema.mjs'
import { secondsOf } from './times.mjs'
import { readBases } from './bases.mjs'
import { parseUrl } from './url.mjs'

const MAX_BUNDLE = 1_048_576

/** The bundle in a form that can be used. Throws `Malformed` with a sentence that says what to write instead. */
export function readTrust(bytes) {
  const bundle = parseObject(bytes, MAX_BUNDLE, 100_000)
  checkSchema(bundle, 'trust-bundle')
  refuseWhatIsNotThere(bundle)
  must(bundle.replay !== undefined, 'there is no replay store; write "replay": {"memory": {"singleProcess": true}}')
  const roles = new Map()
  const ring = { roles, kids: new Set() }
  const ledgers = readLedgers(bundle.ledgers, roles)
  const harnesses = readParties(bundle.harnesses, 'harness', ring)
  const issuers = readParties(bundle.issuers, 'issuer', ring)
  for (const { did, ledgers: names } of harnesses.values())
    for (const name of names) must(ledgers.has(name), `${did} names the log ${name}, which ledgers does not have`)
  const { time = {}, limits = {}, require = {} } = bundle
  const readDids = [...harnesses.keys()].filter((did) => harnesses.get(did).didWeb && issuers.get(did)?.didWeb)
  must(readDids.length === 0, `${readDids[0]} is read by did:web in two roles; a document does not say which key is for which`)
  const allow = readAllowed(bundle.didWeb?.allow ?? [])
  for (const { did, didWeb } of [...harnesses.values(), ...issuers.values()]) if (didWeb) checkLocal(did, allow)
  const staleness = time.maxStalenessSeconds ?? 600
  for (const each of [staleness, ...[...issuers.values()].map(({ status }) => status.maxStalenessSeconds ?? staleness)])
    must((time.statusRefreshSeconds ?? 60) < each, 'statusRefreshSeconds is not below maxStalenessSeconds')
  return {
    audience: bundle.audience,
    bases: readBases(bundle),
    harnesses,
    issuers,
    ledgers,
    pinned: roles,
    didWeb: { allow, caFile: bundle.didWeb?.caFile ?? null },
    skew: time.skewSeconds ?? 5,
    time,
    limits,
    require,
    acceptWarn: bundle.acceptWarn ?? false,
    acceptObligations: bundle.acceptObligations ?? [],
    replay: bundle.replay.memory,
  }
}

/** AHP-BUNDLE-9: a receiver of level Standard, which never does less than it was asked to. */
function refuseWhatIsNotThere({ ledgers, time = {} }) {
  must(!ledgers.some(({ assurance }) => assurance === 'cosigned'), 'assurance cosigned is not implemented here; write proof')
  must(!ledgers.some(({ url }) => url !== undefined), 'logs are not audited here; take the URLs of ledgers out')
  must(time.maxUnprovenSeconds === undefined, 'logs are not audited here; take maxUnprovenSeconds out')
}

function readParties(entries, role, ring) {
  const parties = new Map()
  for (const entry of entries) {
    const { did, didWeb = false, ledgers = [], roles: places = [], status } = entry
    checkDid(did)
    must(!parties.has(did), `${did} is there twice as ${role}`)
    must(!didWeb || did.startsWith('did:web:'), `${did} is no did:web`)
    const keys = didWeb ? new Map() : readKeys(did, entry.keys, role, ring)
    parties.set(did, { did, role, didWeb, keys, ledgers, places, status: readStatus(did, status, ring) })
  }
  return parties
}

/** Lists and the keys that sign them; an unrevocable issuer has none of either. */
function readStatus(did, status, ring) {
  if (status === undefined || status === 'unrevocable') return { isUnrevocable: status !== undefined, lists: [], keys: new Map() }
  for (const list of status.lists) must(parseUrl(list).query === undefined, `${list} has a query`)
  return { ...status, isUnrevocable: false, keys: readKeys(did, status.keys, 'status', ring) }
}

/** AHP-BUNDLE-5: one `kid` is one key, in whatever role. */
function readKeys(did, entries, role, { roles, kids }) {
  const keys = new Map()
  for (const { kid, jwk, validFrom, validUntil } of entries) {
    const key = keyOfJwk(jwk)
    const begin = validFrom === undefined ? undefined : secondsOf(validFrom)
    const end = validUntil === undefined ? undefined : secondsOf(validUntil)
    must(didOfUrl(kid) === did && !kids.has(kid), `${kid} is not of ${did}, or is there twice`)
    must(role === 'status' || !did.startsWith('did:key:') || keyOfDid(did).equals(key), `${kid} is not the key of its DID`)
    must(begin === undefined || end === undefined || begin < end, `${kid} ends before it begins`)
    giveRole(key, role, roles)
    kids.add(kid)
    keys.set(kid, { key, begin, end })
  }
  return keys
}

/** AHP-BUNDLE-4. */
function giveRole(key, role, roles) {
  const jkt = thumbprint(key)
  must((roles.get(jkt) ?? role) === role, 'one key has two roles; give each role a key of its own')
  roles.set(jkt, role)
}

function readLedgers(entries, roles) {
  const ledgers = new Map()
  for (const { origin, vkey: text, witnesses = { quorum: 0, vkeys: [] } } of entries) {
    const vkey = readVkey(text)
    must(vkey.name === origin, `the verifier key of ${origin} has another name`)
    must(!ledgers.has(origin), `${origin} is there twice`)
    must(witnesses.quorum === 0 && witnesses.vkeys.length === 0, `${origin} has witnesses without cosigned`)
    giveRole(vkey.key, 'log', roles)
    ledgers.set(origin, vkey)
  }
  return ledgers
}

/** AHP-BUNDLE-8: this machine is read only where it is listed. */
function checkLocal(did, allow) {
  const authority = did.split(':')[2].replace('%3A', ':')
  const isListed = allow.has(authority) || allow.has(`http://${authority}`)
  must(isListed || !/^localhost(?::|$)/.test(authority), `${did} is at this machine; list ${authority} in didWeb.allow`)
}

/** Hosts with ports that may be local; `http://` only before localhost. */
function readAllowed(entries) {
  for (const entry of entries) {
    const url = entry.startsWith('http://') ? parseUrl(`${entry}/`) : parseUrl(`https://${entry}/`)
    must(
      url.path === '/' && (url.origin.startsWith('https://') || /^localhost(?::|$)/.test(url.authority)),
      `didWeb.allow: ${entry}`,
    )
  }
  return new Set(entries)
}
