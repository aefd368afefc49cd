/** Makes chains of passports and delegations, each layer with a place to change it before the next one is built on it. @module */
import {
  AHP_VERSION,
  DELEGATION_TYPE,
  formatDidKey,
  formatSeconds,
  hashText,
  jwkOf,
  PASSPORT_TYPE,
  utf8,
  type JsonObject,
  type SyncSigner,
} from '@aiegis/protocol'
import { NAMES } from './keys.ts'
import type { Changes, Mill } from './mint.ts'
import { signJws } from './sign-jws.ts'

/** The agent at one place of the chain, 0 to 2; the principal is at 0. */
export function agentAt(mill: Mill, at: number): SyncSigner {
  const { agent, worker, helper } = mill.keys
  return [agent, worker, helper][at] ?? helper
}

/** The passport of the agent at one place, as JSON. */
export function passportOf(mill: Mill, at = 0): JsonObject {
  const fact = {
    grade: 'asserted',
    time: formatSeconds(mill.clock.seconds() - 86_400),
    digest: hashText(mill.crypto, utf8('evidence')),
  }
  const key = agentAt(mill, at).publicKey
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: NAMES.issuer,
    validFrom: formatSeconds(mill.clock.seconds() - 86_400),
    validUntil: formatSeconds(mill.clock.seconds() + 86_400),
    credentialSubject: {
      id: formatDidKey(key),
      attestations: {
        hardware: { ...fact, type: 'tpm2', jkt: hashText(mill.crypto, utf8('hardware key')) },
        human: { ...fact, type: 'fido2', id: 'did:web:acme.example:people:7f3a' },
        runtime: { ...fact, type: 'image-sha256' },
      },
      mission: [{ action: '*', target: `${mill.audience}/*` }],
      harness: [NAMES.harness],
      jurisdiction: 'EU',
      risk: 'limited',
      maxDepth: 2 - at,
    },
    cnf: { jwk: { ...jwkOf(key) } },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: String(94_567 + at),
      statusListCredential: NAMES.statusList,
    },
  }
}

/** The task of every chain with hand-offs. */
export const TASK = '01MOCKTASK0000000000000000'

/** The chain text with so many hand-offs. */
export function chainOf(mill: Mill, handOffs: number, changes: Changes): string {
  let chain = signedPassport(mill, 0, changes)
  for (let depth = 1; depth <= handOffs; depth++) {
    const claims = (changes.delegation ?? same)(delegationOf(mill, depth, handOffs, chain), depth)
    const parent = agentAt(mill, depth - 1)
    const header = (changes.delegationHeader ?? same)({ alg: 'Ed25519', typ: DELEGATION_TYPE, kid: parent.kid }, depth)
    chain = `${chain}~${signJws(header, claims, changes.delegationSigner?.(depth) ?? parent)}`
    chain = `${chain}~${signedPassport(mill, depth, changes)}`
  }
  return chain
}

function signedPassport(mill: Mill, at: number, changes: Changes): string {
  const header = (changes.passportHeader ?? same)(
    { alg: 'Ed25519', typ: PASSPORT_TYPE, cty: 'vc', kid: mill.keys.issuer.kid },
    at,
  )
  const { passportSigner } = changes
  const signer = typeof passportSigner === 'function' ? passportSigner(at) : passportSigner
  return signJws(header, (changes.passport ?? same)(passportOf(mill, at), at), signer ?? mill.keys.issuer)
}

function delegationOf(mill: Mill, depth: number, handOffs: number, before: string): JsonObject {
  const iat = mill.clock.seconds()
  return {
    ahp: AHP_VERSION,
    iss: formatDidKey(agentAt(mill, depth - 1).publicKey),
    sub: formatDidKey(agentAt(mill, depth).publicKey),
    aud: [mill.audience],
    iat,
    exp: iat + 3600,
    jti: `01MOCKHANDOFF${String(depth).padStart(13, '0')}`,
    txn: TASK,
    par: hashText(mill.crypto, utf8(before)),
    depth,
    maxDepth: handOffs - depth,
    mission: [{ action: '*', target: `${mill.audience}/*` }],
  }
}

function same<T>(value: T): T {
  return value
}
