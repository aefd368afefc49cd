/** Opens a log for one act of its operator, as its writer (spec chapters 17.7 and 17.12). @module */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultCrypto, parseCheckpoint, type Checkpoint, type CryptoPort } from '@aiegis/protocol'
import type { Custody } from '../custody/custody.ts'
import { nodeFiles } from '../file-port.ts'
import { readLastCheckpoint } from '../last-checkpoint.ts'
import type { Log } from '../log.ts'
import { openLog } from '../open-log.ts'
import { openPostgresLog } from '../postgres/open.ts'
import { openTilesLog } from '../tiles/open.ts'
import { BrokenLog } from '../verify-log.ts'
import { checkPolicy, type WitnessPolicy } from '../witness/cosigner.ts'
import { loadKey } from '../witness/key.ts'
import { parseWitnessPolicy } from '../witness/policy.ts'
import { indexOf } from './entries.ts'
import { WrongCall, type ExitCode } from './failures.ts'
import { bytesOfFile, reasonOf } from './files.ts'
import { shownHead } from './heads.ts'
import type { Values } from './options.ts'
import { DEFAULT_DB, withSource } from './sources/open.ts'
import { isPostgres, poolFor } from './sources/postgres.ts'

/** Opens the log as its writer. `word` names an entry, which is looked for before that: clear text is read from a copy. */
export async function withWriter(
  values: Values,
  word: string | undefined,
  work: (custody: Custody, index: number) => Promise<ExitCode>,
): Promise<ExitCode> {
  const crypto = defaultCrypto()
  const db = values.db ?? DEFAULT_DB
  const found = await withSource(crypto, { db: values.db, url: undefined }, async (source) => {
    if (source.own === undefined) throw new WrongCall('this directory has no index: it is what a log publishes, and not the log')
    const head = await shownHead(source)
    if (source.own.origin !== head.origin)
      throw new BrokenLog(`the database is of log ${source.own.origin}, and its head of ${head.origin}`)
    return { head, index: word === undefined ? -1 : await indexOf({ crypto, source, head }, word) }
  })
  const { log, end } = await openWriter(crypto, db, values, found.head)
  try {
    if (log.custody === undefined) throw new WrongCall('this log keeps no clear text')
    return await work(log.custody, found.index)
  } finally {
    await log.close()
    await end()
  }
}

async function openWriter(
  crypto: CryptoPort,
  db: string,
  values: Values,
  head: Checkpoint,
): Promise<{ readonly log: Log; readonly end: () => Promise<void> }> {
  const isShared = isPostgres(db)
  const isDirectory = !isShared && statSync(db).isDirectory()
  const beside = isDirectory ? db : dirname(db)
  const keyFile = values.key ?? (isShared ? undefined : join(beside, 'log.key'))
  if (keyFile === undefined) throw new WrongCall('name the log key with --key')
  const policy = values.witnesses === undefined ? undefined : await bytesOfFile(values.witnesses, MAX_POLICY)
  const lastCheckpointFile = values['last-checkpoint']
  const also = values['also-key']
  const { origin } = head
  checkSigners(head, also !== undefined)
  const lastFile = lastCheckpointFile ?? join(beside, 'last-checkpoint')
  const released = await readLastCheckpoint(crypto, nodeFiles, lastFile).catch((cause: unknown) => {
    throw new WrongCall(`${lastFile} cannot be read: ${reasonOf(cause)}`, { cause })
  })
  if (policy === undefined && released !== undefined) checkUnwitnessed(parseCheckpoint(released))
  const options = {
    mustExist: true,
    origin,
    signer: loadKey(keyFile, origin),
    crypto,
    ...(also !== undefined && { alsoSigner: loadKey(also, origin) }),
    ...(policy && { witnesses: policyIn(crypto, policy) }),
  }
  if (isShared) {
    if (lastCheckpointFile === undefined)
      throw new WrongCall(
        'name a file of this command alone with --last-checkpoint: a writer of PostgreSQL keeps the newest head there',
      )
    const { pool, end } = await poolFor(db, true)
    try {
      return { log: await openPostgresLog({ ...options, pool, lastCheckpointFile }), end }
    } catch (error) {
      await end()
      throw error
    }
  }
  const outside = lastCheckpointFile === undefined ? {} : { lastCheckpointFile }
  const log = isDirectory
    ? await openTilesLog({ ...options, ...outside, directory: db })
    : await openLog({ ...options, ...outside, file: db })
  return { log, end: async () => undefined }
}

const MAX_POLICY = 16_384

function policyIn(crypto: CryptoPort, bytes: Uint8Array): WitnessPolicy {
  const policy = parseWitnessPolicy(crypto, bytes)
  try {
    checkPolicy(policy)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new WrongCall(`--witnesses: ${cause.message}`, { cause })
  }
  return policy
}

/** While a key is changed every head has a line of both; one without would end the change before receivers have the new key. */
function checkSigners({ origin, note }: Checkpoint, hasBoth: boolean): void {
  const lines = note.signatures.filter(({ name }) => name === origin).length
  if (lines > 1 && !hasBoth)
    throw new WrongCall('two keys sign this log while its key is changed; name one with --key and the other with --also-key')
  if (lines === 1 && hasBoth)
    throw new WrongCall('one key signs this log: --also-key would begin a change of its key, which is for its server to do')
}

function checkUnwitnessed({ origin, note }: Checkpoint): void {
  if (note.signatures.some(({ name }) => name !== origin))
    throw new WrongCall('witnesses sign the heads of this log; name the file of the witnesses of its server with --witnesses')
}
