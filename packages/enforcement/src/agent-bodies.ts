/** Reads the bodies of the routes about agents, closed in every member (spec chapters 15.9 and 19). @module */
import {
  AGENT_DID,
  checkDid,
  decodeBase64url,
  FACTS,
  GRADES,
  IDENTIFIER,
  JURISDICTION,
  LIMITS,
  membersOf,
  parseJson,
  parseMission,
  Refusal,
  refuseAs,
  RISKS,
  STATUS_LIST,
  textOf,
  type Attestation,
  type JsonObject,
  type JsonValue,
} from '@aiegis/protocol'
import type { Interrupted } from './interrupts.ts'
import type { PassportRequest } from './passports.ts'

/** What a code stands for, and how long it may be used. */
export interface EnrolmentWanted extends Omit<PassportRequest, 'agent'> {
  readonly validSeconds: number
}

/** What an agent says to get its passport. */
export interface IssueClaim {
  readonly agentDid: string
  readonly challengeId: string
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** A passport or its index in the status list. */
export type Revoked = { readonly passport: string } | { readonly statusIndex: number }

/** Whom or what an operator interrupts, and why. */
export interface InterruptWanted {
  readonly what: Interrupted
  readonly reason: string | null
}

/** Bytes of the operator's words: what an entry has room for. */
export const MAX_REASON: number = LIMITS.denyReason
/** Bytes of a body: a mission of 16 pairs in which every character is escaped has less. */
export const MAX_BODY = 131_072
const DAY = 86_400
const DEFAULT_ENROLMENT_SECONDS = 600
const BASE64URL = /^[A-Za-z0-9_-]{1,64}$/
const member = membersOf('ask_malformed')

/** Body of POST /api/agent/enrol. Throws `ask_malformed`. Whether receivers would read such a passport is not checked here. */
export function parseEnrol(content: Uint8Array): EnrolmentWanted {
  const optional = [
    'harness',
    'attestations',
    'jurisdiction',
    'risk',
    'maxDepth',
    'delegatedOnly',
    'lifetimeSeconds',
    'validSeconds',
  ]
  const body = member.closed(json(content), 'the content', ['mission'], optional)
  const given = <T>(name: string, read: (name: string) => T): T | undefined =>
    Object.hasOwn(body, name) ? read(name) : undefined
  return {
    mission: member.parse('"mission"', () => parseMission(body['mission'])),
    harness: given('harness', (name) => member.list(body, name, 1, 4).map(readDid)),
    attestations: given('attestations', () => readAttestations(body)),
    jurisdiction: given('jurisdiction', (name) => member.string(body, name, JURISDICTION)),
    risk: given('risk', (name) => member.oneOf(body, name, RISKS)),
    maxDepth: given('maxDepth', (name) => member.integer(body, name, 0, 2)),
    delegatedOnly: given('delegatedOnly', (name) => readBoolean(body, name)),
    lifetimeSeconds: given('lifetimeSeconds', (name) => member.integer(body, name, 1, LIMITS.passportSeconds)),
    validSeconds: given('validSeconds', (name) => member.integer(body, name, 1, DAY)) ?? DEFAULT_ENROLMENT_SECONDS,
  }
}

/** Body of POST /api/agent/issue. Throws `ask_malformed`. */
export function parseIssue(content: Uint8Array): IssueClaim {
  const body = member.closed(json(content), 'the content', ['agent_pubkey', 'challenge_id', 'challenge_signature'])
  const signature = member.parse('"challenge_signature"', () => decodeBase64url(member.text(body, 'challenge_signature', 86)))
  if (signature.length !== 64) throw new Refusal('ask_malformed', '"challenge_signature" has not 64 bytes')
  return {
    agentDid: member.string(body, 'agent_pubkey', AGENT_DID),
    challengeId: member.string(body, 'challenge_id', BASE64URL),
    signature,
  }
}

/** Body of POST /api/agent/verify: the value of `X-AEGIS-Passport`. Throws `ask_malformed`. */
export function parseVerify(content: Uint8Array): string {
  return member.text(member.closed(json(content), 'the content', ['passport']), 'passport', LIMITS.passportHeader)
}

/** Body of POST /api/agent/revoke. Throws `ask_malformed`. */
export function parseRevoke(content: Uint8Array): Revoked {
  const body = member.closed(json(content), 'the content', [], ['passport', 'status_index'])
  if (Object.keys(body).length !== 1) throw new Refusal('ask_malformed', 'not one of "passport" and "status_index"')
  if (Object.hasOwn(body, 'passport')) return { passport: member.text(body, 'passport', LIMITS.passport) }
  return { statusIndex: member.integer(body, 'status_index', 0, STATUS_LIST.minBytes * 8 - 1) }
}

/** Body of POST /api/agent/suspend and /resume. Throws `ask_malformed`. */
export function parseInterrupt(content: Uint8Array): InterruptWanted {
  const body = member.closed(json(content), 'the content', [], ['agent', 'task', 'reason'])
  return { what: readInterrupted(body), reason: Object.hasOwn(body, 'reason') ? member.text(body, 'reason', MAX_REASON) : null }
}

/** Exactly one of `agent` and `task`. Throws `ask_malformed`. */
export function readInterrupted(body: JsonObject): Interrupted {
  const isTask = Object.hasOwn(body, 'task')
  if (isTask === Object.hasOwn(body, 'agent')) throw new Refusal('ask_malformed', 'not one of "agent" and "task"')
  if (isTask) return { task: member.string(body, 'task', IDENTIFIER) }
  const agent = member.closed(body['agent'], '"agent"', ['issuer', 'did'])
  return { agent: { issuer: readDid(agent['issuer']), did: member.string(agent, 'did', AGENT_DID) } }
}

function json(content: Uint8Array): JsonValue {
  return refuseAs('ask_malformed', () => parseJson(content, { maxBytes: MAX_BODY }))
}

function readDid(value: JsonValue | undefined): string {
  return member.parse('a DID', () => checkDid(textOf(value)))
}

function readBoolean(body: JsonObject, name: string): boolean {
  const value = body[name]
  return typeof value === 'boolean' ? value : member.fail(`"${name}" is not true or false`)
}

function readAttestations(body: JsonObject): NonNullable<PassportRequest['attestations']> {
  const all = member.closed(body['attestations'], '"attestations"', [], FACTS)
  return Object.fromEntries(Object.keys(all).map((fact) => [fact, readAttestation(all[fact])]))
}

/** The members that a fact may have, as text; which of them it needs, the reader of passports knows. */
function readAttestation(value: JsonValue | undefined): Attestation {
  const names = ['type', 'time', 'digest', 'jkt', 'id']
  const given = member.closed(value, 'an attestation', ['grade'], names)
  const texts = names.filter((name) => Object.hasOwn(given, name)).map((name) => [name, member.text(given, name, 512)] as const)
  return { grade: member.oneOf(given, 'grade', GRADES), ...Object.fromEntries(texts) }
}
