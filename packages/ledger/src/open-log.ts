/** Opens a log: takes the lock, checks everything that could have gone wrong while it was closed, and only then lets it append (spec chapter 17). @module */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  defaultCrypto,
  formatCheckpointBody,
  formatNote,
  formatVkey,
  LOG_KEY_TYPE,
  Malformed,
  parseCheckpoint,
  parseVkey,
  rootOf,
  utf8,
  verifyCheckpoint,
  type CryptoPort,
  type Signer,
  type Vkey,
} from '@aiegis/protocol'
import { readLastCheckpoint, writeLastCheckpoint } from './last-checkpoint.ts'
import { createLog, type Log, type LogParts } from './log.ts'
import { checkHead, recoverTree, type Identity, type Recovered } from './recover.ts'
import { prepareSchema } from './schema.ts'
import { closeDatabase, openDatabase, type Database } from './sqlite.ts'
import { createStore } from './store.ts'
import { noFullTile, nodesOf, type Tree } from './tree.ts'

/** Where a log is kept and who signs it. */
export interface LogOptions {
  /** SQLite file; created when it is not there, unless `mustExist`. Its directory must be. */
  readonly file: string
  /** The log key has signed before, or may have: then a log without its file would be a second one under the same key. */
  readonly mustExist?: boolean
  /** Name of the log in every checkpoint; a note key name, by custom a URL without scheme. */
  readonly origin: string
  /** Log key. Its verifier key has the name of the origin and type 0x01. */
  readonly signer: Signer
  readonly crypto?: CryptoPort
  /** Checkpoint kept outside the database; `last-checkpoint` beside it unless said otherwise. Best on another disk. */
  readonly lastCheckpointFile?: string
  /** Appends that may be unanswered at once before `overloaded`; 4,096 unless said otherwise. */
  readonly maxWaiting?: number
}

/**
 * Opens or creates a log. Rejects with an `Error` whose message says what is wrong: the file is open elsewhere, is of another log or
 * key, lost a trigger, ends before the last released checkpoint or does not contain it. Does not hash every entry again.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const crypto = options.crypto ?? defaultCrypto()
  const { origin, signer, file } = options
  const vkey = vkeyOf(origin, signer, crypto)
  if (options.mustExist === true && !existsSync(file)) {
    throw new Error(
      `ledger: ${file} is missing, and its log key would sign a second log; put the file back, or begin a new log with a new key and origin`,
    )
  }
  const database = await openDatabase(file)
  try {
    const lastCheckpointFile = options.lastCheckpointFile ?? join(dirname(file), 'last-checkpoint')
    return createLog(await recover({ crypto, origin, vkey }, database, signer, lastCheckpointFile, options.maxWaiting))
  } catch (error) {
    closeDatabase(database)
    throw error
  }
}

function vkeyOf(origin: string, signer: Signer, crypto: CryptoPort): Vkey {
  try {
    return parseVkey(formatVkey(origin, LOG_KEY_TYPE, signer.publicKey, crypto), crypto)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new TypeError('openLog: `origin` names a key in notes: 1 to 256 characters without spaces and without "+"', { cause })
  }
}

async function recover(
  identity: Identity,
  database: Database,
  signer: Signer,
  lastCheckpointFile: string,
  maxWaiting: number | undefined,
): Promise<LogParts> {
  prepareSchema(database, identity.origin)
  const store = createStore(database)
  const recovered = await recoverTree(identity, store)
  await checkRemembered(recovered, lastCheckpointFile)
  const sign = (grown: Tree): Promise<string> => signTree(identity, signer, grown)
  const stored = store.head()
  const checkpoint = stored ?? (await sign(recovered.tree))
  if (stored === undefined) store.append({ start: 0, entries: [], tiles: [], note: checkpoint })
  // A crash may have come between commit and file: then nobody has seen this head, and it is released now.
  await writeLastCheckpoint(lastCheckpointFile, checkpoint)
  return {
    origin: identity.origin,
    vkey: identity.vkey.text,
    crypto: identity.crypto,
    store,
    tree: recovered.tree,
    checkpoint,
    sign,
    remember: (note) => writeLastCheckpoint(lastCheckpointFile, note),
    closeStore: () => closeDatabase(database),
    maxWaiting,
  }
}

async function checkRemembered(recovered: Recovered, file: string): Promise<void> {
  const remembered = await readLastCheckpoint(file)
  if (remembered !== undefined) await checkHead(recovered, remembered, `the checkpoint in ${file}`)
  // A new log has none yet. An old one wrote it before its first entry was released.
  else if (recovered.tree.size > 0) {
    throw new Error(
      `ledger: ${file} is missing, so an old copy of the database would not be noticed; put the newest known checkpoint there`,
    )
  }
}

/** A note over the tree's root, with its signature verified: what a faulty key or device signs must not be stored. */
async function signTree({ crypto, origin, vkey }: Identity, signer: Signer, tree: Tree): Promise<string> {
  const body = formatCheckpointBody(origin, BigInt(tree.size), rootOf(crypto, nodesOf(tree, noFullTile), tree.size))
  const signature = await signer.sign(utf8(body))
  const note = formatNote(body, [{ name: vkey.name, id: vkey.id, signature }])
  const verdict = await verifyCheckpoint(crypto, parseCheckpoint(note), origin, vkey)
  if (verdict !== 'ok') throw new Error('the signer made a signature that does not verify')
  return note
}
