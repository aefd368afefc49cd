/** What a web server shows of a log in a directory after a crash, before anybody opens the log again. @module */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeUtf8, parseCheckpoint, parseProof } from '@aiegis/protocol'
import { verifyLog } from '../verify-log.ts'
import { CRASH_ORIGIN, crashVkey, type Report } from './load.ts'

/** The whole log is lost, not single entries. */
export class LogLost extends Error {
  override readonly name: string = 'LogLost'
}

/** What was released before the crash, and where the log is. */
export interface AfterCrash {
  readonly directory: string
  readonly seed: string
  readonly reports: readonly Report[]
  /** Whether to read every file. */
  readonly all: boolean
}

/** Released heads that are not under the published one. Rejects with `LogLost` when the files are not a whole log. */
export async function countUnpublished({ directory, seed, reports, all }: AfterCrash): Promise<number> {
  if (reports.length === 0) return 0
  const get = async (path: string): Promise<Uint8Array> => readFile(join(directory, 'public', path))
  try {
    const published = parseCheckpoint(decodeUtf8(await get('checkpoint')))
    const remembered = reports.map(({ proof }) => parseProof(proof).checkpoint).filter(({ size }) => size <= published.size)
    const notes = [...new Set(remembered.map(({ raw }) => raw))]
    if (all) await verifyLog(get, { origin: CRASH_ORIGIN, vkey: crashVkey(seed), remembered: notes })
    return reports.length - remembered.length
  } catch (cause) {
    throw new LogLost('the files are no log after a crash', { cause })
  }
}
