/** The operations that can be held against vectors: the public functions of the protocol, one for each name. @module */
import { gunzipSync } from 'node:zlib'
import {
  canonicalize,
  checkDid,
  covers,
  decodeToken,
  defaultCrypto,
  hashLeaf,
  hasQuorum,
  importEd25519,
  LIMITS,
  LOG_KEY_TYPE,
  Malformed,
  normaliseUrl,
  parseCheckpoint,
  parseDidKey,
  parseJson,
  parseMission,
  parseProof,
  parseVkey,
  Refusal,
  statusBit,
  toHex,
  utf8,
  verifyConsistency,
  verifyEd25519,
  verifyHead,
  verifyInclusion,
  type Checkpoint,
  type HeadKeys,
  type JsonValue,
} from '@aiegis/protocol'
import { BadRequest, type Arguments } from './arguments.ts'

/** What an operation says: it holds, perhaps with a value, or it does not, with a code. */
export type Result = { readonly ok: true; readonly value?: JsonValue | undefined } | { readonly ok: false; readonly code: string }

/** One operation. `run` throws `BadRequest` for arguments of another form, and `Malformed` for data of another form. */
export interface Operation {
  readonly arguments: readonly string[]
  readonly run: (given: Arguments) => Result | Promise<Result>
}

const MAX_JSON = { maxBytes: 2_097_152, maxMembers: 1_000_000 }
/** Cosignatures are compared with no clock: their times are part of the answer. */
const LATEST = Number.MAX_SAFE_INTEGER
const crypto = defaultCrypto()

/** Operations by name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['ed25519.verify', { arguments: ['publicKey', 'message', 'signature'], run: verifySignature }],
  ['json.parse', { arguments: ['bytes'], run: (given) => good(parseJson(given.bytes('bytes'), MAX_JSON)) }],
  ['jcs', { arguments: ['bytes'], run: (given) => good(toHex(utf8(canonicalize(parseJson(given.bytes('bytes'), MAX_JSON))))) }],
  ['note.verify', { arguments: ['note', 'origin', 'vkeys', 'quorum'], run: verifyNote }],
  ['proof.verify', { arguments: ['proof', 'origin', 'vkeys', 'quorum', 'leaf'], run: verifyProof }],
  ['inclusion.verify', { arguments: ['index', 'size', 'leafHash', 'root', 'path'], run: includes }],
  ['consistency.verify', { arguments: ['size1', 'size2', 'root1', 'root2', 'path'], run: isConsistent }],
  ['did.parse', { arguments: ['did'], run: (given) => good(partsOfDid(checkDid(given.text('did')))) }],
  ['jws.parse', { arguments: ['token'], run: readToken }],
  ['mission.covers', { arguments: ['mission', 'action', 'target'], run: isCovered }],
  ['status.decode', { arguments: ['encodedList', 'index'], run: readStatus }],
  ['url.normalise', { arguments: ['url'], run: (given) => good(normaliseUrl(given.text('url'))) }],
])

function good(value?: JsonValue): Result {
  return { ok: true, value }
}

function verdict(holds: boolean, code: string): Result {
  return holds ? { ok: true } : { ok: false, code }
}

async function verifySignature(given: Arguments): Promise<Result> {
  const [message, signature] = [given.bytes('message'), given.bytes('signature')]
  const key = importEd25519(given.bytes('publicKey'))
  return verdict(await verifyEd25519(crypto, key, message, signature), 'signature_invalid')
}

async function verifyNote(given: Arguments): Promise<Result> {
  const keys = keysOf(given)
  const quorum = quorumOf(given)
  return judgeHead(parseCheckpoint(given.text('note')), keys, quorum)
}

async function verifyProof(given: Arguments): Promise<Result> {
  const [keys, quorum, leaf] = [keysOf(given), quorumOf(given), given.bytes('leaf')]
  const { index, path, checkpoint } = parseProof(given.text('proof'))
  const head = await judgeHead(checkpoint, keys, quorum)
  if (!head.ok) return head
  const { size, root } = checkpoint
  const isIncluded = verifyInclusion(crypto, { index, size, root, path, leafHash: hashLeaf(crypto, leaf) })
  return isIncluded ? head : { ok: false, code: 'inclusion_invalid' }
}

/** The codes of chapter 5, in its order: all known lines are verified, and a bad one counts whatever the others say. */
async function judgeHead(checkpoint: Checkpoint, keys: HeadKeys, quorum: number): Promise<Result> {
  const { log, witnesses } = await verifyHead(crypto, checkpoint, keys)
  if (log === 'unsigned') return { ok: false, code: 'checkpoint_unsigned' }
  if (log === 'bad') return { ok: false, code: 'checkpoint_signature_invalid' }
  if (witnesses.some((witness) => witness.verdict === 'bad')) return { ok: false, code: 'witness_signature_invalid' }
  if (!hasQuorum(witnesses, quorum, LATEST)) return { ok: false, code: 'witness_quorum_missing' }
  const times = witnesses.flatMap((witness) => ('seconds' in witness ? [String(witness.seconds)] : []))
  return good({ size: String(checkpoint.size), root: toHex(checkpoint.root), cosignedAt: times })
}

/** The one log key among `vkeys`, and the witness keys. A log key of another name than the origin signs nothing of it. */
function keysOf(given: Arguments): HeadKeys {
  const vkeys = given.textList('vkeys').map((text) => parseVkey(text, crypto))
  const [vkey, second] = vkeys.filter(({ type }) => type === LOG_KEY_TYPE)
  if (vkey === undefined || second !== undefined) throw new BadRequest('vkeys must have the key of one log')
  return { origin: given.text('origin'), vkey, witnesses: vkeys.filter((key) => key !== vkey) }
}

function quorumOf(given: Arguments): number {
  return Number(given.optionalSize('quorum') ?? 0n)
}

function includes(given: Arguments): Result {
  const claim = {
    index: given.size('index'),
    size: given.size('size'),
    leafHash: given.bytes('leafHash'),
    root: given.bytes('root'),
    path: given.bytesList('path'),
  }
  return verdict(verifyInclusion(crypto, claim), 'inclusion_invalid')
}

function isConsistent(given: Arguments): Result {
  const claim = {
    size1: given.size('size1'),
    size2: given.size('size2'),
    root1: given.bytes('root1'),
    root2: given.bytes('root2'),
    path: given.bytesList('path'),
  }
  return verdict(verifyConsistency(crypto, claim), 'consistency_invalid')
}

function partsOfDid(did: string): JsonValue {
  const method = did.split(':')[1] ?? ''
  return method === 'key' ? { method, publicKey: toHex(parseDidKey(did).bytes) } : { method }
}

/** A token, without its claims: nothing is verified. */
function readToken(given: Arguments): Result {
  const { kid, signer } = decodeToken(given.text('token'), LIMITS.token)
  return good({ kid, signer })
}

function isCovered(given: Arguments): Result {
  const mission = parseMission(given.value('mission'))
  return good(covers(mission, given.text('action'), given.text('target')))
}

function readStatus(given: Arguments): Result {
  const index = Number(given.size('index'))
  return good(statusBit(given.text('encodedList'), index, inflate))
}

function inflate(gzip: Uint8Array, maxOutputLength: number): Uint8Array {
  return gunzipSync(gzip, { maxOutputLength })
}

/** The code of an error that data causes; `undefined` for a fault of this program. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof BadRequest) return 'request_malformed'
  if (error instanceof Malformed) return 'malformed'
  return error instanceof Refusal ? error.code : undefined
}
