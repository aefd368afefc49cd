/** Connects only to addresses that were judged: a lookup that refuses, and the proof that this runtime asks it (spec chapter 2.8). @module */
import type { LookupFunction } from 'node:net'
import { Agent, request, type Dispatcher } from 'undici'
import type { LookupAll } from '../names.ts'

/**
 * A lookup for `net.connect` that asks `lookup` once, fails when there is no address or `accepts` refuses **any** of them, and gives back
 * the very addresses that were judged: a name that resolves otherwise a moment later changes nothing. Not called for a host that is an address.
 */
export function guardedLookup(lookup: LookupAll, accepts: (address: string) => boolean): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error !== null) return callback(error, [])
      if (first === undefined) return callback(new Error(`${name} has no address`), [])
      const refused = addresses.find(({ address }) => !accepts(address))
      // The address says what the network looks like from inside; it is for the receiver's own log.
      if (refused !== undefined) return callback(new Error(`${name} is at ${refused.address}, which may not be asked`), [])
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family)
    })
  }
}

/** Makes the connections of one kind of host, with the roots of `ca` (PEM) instead of those of the runtime when given. */
export type AgentOf = (lookup: LookupFunction, ca?: string) => Dispatcher

/**
 * HTTP/1.1 on TLS 1.2 or later, one request per connection: each reading looks the name up and checks the certificate anew, and one that
 * hangs holds no other party of its host up. Does not use the proxy variables of the environment: a proxy would look names up itself,
 * behind the guard.
 */
export const guardedAgent: AgentOf = (lookup, ca) =>
  new Agent({
    allowH2: false,
    pipelining: 0,
    maxCachedSessions: 0,
    maxHeaderSize: 16_384,
    connect: {
      lookup,
      timeout: 3000,
      minVersion: 'TLSv1.2',
      // Said aloud: a variable of the environment turns it off otherwise.
      rejectUnauthorized: true,
      ...(ca === undefined ? undefined : { ca }),
    },
  })

/**
 * Whether connections of `agentOf` ask their lookup on this runtime; on some they do not, and every guard would be for nothing. Asks no
 * network where they do: the lookup of this test fails, and the name is one that nobody can have (RFC 6761 §6.4).
 */
export async function asksLookup(agentOf: AgentOf): Promise<boolean> {
  let asked = false
  try {
    const probe = agentOf((_name, _options, callback) => {
      asked = true
      callback(new Error('a test of the lookup'), [])
    })
    const { body } = await request('https://lookup-guard.invalid/', { dispatcher: probe, signal: AbortSignal.timeout(1000) })
    body.on('error', () => {}).destroy()
  } catch {
    // Because the lookup failed, or else because of something that connects without it.
    return asked
  }
  return false
}
