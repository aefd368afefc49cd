/** A witness: signs the largest consistent head of each log that it knows, and never one that goes back (c2sp.org/tlog-witness; spec chapter 17.8). @module */
import {
  cosignatureMessage,
  equal,
  formatCosignature,
  formatNote,
  formatVkey,
  LOG_KEY_TYPE,
  Malformed,
  parseCheckpoint,
  parseVkey,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyConsistency,
  WITNESS_KEY_TYPE,
  type Checkpoint,
  type CryptoPort,
  type Signer,
  type Vkey,
} from '@aiegis/protocol'
import { parseAddCheckpoint, SIZE_TYPE, type AddCheckpoint } from './messages.ts'
import type { WitnessStore } from './store.ts'

/** Who witnesses what. */
export interface WitnessOptions {
  /** Name of the witness in its signature lines; by custom a URL without scheme. */
  readonly name: string
  /** A key of its own: not one of a log, and one for each witness. */
  readonly signer: Signer
  /** Keys of the logs that are witnessed; their names are the origins. A log that changes its key has two. */
  readonly logs: readonly Vkey[]
  readonly store: WitnessStore
  readonly crypto: CryptoPort
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** An answer that any HTTP server can send. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly type: string
  readonly body: string
}

/** A witness. */
export interface Witness {
  /** Verifier key of the cosignatures. */
  readonly vkey: string
  /** Answers `add-checkpoint`. Rejects only with what storage or key fail with; then nothing was signed for anybody. */
  add(body: Uint8Array): Promise<WitnessAnswer>
  /** The largest head of the log whose origin has this SHA-256 in hexadecimal. */
  latest(originHash: string): WitnessAnswer
}

/** The witness. Throws `TypeError` for keys in a wrong role and for a name that no note can carry. */
export function createWitness({ name, signer, logs, store, crypto, now }: WitnessOptions): Witness {
  const vkey = keyOf(name, signer, crypto)
  for (const log of logs) {
    if (log.type !== LOG_KEY_TYPE) throw new TypeError(`${log.text} is not the key of a log`)
    if (equal(log.key.bytes, signer.publicKey.bytes)) throw new TypeError(`${log.text} is the key of the witness itself`)
  }
  const origins = new Map(logs.map(({ name: origin }) => [toHex(crypto.sha256(utf8(origin))), origin]))

  /** The refusal for a head that must not be signed, or nothing. */
  async function judge({ old, path, checkpoint }: AddCheckpoint): Promise<WitnessAnswer | undefined> {
    const keys = logs.filter((log) => log.name === checkpoint.origin)
    if (keys.length === 0) return refuse(404, 'unknown log')
    const verdicts = await Promise.all(keys.map((key) => Promise.resolve(verifyCheckpoint(crypto, checkpoint, key.name, key))))
    // A known key whose line does not verify makes a note worthless, whatever other lines it has.
    if (!verdicts.includes('ok') || verdicts.includes('bad')) return refuse(403, 'no good signature of the log')
    if (old > checkpoint.size) return refuse(400, 'the old size is larger than the checkpoint')
    if (checkpoint.size > BigInt(Number.MAX_SAFE_INTEGER)) return refuse(400, 'a size over 2^53 − 1')
    const known = store.get(checkpoint.origin)
    if (old !== (known?.size ?? 0n)) return conflict(known?.size ?? 0n)
    return extendsKnown(crypto, known && parseCheckpoint(known.note), path, checkpoint)
      ? undefined
      : refuse(422, 'the consistency proof does not lead from the head that was signed to this one')
  }

  return {
    vkey: vkey.text,
    async add(body) {
      let request: AddCheckpoint
      try {
        request = parseAddCheckpoint(body)
      } catch (error) {
        if (error instanceof Malformed) return refuse(400, error.message)
        throw error
      }
      const refusal = await judge(request)
      if (refusal !== undefined) return refusal
      const { checkpoint, old } = request
      const { text, signatures } = checkpoint.note
      const seconds = BigInt(Math.floor(now() / 1000))
      const line = {
        name,
        id: vkey.id,
        signature: formatCosignature(seconds, await signer.sign(cosignatureMessage(seconds, text))),
      }
      // Lines of anybody may come with it, named like other logs too: only those of this log, which were verified, are kept.
      const own = signatures.filter(
        (one) => one.name === checkpoint.origin && logs.some((log) => log.name === one.name && log.id === one.id),
      )
      // While the key signed, another request may have been faster; what was signed for this one then stays here.
      if (!store.replace(checkpoint.origin, old, { size: checkpoint.size, note: formatNote(text, [...own, line]) }))
        return conflict(store.get(checkpoint.origin)?.size ?? 0n)
      return { status: 200, type: TEXT, body: formatNote('\n', [line]).slice(2) }
    },
    latest(originHash) {
      const origin = origins.get(originHash)
      const known = origin === undefined ? undefined : store.get(origin)
      return known === undefined ? refuse(404, 'no checkpoint') : { status: 200, type: TEXT, body: known.note }
    },
  }
}

/** True when the new head contains the one that was signed, if there was one: of an empty tree everything is a continuation. */
function extendsKnown(
  crypto: CryptoPort,
  known: Checkpoint | undefined,
  path: readonly Uint8Array[],
  { size, root }: Checkpoint,
): boolean {
  if (known === undefined || known.size === 0n) return path.length === 0
  return verifyConsistency(crypto, { size1: known.size, size2: size, root1: known.root, root2: root, path })
}

function keyOf(name: string, signer: Signer, crypto: CryptoPort): Vkey {
  try {
    return parseVkey(formatVkey(name, WITNESS_KEY_TYPE, signer.publicKey, crypto), crypto)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new TypeError('a witness: `name` names a key in notes: 1 to 256 characters without spaces and without "+"', { cause })
  }
}

function refuse(status: 400 | 403 | 404 | 422, reason: string): WitnessAnswer {
  return { status, type: TEXT, body: `${reason}\n` }
}

function conflict(size: bigint): WitnessAnswer {
  return { status: 409, type: SIZE_TYPE, body: `${size}\n` }
}

const TEXT = 'text/plain; charset=utf-8'
