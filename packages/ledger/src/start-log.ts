/** Starts a log on an open database: checks everything that could have gone wrong while nobody looked (spec chapter 17). @module */
import {
  consistencyPath,
  formatVkey,
  LOG_KEY_TYPE,
  Malformed,
  parseVkey,
  rootOf,
  type CryptoPort,
  type Signer,
  type Vkey,
} from '@aiegis/protocol'
import { nodeFiles, type FilePort } from './file-port.ts'
import { createLastCheckpoint, readLastCheckpoint, type LastCheckpoint } from './last-checkpoint.ts'
import { createLog, type Log } from './log.ts'
import { isSignedBy, recordKeys, signTree, type LogKey } from './log-keys.ts'
import { checkHead, recoverTree, type Identity, type Recovered } from './recover.ts'
import { NotAnswering, type Store } from './store.ts'
import { createStoredLog } from './stored-log.ts'
import { readStoredTile } from './stored-tile.ts'
import { createTileReader } from './tile-reader.ts'
import { EMPTY_TREE, type Tree } from './tree.ts'
import type { WantedHead } from './witness/client.ts'
import { createCosigner, type WitnessPolicy } from './witness/cosigner.ts'

/** How a log is started, wherever it is kept. */
export interface StartOptions {
  readonly identity: Identity
  readonly signer: Signer
  readonly alsoSigner: Signer | undefined
  readonly lastCheckpointFile: string
  readonly maxWaiting: number | undefined
  readonly witnesses: WitnessPolicy | undefined
  /** How files are written; the file system when absent. */
  readonly files: FilePort | undefined
}

/** The verifier key of a log key. Throws `TypeError` for an origin that cannot name a key. */
export function vkeyOf(origin: string, signer: Signer, crypto: CryptoPort): Vkey {
  try {
    return parseVkey(formatVkey(origin, LOG_KEY_TYPE, signer.publicKey, crypto), crypto)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new TypeError('a log: `origin` names a key in notes: 1 to 256 characters without spaces and without "+"', { cause })
  }
}

/**
 * The log in a store whose schema was checked. Rejects with an `Error` whose message says what is wrong: it is of another key, ends
 * before the last released checkpoint or does not contain it. Does not hash every entry again.
 */
export async function startLog(
  store: Store,
  { identity, signer, alsoSigner, lastCheckpointFile, maxWaiting, witnesses, files = nodeFiles }: StartOptions,
): Promise<Log> {
  const keys = keysOf(identity, signer, alsoSigner)
  const cosigner = witnesses && createCosigner(witnesses, identity, identity.crypto, Date.now)
  // Before anything is signed, and before the rows are read, which then have all that a witness saw.
  const shown = cosigner === undefined ? [] : await saying(cosigner.shown())
  const recovered = await recoverTree(identity, store)
  await checkRemembered(recovered, files, lastCheckpointFile)
  const outside = createLastCheckpoint(identity.crypto, files, lastCheckpointFile)
  const sign = (grown: Tree): Promise<string> => signTree(identity, keys, grown)
  const { tree } = recovered
  for (const head of shown) await checkHead(recovered, head.raw, 'the head that a witness remembers')
  const note = recovered.note ?? (await begin(store, await sign(tree)))
  const cosign = async (stored: string, over: Tree): Promise<string> =>
    cosigner === undefined ? stored : cosigner.cosign(wantedHead(identity.crypto, store, over, stored))
  // A crash may have come between commit and file: then nobody has seen this head, and it is released now.
  const released = await saying(cosign(note, tree))
  const remember = async (newer: string): Promise<void> => {
    await outside.write(newer)
    // After that: a head that everybody sees must be one that an old copy is held against.
    await store.publish?.(newer)
  }
  try {
    await remember(released)
    const parts = { identity, store: closingBoth(store, outside), tree, note, released, sign, cosign, remember, maxWaiting }
    const log = createLog(createStoredLog(parts), identity.crypto)
    if (recovered.note !== undefined && !isSignedBy(recovered.note, keys))
      await recordKeys(log, identity, keys, Math.floor(Date.now() / 1_000))
    return log
  } catch (error) {
    await outside.close()
    throw error
  }
}

function closingBoth(store: Store, outside: LastCheckpoint): Store {
  return {
    ...store,
    async close() {
      try {
        await outside.close()
      } finally {
        await store.close()
      }
    },
  }
}

function keysOf(identity: Identity, signer: Signer, also: Signer | undefined): readonly LogKey[] {
  const first = { signer, vkey: identity.vkey }
  if (also === undefined) return [first]
  const second = { signer: also, vkey: vkeyOf(identity.origin, also, identity.crypto) }
  if (second.vkey.text === first.vkey.text) throw new TypeError('a log: `alsoSigner` is another key than `signer`')
  return [first, second]
}

/** Turns what may be better later into a sentence for the operator, who starts the log again. */
async function saying<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof NotAnswering) throw new Error(`ledger: ${cause.message}`, { cause })
    throw cause
  }
}

/** A head and the proofs about it, from its own tree. */
function wantedHead(crypto: CryptoPort, store: Store, tree: Tree, note: string): WantedHead {
  const tiles = createTileReader(crypto, (level, n) => readStoredTile(crypto, store, tree, { level, n }))
  return {
    note,
    size: BigInt(tree.size),
    consistency: (old) => tiles.over(tree.size, (node) => consistencyPath(crypto, node, Number(old), tree.size)),
    root: (count) => tiles.over(Number(count), (node) => rootOf(crypto, node, Number(count))),
  }
}

/** Stores the head over nothing, unless another writer did. */
async function begin(store: Store, note: string): Promise<string> {
  await store.inTurn(async (turn) => {
    if ((await turn.head()).note === undefined) await turn.append({ start: 0, entries: [], tiles: [], tree: EMPTY_TREE, note })
  })
  return note
}

async function checkRemembered(recovered: Recovered, files: FilePort, file: string): Promise<void> {
  const remembered = await readLastCheckpoint(recovered.identity.crypto, files, file)
  if (remembered !== undefined) await checkHead(recovered, remembered, `the checkpoint in ${file}`)
  // A new log has none yet. An old one wrote it before its first entry was released.
  else if (recovered.tree.size > 0) {
    throw new Error(
      `ledger: ${file} is missing, so an old copy of the database would not be noticed; put the newest known checkpoint there`,
    )
  }
}
