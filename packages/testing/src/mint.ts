/** Makes valid evidence for a request, layer by layer, with a place to change each layer before the next one is built on it. @module */
import {
  AHP_VERSION,
  buildLeaf,
  decodeBase64url,
  encodeBase64url,
  encodeJwsInput,
  formatDidKey,
  formatMilliseconds,
  formatSeconds,
  formatSignatureHeaders,
  formatSignatureParams,
  isObject,
  jwkOf,
  PASSPORT_TYPE,
  signatureBase,
  thumbprint,
  TOKEN_TYPE,
  utf8,
  withoutQuery,
  type CryptoPort,
  type Entry,
  type JsonObject,
  type SignatureParams,
  type SyncSigner,
} from '@aiegis/protocol'
import type { Clock } from './clock.ts'
import { NAMES, type Keys } from './keys.ts'
import type { MemoryLog } from './memory-log.ts'
import type { RawRequest } from './raw-request.ts'

/** The request that a decision is asked for. */
export interface Wanted {
  readonly method?: string
  /** Absolute URL in normal form. */
  readonly url?: string
  readonly contentType?: string
  readonly content?: string
  /** Decided action; `http.` and the lower-case method by default. */
  readonly action?: string
}

/** Changes to one layer each; everything that is built on the layer follows the change, everything below stays valid. */
export interface Changes {
  readonly tokenHeader?: (header: JsonObject) => JsonObject
  readonly claims?: (claims: JsonObject) => JsonObject
  readonly tokenSigner?: SyncSigner
  readonly tokenText?: (token: string) => string
  readonly passportHeader?: (header: JsonObject) => JsonObject
  readonly passport?: (credential: JsonObject) => JsonObject
  readonly passportSigner?: SyncSigner
  /** The value of `X-AEGIS-Passport`; `psp` follows. */
  readonly chain?: (chain: string) => string
  readonly logSigner?: SyncSigner
  /** The log that the decision is entered into. */
  readonly log?: MemoryLog
  readonly proofText?: (proof: string) => string
  /** The value of `X-AEGIS-Proof`. */
  readonly proof?: (value: string) => string
  readonly possession?: (params: SignatureParams) => SignatureParams
  readonly possessionSigner?: SyncSigner
}

/** What minting needs of its harness. */
export interface Mill {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly keys: Keys
  readonly log: MemoryLog
  readonly audience: string
  /** A new identifier on each call. */
  readonly identifier: () => string
}

const same = <T>(value: T): T => value

/** The passport that the mock issuer gives its agent, as JSON. */
export function passportOf(mill: Mill): JsonObject {
  const fact = { grade: 'asserted', time: formatSeconds(mill.clock.seconds() - 86_400), digest: hashText(mill, 'evidence') }
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: NAMES.issuer,
    validFrom: formatSeconds(mill.clock.seconds() - 86_400),
    validUntil: formatSeconds(mill.clock.seconds() + 86_400),
    credentialSubject: {
      id: formatDidKey(mill.keys.agent.publicKey),
      attestations: {
        hardware: { ...fact, type: 'tpm2', jkt: hashText(mill, 'hardware key') },
        human: { ...fact, type: 'fido2', id: 'did:web:acme.example:people:7f3a' },
        runtime: { ...fact, type: 'image-sha256' },
      },
      mission: [{ action: '*', target: `${mill.audience}/*` }],
      harness: [NAMES.harness],
      jurisdiction: 'EU',
      risk: 'limited',
    },
    cnf: { jwk: { ...jwkOf(mill.keys.agent.publicKey) } },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '94567',
      statusListCredential: NAMES.statusList,
    },
  }
}

