/** Which parties have their keys in DID documents, and which hosts may be asked for these (spec chapter 14). @module */
import { checkDid, didWebHost, Malformed } from '@aiegis/protocol'
import { elements, members, parsed, wrong, type Spot } from './trust-reader.ts'

/** A party whose keys are in its DID document. */
export interface DidWebParty {
  readonly role: 'harness' | 'issuer'
  readonly did: string
}

/** Where documents may be read from. */
export interface DidWebSettings {
  /** Hosts with their port, of those that need not be public, and how to ask them. All others: https, at public addresses. */
  readonly hosts: ReadonlyMap<string, 'https' | 'http'>
  /** Absolute path of a PEM file with the only roots accepted; null for those of the runtime. */
  readonly caFile: string | null
}

/** Reads `didWeb`. */
export function parseDidWeb(spot: Spot): DidWebSettings {
  if (spot.value === undefined) return { hosts: new Map(), caFile: null }
  const member = members(spot, { required: {}, optional: { allow: '', caFile: '' } })
  const hosts = new Map<string, 'https' | 'http'>()
  const listed = member('allow').value === undefined ? [] : elements(member('allow'), 0, 64, CURE)
  for (const element of listed) {
    const [scheme, host] = parsed(element, parseAllowed, CURE)
    if (hosts.has(host)) wrong(element, `a second entry for ${host}`, 'write one of them')
    hosts.set(host, scheme)
  }
  return { hosts, caFile: parsePath(member('caFile')) }
}

/** Throws when a party cannot be read: its host is this machine and `didWeb.allow` does not list it. */
export function checkReachable(spot: Spot, did: string, { hosts }: DidWebSettings): void {
  const host = didWebHost(did)
  if (hosts.has(host) || !/^localhost(?::|$)/.test(host)) return
  wrong(spot, 'a host that is this machine, and "didWeb.allow" does not list it', `write "didWeb": { "allow": ["${host}"] }`)
}

function parseAllowed(text: string): readonly ['https' | 'http', host: string] {
  const scheme = text.startsWith(PLAIN) ? 'http' : 'https'
  const host = scheme === 'http' ? text.slice(PLAIN.length) : text
  const did = checkDid(`did:web:${host.replace(':', '%3A')}`)
  if (didWebHost(did) !== host) throw new Malformed('not a host')
  if (scheme === 'http' && !/^localhost(?::|$)/.test(host)) throw new Malformed('http is for localhost only')
  return [scheme, host]
}

function parsePath(spot: Spot): string | null {
  const { value } = spot
  if (value === undefined || value === null) return null
  return typeof value === 'string' && /^(?:\/|[A-Za-z]:[\\/])/.test(value)
    ? value
    : wrong(spot, 'not an absolute path', 'write one that starts at the root, or null')
}

const PLAIN = 'http://'
const CURE =
  'write a host as DIDs have it, such as "identity.internal:8443", or "http://localhost:18081" to ask this machine without TLS'
