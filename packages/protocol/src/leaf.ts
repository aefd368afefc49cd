/** Builds the bytes that a log stores for a token: clear facts, commitments and the token's hash (spec chapter 4). @module */
import { decodeBase64url } from './base64.ts'
import { concat, utf8 } from './bytes.ts'
import { hashInto, hashText, type CryptoPort } from './crypto.ts'
import { canonicalize } from './jcs.ts'
import type { JsonValue } from './json.ts'
import { Malformed } from './refusal.ts'
import type { Entry, TokenClaims } from './wire.gen.ts'

/** Everything a leaf is made of; a receiver has all of it from the token alone. */
export interface LeafInput {
  /** The nine members that the token carries. */
  readonly entry: Entry
  /** `sub` of the token, or null in a decision about nobody. */
  readonly agentDid: string | null
  /** `kid` of the token's header. */
  readonly harnessKid: string
  /** Third segment of the token: the signature in base64url. */
  readonly ledgerSig: string
  /** The compact JWS, or its ASCII. */
  readonly token: string | Uint8Array
  /** 16 bytes of claim `salt`, not its base64url. */
  readonly salt: Uint8Array
}

/**
 * The leaf as JCS text in UTF-8. Seven members are commitments: who acted, on what and why can be erased beside the log, and the
 * leaf stays. Throws `Malformed` for a salt that is not 16 bytes, a `ts` that is no time and text that has no UTF-8.
 * Does not check that the parts belong together, nor the signature.
 */
export function buildLeaf(crypto: CryptoPort, input: LeafInput): Uint8Array {
  const { entry, salt } = input
  const hide = committer(crypto, salt)
  if (!TIME.test(entry.ts)) throw new Malformed('an entry whose time has no three decimals')
  // The names are in the order of JCS, and hashes need no escapes.
  const text =
    `{"entry":{"action":"${hide('action', entry.action)}"` +
    `,"agent_did":"${hide('agent_did', input.agentDid)}"` +
    `,"deciding_layer":${canonicalize(entry.deciding_layer)}` +
    `,"deciding_pack":"${hide('deciding_pack', entry.deciding_pack)}"` +
    `,"deciding_rule":"${hide('deciding_rule', entry.deciding_rule)}"` +
    `,"decision":${canonicalize(entry.decision)}` +
    `,"decision_ms":"${hide('decision_ms', entry.decision_ms)}"` +
    `,"deny_reason":"${hide('deny_reason', entry.deny_reason)}"` +
    `,"harness_kid":${canonicalize(input.harnessKid)}` +
    `,"ledger_sig":${canonicalize(input.ledgerSig)}` +
    `,"target":"${hide('target', entry.target)}"` +
    `,"ts":"${entry.ts.slice(0, SECONDS)}Z"}` +
    `,"tok":"${hashText(crypto, typeof input.token === 'string' ? utf8(input.token) : input.token)}","v":1}`
  return utf8(text)
}

/** A token whose signature was verified and whose claims were read. */
export interface TokenOfLeaf {
  readonly claims: TokenClaims
  readonly kid: string
  /** Third segment of the compact JWS. */
  readonly signatureText: string
  /** ASCII of the compact JWS. */
  readonly bytes: Uint8Array
}

/** The leaf of a token, from the token alone. Throws what `buildLeaf` throws. */
export function leafOfToken(crypto: CryptoPort, { claims, kid, signatureText, bytes }: TokenOfLeaf): Uint8Array {
  return buildLeaf(crypto, {
    entry: claims.entry,
    agentDid: claims.sub,
    harnessKid: kid,
    ledgerSig: signatureText,
    token: bytes,
    salt: decodeBase64url(claims.salt),
  })
}

/**
 * SHA-256 in base64url over a label, the field's name, HMAC-SHA-256(salt, field) and the JCS of the value: binding, and hiding as
 * long as the salt is not known. Each field has its own key, so that one opening says nothing about the others. Throws `Malformed`
 * for a salt that is not 16 bytes and for a value without JCS.
 */
export function commit(crypto: CryptoPort, salt: Uint8Array, field: string, value: JsonValue): string {
  return committer(crypto, salt)(field, value)
}

/**
 * HMAC (RFC 2104) as two plain hashes: engines take longer to set an HMAC up than to compute it. One set of buffers serves every leaf,
 * for allocating costs as much as hashing: the port is synchronous and keeps nothing of what it reads, and nothing here calls out.
 */
function committer(crypto: CryptoPort, salt: Uint8Array): (field: string, value: JsonValue) => string {
  if (salt.length !== SALT_LENGTH) throw new Malformed(`a salt of another length than ${SALT_LENGTH} bytes`)
  for (let index = 0; index < SALT_LENGTH; index++) {
    const byte = salt[index] ?? 0
    INNER[index] = 0x36 ^ byte
    OUTER[index] = 0x5c ^ byte
  }
  return (field, value) => {
    const { label, head, inner } = LABELS.get(field) ?? labelOf(field)
    INNER.set(label, BLOCK)
    hashInto(crypto, inner, OUTER, BLOCK)
    MESSAGE.set(head)
    hashInto(crypto, OUTER, MESSAGE, head.length)
    const text = value === null ? NULL : utf8(canonicalize(value))
    const start = head.length + 32
    if (start + text.length > MESSAGE_SPACE) return hashText(crypto, concat([MESSAGE.subarray(0, start), text]))
    MESSAGE.set(text, start)
    return hashText(crypto, MESSAGE.subarray(0, start + text.length))
  }
}

/** A field's name in UTF-8, alone and as the start of what is hashed. */
interface Label {
  readonly label: Uint8Array
  readonly head: Uint8Array
  /** The part of `INNER` that is hashed for this field. */
  readonly inner: Uint8Array
}

function labelOf(field: string): Label {
  const label = utf8(field)
  if (label.length > LABEL_SPACE) throw new RangeError(`a field with a name over ${LABEL_SPACE} bytes`)
  return { label, head: utf8(`aiegis-commit/v1\n${field}\n`), inner: INNER.subarray(0, BLOCK + label.length) }
}

/** Members of the entry that a leaf holds as commitments. */
const COMMITTED = ['agent_did', 'action', 'target', 'deny_reason', 'deciding_pack', 'deciding_rule', 'decision_ms'] as const
const LABEL_SPACE = 32
/** Enough for all fields but long targets. */
const MESSAGE_SPACE = 512
const SALT_LENGTH = 16
/** Block of SHA-256, in bytes. */
const BLOCK = 64
/** `YYYY-MM-DDThh:mm:ss`, after which the leaf says Z: milliseconds would tell more about a person's day than a log needs. */
const SECONDS = 19
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const NULL = utf8('null')
const INNER = new Uint8Array(BLOCK + LABEL_SPACE).fill(0x36, 0, BLOCK)
const OUTER = new Uint8Array(BLOCK + 32).fill(0x5c, 0, BLOCK)
const MESSAGE = new Uint8Array(MESSAGE_SPACE)
const LABELS: ReadonlyMap<string, Label> = new Map(COMMITTED.map((field) => [field, labelOf(field)]))
