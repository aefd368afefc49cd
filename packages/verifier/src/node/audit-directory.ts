/** Keeps the newest proven head of each log, and evidence against it, in the state directory (spec chapters 5.5 and 5.6). @module */
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeUtf8, Malformed, parseCheckpoint } from '@aiegis/protocol'
import type { AuditMemory } from '../audit.ts'
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
 * A memory in `directory`, which `createStateDirectory` has found to be safe: `ledger-head-….txt`, a signed note, and `ledger-evidence-….json`,
 * for `aiegis-ledger check`. While the second is there the log is closed, whatever is in it. Throws `TypeError` when a file is loaded
 * that could be somebody else's. Verifies nothing.
 */
export function createAuditDirectory(directory: string): AuditMemory {
  const headOf = (origin: string): string => join(directory, `ledger-head-${nameOf(origin)}.txt`)
  const evidenceOf = (origin: string): string => join(directory, `ledger-evidence-${nameOf(origin)}.json`)
  return {
    load: (origin) => ({ head: textIn(headOf(origin)), evidence: textIn(evidenceOf(origin)) }),
    async saveHead(origin, note) {
      const file = headOf(origin)
      // Another process may have proven a larger one.
      if ((await sizeIn(file)) > parseCheckpoint(note).size) return
      await replaceFile(file, note)
    },
    async saveEvidence(origin, evidence) {
      const file = evidenceOf(origin)
      // What was found first stays.
      if (lstatSync(file, { throwIfNoEntry: false }) === undefined) await replaceFile(file, evidence)
    },
  }
}

function nameOf(origin: string): string {
  return createHash('sha256').update(origin).digest('hex').slice(0, 32)
}

function textIn(file: string): string | undefined {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined
  // Not strict: only that there is evidence counts, and a head is verified.
  return new TextDecoder().decode(readTrustedFile(file, FILE))
}

async function sizeIn(file: string): Promise<bigint> {
  try {
    return parseCheckpoint(decodeUtf8(await readFile(file))).size
  } catch (error) {
    if (error instanceof Malformed || (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT')) return -1n
    throw error
  }
}
