/** Small edits to valid evidence, from which the table of breakages is made. @module */
import { formatDidKey, formatMilliseconds, isObject, jwkOf, thumbprint, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { Broken } from './breakage.ts'
import type { MockHarness } from './harness.ts'
import { NAMES, namedSigner } from './keys.ts'
import { createMemoryLog } from './memory-log.ts'
import type { Changes, Wanted } from './mint.ts'
import { lineOf, withLine, type RawRequest } from './raw-request.ts'
import type { ReplayFault } from './replay-switch.ts'
import { witnessVkey } from './witness.ts'

/** A request with content. */
export const ORDER: Wanted = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

/** The request as it is, to a receiver as it is. */
export function sent(request: RawRequest): Broken {
  return { request }
}

/** A request minted with changes, to a receiver as it is. */
export function minted(harness: MockHarness, wanted: Wanted, changes?: Changes): Broken {
  return { request: harness.mint(wanted, changes) }
}

/** The line called `name` sent twice. */
export function repeated(request: RawRequest, name: string): Broken {
  const value = lineOf(request, name) ?? ''
  return { request: withLine(request, name, value, value) }
}

/** The line called `name` with another value. */
export function changeLine(request: RawRequest, name: string, change: (value: string) => string): RawRequest {
  return withLine(request, name, change(lineOf(request, name) ?? ''))
}

/** Two signatures with the tag that only one may have, both valid. */
export function twiceTagged(request: RawRequest): RawRequest {
  return changeLine(changeLine(request, 'Signature-Input', both), 'Signature', both)
}

function both(value: string): string {
  return `${value}, ${value.replace('aegis=', 'again=')}`
}

/** Claims of a token that was issued at `iat` (epoch seconds), for a minute. */
export function issuedAt(claims: JsonObject, iat: number): JsonObject {
  return entry({ ...claims, iat, exp: iat + 60 }, { ts: formatMilliseconds(iat * 1000) })
}

/** Claims with other members of the entry. */
export function entry(claims: JsonObject, members: JsonObject): JsonObject {
  return inside(claims, 'entry', members)
}

/** A credential with other members of its subject. */
export function subject(credential: JsonObject, members: JsonObject): JsonObject {
  return inside(credential, 'credentialSubject', members)
}

/** A credential with other members of its status entry. */
export function status(credential: JsonObject, members: JsonObject): JsonObject {
  return inside(credential, 'credentialStatus', members)
}

/** The list with other members of its first object. */
export function changeFirst(list: JsonValue | undefined, members: JsonObject): JsonValue {
  const first = Array.isArray(list) ? list[0] : undefined
  return [{ ...(isObject(first) ? first : {}), ...members }]
}

/** The list with the keys of its first party in a DID document. */
export function readByDidWeb(list: JsonValue | undefined): JsonValue {
  const first = Array.isArray(list) ? list[0] : undefined
  const members = Object.entries(isObject(first) ? first : {}).filter(([name]) => name !== 'keys')
  return [{ ...Object.fromEntries(members), didWeb: true }]
}

/** A decision in a log that the bundle knows, but not for this harness. */
export function otherLog(harness: MockHarness): Broken {
  const origin = 'ledger.example/elsewhere'
  const log = createMemoryLog(harness.crypto, origin, namedSigner('other log', origin), 10)
  const known = harness.trust()['ledgers']
  return {
    request: harness.mint({}, { log }),
    trust: { ledgers: [...(Array.isArray(known) ? known : []), { origin, vkey: log.vkey, assurance: 'proof' }] },
  }
}

/** A decision under a head whose lines are those of `checkpoint`, to a receiver that asks for the witness. */
export function cosigned(harness: MockHarness, checkpoint: (note: string) => string): Broken {
  const vkeys = [witnessVkey(harness.crypto, harness.keys.witness)]
  return {
    request: harness.mint({}, { checkpoint }),
    trust: { ledgers: changeFirst(harness.trust()['ledgers'], { assurance: 'cosigned', witnesses: { quorum: 1, vkeys } }) },
  }
}

/** Two decisions under heads of one size with two roots: the log shows each its own tree. */
export function twoViews(harness: MockHarness): Broken {
  const fork = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size)
  return {
    before: { request: harness.mint(), seconds: 0 },
    request: harness.mint({}, { log: fork }),
    trust: { ledgers: audited(harness) },
  }
}

/** A decision after one whose head nobody could find in the published tree for a minute. */
export function unproven(harness: MockHarness): Broken {
  harness.published.set('down')
  return {
    before: { request: harness.mint(), seconds: 61 },
    request: harness.mint({}, { claims: (claims) => ({ ...claims, exp: harness.clock.seconds() + 120 }) }),
    trust: { ledgers: audited(harness), time: { maxUnprovenSeconds: 60, maxLifetimeSeconds: 120 } },
  }
}

function audited(harness: MockHarness): JsonValue {
  return changeFirst(harness.trust()['ledgers'], { url: NAMES.logUrl })
}

/** A request to a receiver whose replay store fails. */
export function failing(harness: MockHarness, fault: ReplayFault): Broken {
  harness.replay.fail(fault)
  return { request: harness.mint() }
}

function inside(object: JsonObject, name: string, members: JsonObject): JsonObject {
  const inner = object[name]
  return { ...object, [name]: { ...(isObject(inner) ? inner : {}), ...members } }
}

/** An agent whose key is one of the log's: the log could act as the agent. */
export function sharedKey(harness: MockHarness): Broken {
  const { log } = harness.keys
  const sub = formatDidKey(log.publicKey)
  return {
    request: harness.mint(
      {},
      {
        passport: (vc) => ({ ...subject(vc, { id: sub }), cnf: { jwk: { ...jwkOf(log.publicKey) } } }),
        claims: (claims) => ({ ...claims, sub, cnf: { jkt: thumbprint(harness.crypto, log.publicKey) } }),
        possessionSigner: log,
      },
    ),
  }
}
