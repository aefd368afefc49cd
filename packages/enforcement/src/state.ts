/** Takes the state directory for this process alone and reads the keys in it (spec chapters 1, 9 and 17). @module */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SyncSigner } from '@aiegis/protocol'
import { takeLock } from '@aiegis/ledger'
import { auditLogAt, type AuditLog } from './audit-log.ts'
import { hasKeys, loadAlsoLogKey, loadKeys, prepareState, type KeyRole, type KidOf } from './keys.ts'
import { createInterruptsFile } from './interrupts.ts'
import { loadOperatorKey } from './operator.ts'
import { createStatusFile } from './status.ts'
import { UsageError } from './usage.ts'

/** Where the state is. */
export interface StateOptions {
  /** Directory of keys, revocations and, unless the others say otherwise, of the ledger. Made when it is not there. */
  readonly state: string
  /**
   * SQLite file of the ledger, `ledger.db` in the state directory when absent; `tiles:` and a directory, made when it is not there, whose
   * part `public` any web server may serve; or the URL `postgres://…` of a database that several processes share, as a role that is only
   * a member of `aiegis_ledger_writer`.
   */
  readonly auditDb?: string | undefined
  /**
   * File of the newest released head; `last-checkpoint` in the state directory when absent. Whoever restores an old copy of the
   * ledger must not restore this file with it: where both are kept in one backup, it belongs on another disk.
   */
  readonly lastCheckpoint?: string | undefined
  /** File of the log key before or after `log.key`: while it is named, both sign every head. */
  readonly alsoLogKey?: string | undefined
}

/** State that no other process can take before `release`. */
export interface HeldState {
  readonly keys: Readonly<Record<KeyRole, SyncSigner>>
  readonly alsoLogKey: SyncSigner | undefined
  readonly statusFile: string
  readonly interruptsFile: string
  /** The operator's key. */
  readonly operatorKey: string
  readonly auditLog: AuditLog
  readonly lastCheckpointFile: string
  release(): void
}

/** Takes the state, before anything in it is read. Rejects with `UsageError`, also when another server has it. */
export async function openState(options: StateOptions, kids: KidOf, logOrigin: string): Promise<HeldState> {
  const { state } = options
  prepareState(state)
  const release = await takeLock(join(state, 'lock'))
  if (release === undefined)
    throw new UsageError(`--state ${state}: another server has it; end that one, or name another directory`)
  try {
    const statusFile = join(state, 'status.json')
    const interruptsFile = join(state, 'interrupts.json')
    const operatorFile = join(state, 'operator-token')
    const auditLog = auditLogAt(options.auditDb ?? join(state, 'ledger.db'), logOrigin)
    const lastCheckpointFile = options.lastCheckpoint ?? join(state, 'last-checkpoint')
    if (!existsSync(dirname(lastCheckpointFile)))
      throw new UsageError(`--last-checkpoint ${lastCheckpointFile}: its directory is missing; name a file in one that exists`)
    // Before their keys: who finds a key without what it signed must stop, and a start that was cut short is no such case.
    // Both: under the old status key an empty list would make revoked passports good again at receivers that pin it.
    if (!existsSync(join(state, 'issuer.key')) && !existsSync(join(state, 'status.key'))) createStatusFile(statusFile)
    if (!existsSync(join(state, 'log.key'))) await auditLog.prepare()
    // A server with any key has run before: what its operator interrupted must be there, also when the operator's key is not.
    if (!existsSync(operatorFile) && !hasKeys(state)) createInterruptsFile(interruptsFile)
    const operatorKey = loadOperatorKey(operatorFile)
    const keys = loadKeys(state, kids)
    const alsoLogKey = options.alsoLogKey === undefined ? undefined : loadAlsoLogKey(options.alsoLogKey, keys, kids.log)
    return { keys, alsoLogKey, operatorKey, statusFile, interruptsFile, auditLog, lastCheckpointFile, release }
  } catch (error) {
    release()
    throw error
  }
}
