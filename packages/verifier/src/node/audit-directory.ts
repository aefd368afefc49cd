/** Keeps the newest proven head of each log, and evidence against it, in the state directory (spec chapters 5.5 and 5.6). @module */
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { decodeUtf8, Malformed, parseCheckpoint } from '@aiegis/protocol'
import type { AuditMemory } from '../audit.ts'
import { createNewestFiles, type Order } from './newest-files.ts'
import { replaceFile } from './state-files.ts'
import { readTrustedFile, type FileWords } from './trusted-file.ts'

const AGAIN = 'put a good copy back, or remove it: then nothing is known of this log'
const FILE: FileWords = {
  name: 'ledger memory',
  content: 'text',
  absent: AGAIN,
  ownerless: 'leave stateDirectory out',
  large: AGAIN,
}

/**
 * A memory in `directory`, which `createStateDirectory` has found to be safe: `ledger-head-….txt`, a signed note with its size in its name, and
 * `ledger-evidence-….json`, for `aiegis-ledger check`. While the second is there the log is closed, whatever is in it. Throws `TypeError`
 * when a file is loaded that could be somebody else's, or a head that is damaged. Several processes may share the directory. Verifies nothing.
 */
export function createAuditDirectory(directory: string): AuditMemory {
  const heads = createNewestFiles(directory, '.txt', FILE)
  const evidenceOf = (origin: string): string => join(directory, `ledger-evidence-${hashOf(origin)}.json`)
  return {
    load: (origin) => ({ head: heads.load(headOf(origin), parseHead), evidence: textIn(evidenceOf(origin)) }),
    saveHead: (origin, note) => heads.save(headOf(origin), [parseCheckpoint(note).size], note),
    dropHead: (origin, note) => heads.drop(headOf(origin), [parseCheckpoint(note).size], note),
    async saveEvidence(origin, evidence) {
      const file = evidenceOf(origin)
      // What was found first stays; of two processes that find some at once either's, for each of them closes the log.
      if (lstatSync(file, { throwIfNoEntry: false }) === undefined) await replaceFile(file, evidence)
    },
  }
}

function headOf(origin: string): string {
  return `ledger-head-${hashOf(origin)}`
}

function hashOf(origin: string): string {
  return createHash('sha256').update(origin).digest('hex').slice(0, 32)
}

/** The note, unverified; throws `Malformed` unless it is one of the size that its name says. */
function parseHead(bytes: Uint8Array, [size]: Order): string {
  const note = decodeUtf8(bytes)
  if (parseCheckpoint(note).size !== size) throw new Malformed('not the size that its name says')
  return note
}

function textIn(file: string): string | undefined {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined
  // Not strict: only that there is evidence counts.
  return new TextDecoder().decode(readTrustedFile(file, FILE))
}
