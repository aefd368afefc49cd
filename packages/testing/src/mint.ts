/** Makes valid evidence for a request, layer by layer, with a place to change each layer before the next one is built on it. @module */
import {
  AHP_VERSION,
  buildLeaf,
  decodeBase64url,
  encodeBase64url,
  formatDidKey,
  formatMilliseconds,
  formatSignatureHeaders,
  formatSignatureParams,
  hashText,
  isObject,
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
import { agentAt, chainOf, TASK } from './passports.ts'
import type { RawRequest } from './raw-request.ts'
import { signJws } from './sign-jws.ts'

/** The request that a decision is asked for. */
export interface Wanted {
  readonly method?: string
  /** Absolute URL in normal form. */
  readonly url?: string
  readonly contentType?: string
  readonly content?: string
  /** Decided action; `http.` and the lower-case method by default. */
  readonly action?: string
  /** Hand-offs between principal and sender, at most 2; none by default. */
  readonly handOffs?: number
}

/** Changes to one layer each; everything that is built on the layer follows the change, everything below stays valid. */
export interface Changes {
  readonly tokenHeader?: (header: JsonObject) => JsonObject
  readonly claims?: (claims: JsonObject) => JsonObject
  readonly tokenSigner?: SyncSigner
  readonly tokenText?: (token: string) => string
  /** For each passport; `at` is its place, 0 is the principal's. */
  readonly passportHeader?: (header: JsonObject, at: number) => JsonObject
  readonly passport?: (credential: JsonObject, at: number) => JsonObject
  readonly passportSigner?: SyncSigner | ((at: number) => SyncSigner | undefined)
  /** For each delegation, from depth 1. */
  readonly delegationHeader?: (header: JsonObject, depth: number) => JsonObject
  readonly delegation?: (claims: JsonObject, depth: number) => JsonObject
  readonly delegationSigner?: (depth: number) => SyncSigner | undefined
  /** The value of `X-AEGIS-Passport`; `psp` follows. */
  readonly chain?: (chain: string) => string
  readonly logSigner?: SyncSigner
  /** The log that the decision is entered into. */
  readonly log?: MemoryLog
  /** The head of the log, after its own signature. */
  readonly checkpoint?: (note: string) => string
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

/** A request with evidence that a receiver of the same harness serves, unless `changes` break it. */
export function mint(mill: Mill, wanted: Wanted = {}, changes: Changes = {}): RawRequest {
  const { method = 'GET', url = `${mill.audience}/orders/7`, contentType, content = '' } = wanted
  const body = utf8(content)
  const handOffs = wanted.handOffs ?? 0
  const presenter = agentAt(mill, handOffs)
  const chain = (changes.chain ?? same)(chainOf(mill, handOffs, changes))
  const tokenHeader = (changes.tokenHeader ?? same)({ alg: 'Ed25519', typ: TOKEN_TYPE, kid: mill.keys.harness.kid })
  const claims = (changes.claims ?? same)(claimsOf(mill, { ...wanted, method, url }, body, chain, presenter))
  const token = (changes.tokenText ?? same)(signJws(tokenHeader, claims, changes.tokenSigner ?? mill.keys.harness))
  const proof = proofOf(mill, token, { kid: textOf(tokenHeader, 'kid'), claims }, changes)
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
      ...possessionLines(mill, token, claims, presenter, changes),
    ],
    body,
  }
}

function claimsOf(
  mill: Mill,
  wanted: Wanted & { readonly method: string; readonly url: string },
  body: Uint8Array,
  chain: string,
  presenter: SyncSigner,
): JsonObject {
  const iat = mill.clock.seconds()
  return {
    ahp: AHP_VERSION,
    iss: NAMES.harness,
    sub: formatDidKey(presenter.publicKey),
    aud: mill.audience,
    iat,
    exp: iat + 60,
    jti: mill.identifier(),
    txn: wanted.handOffs === undefined ? mill.identifier() : TASK,
    cnf: { jkt: thumbprint(mill.crypto, presenter.publicKey) },
    htm: wanted.method,
    htu: wanted.url,
    htc: wanted.contentType ?? '',
    htd: hashText(mill.crypto, body),
    psp: hashText(mill.crypto, utf8(chain)),
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
function proofOf(
  mill: Mill,
  token: string,
  { kid, claims }: { readonly kid: string; readonly claims: JsonObject },
  changes: Changes,
): string {
  const log = changes.log ?? mill.log
  const leaf = buildLeaf(mill.crypto, {
    entry: entryOf(claims),
    agentDid: textOf(claims, 'sub'),
    harnessKid: kid,
    ledgerSig: token.slice(token.lastIndexOf('.') + 1),
    token,
    salt: decodeBase64url(textOf(claims, 'salt')),
  })
  const index = log.append(leaf)
  return log.prove(index, (changes.checkpoint ?? same)(log.checkpoint(changes.logSigner)))
}

function possessionLines(
  mill: Mill,
  token: string,
  claims: JsonObject,
  presenter: SyncSigner,
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
  const signature = (changes.possessionSigner ?? presenter).sign(base)
  return Object.entries(formatSignatureHeaders('aegis', paramsText, signature))
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