/** A request with evidence that a receiver of the same harness serves, unless `changes` break it. */
export function mint(mill: Mill, wanted: Wanted = {}, changes: Changes = {}): RawRequest {
  const { method = 'GET', url = `${mill.audience}/orders/7`, contentType, content = '' } = wanted
  const body = utf8(content)
  const credential = (changes.passport ?? same)(passportOf(mill))
  const passportHeader = (changes.passportHeader ?? same)({
    alg: 'Ed25519',
    typ: PASSPORT_TYPE,
    cty: 'vc',
    kid: mill.keys.issuer.kid,
  })
  const passport = signJws(passportHeader, credential, changes.passportSigner ?? mill.keys.issuer)
  const chain = (changes.chain ?? same)(passport)
  const tokenHeader = (changes.tokenHeader ?? same)({ alg: 'Ed25519', typ: TOKEN_TYPE, kid: mill.keys.harness.kid })
  const claims = (changes.claims ?? same)(claimsOf(mill, { ...wanted, method, url }, body, chain))
  const token = (changes.tokenText ?? same)(signJws(tokenHeader, claims, changes.tokenSigner ?? mill.keys.harness))
  const proof = proofOf(mill, token, claims, changes)
  const evidence = {
    token,
    passport: chain,
    proof: (changes.proof ?? same)(encodeBase64url(utf8((changes.proofText ?? same)(proof)))),
  }
  const { origin } = new URL(url)
  return {
    method,
    target: url.slice(origin.length),
    lines: [
      ['Host', new URL(url).host],
      ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
      ...(body.length === 0 ? [] : [['Content-Length', String(body.length)] as const]),
      ['X-AEGIS-Token', evidence.token],
      ['X-AEGIS-Passport', evidence.passport],
      ['X-AEGIS-Proof', evidence.proof],
      ...possessionLines(mill, token, claims, changes),
    ],
    body,
  }
}

/** Signs header and payload as compact JWS. */
export function signJws(header: JsonObject, payload: JsonObject, signer: SyncSigner): string {
  const input = encodeJwsInput(header, payload)
  return `${input}.${encodeBase64url(signer.sign(utf8(input)))}`
}

function claimsOf(
  mill: Mill,
  wanted: Wanted & { readonly method: string; readonly url: string },
  body: Uint8Array,
  chain: string,
): JsonObject {
  const iat = mill.clock.seconds()
  return {
    ahp: AHP_VERSION,
    iss: NAMES.harness,
    sub: formatDidKey(mill.keys.agent.publicKey),
    aud: mill.audience,
    iat,
    exp: iat + 60,
    jti: mill.identifier(),
    txn: mill.identifier(),
    cnf: { jkt: thumbprint(mill.crypto, mill.keys.agent.publicKey) },
    htm: wanted.method,
    htu: wanted.url,
    htc: wanted.contentType ?? '',
    htd: encodeBase64url(mill.crypto.sha256(body)),
    psp: hashText(mill, chain),
    salt: encodeBase64url(mill.crypto.sha256(utf8(mill.identifier())).subarray(0, 16)),
    obl: [],
    entry: {
      ts: formatMilliseconds(iat * 1000 + 123),
      action: wanted.action ?? `http.${wanted.method.toLowerCase()}`,
      target: withoutQuery(wanted.url),
      decision: 'ALLOW',
      deciding_pack: null,
      deciding_rule: null,
      deciding_layer: null,
      deny_reason: null,
      decision_ms: 2,
    },
  }
}

/** Enters the decision into the log as the token states it and proves it under a checkpoint of its own. */
function proofOf(mill: Mill, token: string, claims: JsonObject, changes: Changes): string {
  const log = changes.log ?? mill.log
  const leaf = buildLeaf(mill.crypto, {
    entry: entryOf(claims),
    agentDid: textOf(claims, 'sub'),
    harnessKid: mill.keys.harness.kid,
    ledgerSig: token.slice(token.lastIndexOf('.') + 1),
    token,
    salt: decodeBase64url(textOf(claims, 'salt')),
  })
  const index = log.append(leaf)
  return log.prove(index, log.checkpoint(changes.logSigner))
}

function possessionLines(
  mill: Mill,
  token: string,
  claims: JsonObject,
  changes: Changes,
): readonly (readonly [string, string])[] {
  const cnf = claims['cnf']
  const params = (changes.possession ?? same)({
    created: mill.clock.seconds(),
    keyid: isObject(cnf) ? textOf(cnf, 'jkt') : '',
    tag: 'aegis-pop',
  })
  const paramsText = formatSignatureParams(['@method', '@target-uri', 'x-aegis-token'], params)
  const base = signatureBase(
    [
      ['@method', textOf(claims, 'htm')],
      ['@target-uri', textOf(claims, 'htu')],
      ['x-aegis-token', token],
    ],
    paramsText,
  )
  const signature = (changes.possessionSigner ?? mill.keys.agent).sign(base)
  return Object.entries(formatSignatureHeaders('aegis', paramsText, signature))
}

function hashText(mill: Mill, text: string): string {
  return encodeBase64url(mill.crypto.sha256(utf8(text)))
}

/** A member that is text, or nothing when a test has changed it into something else. */
function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}

/** The entry as the token states it, also when a test made it one that no harness would sign. */
function entryOf(claims: JsonObject): Entry {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return claims['entry'] as unknown as Entry
}
