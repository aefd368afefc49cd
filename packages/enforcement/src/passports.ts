/** Issues passports: a verifiable credential that says who an agent is and what it may do (spec chapter 8). @module */
import {
  checkDid,
  encodeJwsInput,
  equal,
  formatDidKey,
  formatSeconds,
  jwkOf,
  LIMITS,
  parsePassport,
  PASSPORT_TYPE,
  signJws,
  utf8,
  type Attestation,
  type Ed25519PublicKey,
  type Fact,
  type JsonObject,
  type MissionPair,
  type Passport,
  type RISKS,
  type Signer,
} from '@aiegis/protocol'
import type { StatusPublisher } from './status.ts'

/** What the issuer vouches for. Times are seconds. */
export interface PassportRequest {
  /** The agent's key; its did:key is the agent's name. */
  readonly agent: Ed25519PublicKey
  readonly mission: readonly MissionPair[]
  /** Harnesses that may decide for the agent; this server's when absent. */
  readonly harness?: readonly string[] | undefined
  /** Facts that are not given have the grade `none`. What stands here is the issuer's word; nothing is checked. */
  readonly attestations?: Partial<Readonly<Record<Fact, Attestation>>> | undefined
  readonly jurisdiction?: string | undefined
  readonly risk?: (typeof RISKS)[number] | undefined
  readonly maxDepth?: number | undefined
  readonly delegatedOnly?: boolean | undefined
  /** From now on; 30 days when absent, at most 366. */
  readonly lifetimeSeconds?: number | undefined
}

/** A passport and the index under which it can be revoked. */
export interface IssuedPassport {
  /** `vc+jwt`, the value of `X-AEGIS-Passport`. */
  readonly passport: string
  readonly agentDid: string
  readonly statusIndex: number
  /** Epoch seconds. */
  readonly validUntil: number
}

/** Who issues. */
export interface PassportIssuer {
  /** Issuer key; the DID of its kid is `did`. */
  readonly signer: Signer
  readonly did: string
  readonly harness: string
  readonly status: Pick<StatusPublisher, 'allocate'>
  readonly statusUrl: string
  /** Keys that have a role already, the server's own and those it accepts packs, passports and cosignatures from: a key has one role (spec chapter 1.5). */
  readonly taken: readonly Ed25519PublicKey[]
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Signs a passport. Rejects as `readAsReceiver` throws when the request makes none that receivers would read, and
 * with `TypeError` for a key that has another role.
 */
export async function issuePassport(issuer: PassportIssuer, request: PassportRequest): Promise<IssuedPassport> {
  if (hasRole(issuer, request.agent))
    throw new TypeError(
      'issuePassport: `agent` is a key with another role at this server, and a key has one role; give the agent another',
    )
  const agentDid = formatDidKey(request.agent)
  // The form is checked before an index is spent.
  const { validUntil } = readAsReceiver(issuer, request)
  const statusIndex = issuer.status.allocate()
  const credential = credentialOf(issuer, request, agentDid, statusIndex)
  const passport = await signJws(issuer.signer, { typ: PASSPORT_TYPE, cty: 'vc' }, credential)
  return { passport, agentDid, statusIndex, validUntil }
}

/** True for a key that has a role at this server: whoever has it must not be an agent too. */
export function hasRole({ taken }: Pick<PassportIssuer, 'taken'>, key: Ed25519PublicKey): boolean {
  return taken.some(({ bytes }) => equal(bytes, key.bytes))
}

/**
 * What receivers would read, with a status index of greatest length. Throws the `Refusal` of their reader when they would not, and
 * `RangeError` for a passport that does not fit its header, also beside those of a chain it is meant for (AHP-PASS-34).
 */
export function readAsReceiver(issuer: PassportIssuer, request: PassportRequest): Passport {
  const credential = credentialOf(issuer, request, formatDidKey(request.agent), 131_071)
  const read = parsePassport(utf8(JSON.stringify(credential)))
  const most = read.maxDepth === 2 || read.delegatedOnly ? LIMITS.passportInChain : LIMITS.passport
  const header = { alg: 'Ed25519', typ: PASSPORT_TYPE, cty: 'vc', kid: issuer.signer.kid }
  const length = encodeJwsInput(header, credential).length + '.'.length + SIGNATURE_LENGTH
  if (length > most) throw new RangeError(`the passport has ${length} characters, more than ${most}; shorten its mission`)
  return read
}

function credentialOf(issuer: PassportIssuer, request: PassportRequest, agentDid: string, statusIndex: number): JsonObject {
  const { mission, harness = [issuer.harness], attestations = {}, jurisdiction, risk, maxDepth, delegatedOnly } = request
  const validFrom = Math.floor(issuer.now() / 1000)
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: checkDid(issuer.did),
    validFrom: formatSeconds(validFrom),
    validUntil: formatSeconds(validFrom + (request.lifetimeSeconds ?? 30 * 86_400)),
    credentialSubject: {
      id: agentDid,
      attestations: {
        hardware: { ...(attestations.hardware ?? NONE) },
        human: { ...(attestations.human ?? NONE) },
        runtime: { ...(attestations.runtime ?? NONE) },
      },
      mission: mission.map(({ action, target }) => ({ action, target })),
      harness: [...harness],
      ...(jurisdiction === undefined ? {} : { jurisdiction }),
      ...(risk === undefined ? {} : { risk }),
      ...(maxDepth === undefined ? {} : { maxDepth }),
      ...(delegatedOnly === undefined ? {} : { delegatedOnly }),
    },
    cnf: { jwk: { ...jwkOf(request.agent) } },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: String(statusIndex),
      statusListCredential: issuer.statusUrl,
    },
  }
}

/** 64 bytes in base64url. */
const SIGNATURE_LENGTH = 86
const NONE: Attestation = { grade: 'none' }
