/** Everything that a log still says about one agent, with the proof of each entry: what a person may ask for (spec chapter 17.7). @module */
import { encodeBase64url, type CryptoPort, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { Log } from '../log.ts'
import type { Custody } from './custody.ts'
import { opensLeaf, readClear } from './openings.ts'

/** One entry; a line of JSON when it is printed. */
export interface ExportedEntry {
  readonly index: number
  /** As in the log, base64url. */
  readonly leaf: string
  /** Text of a tlog-proof of the leaf. */
  readonly proof: string
  /** Values and salt. */
  readonly clear: JsonObject
  /** Whether the values are those that the leaf commits to; where not, the side table was changed. */
  readonly opens: boolean
}

/** What is read of a log. */
export type Exporting = Pick<Log, 'entry' | 'proof'> & { readonly custody: Pick<Custody, 'clearFrom'> | undefined }

/** Entries that are read at once. */
const PAGE = 64

/**
 * The entries in whose clear text `name`, such as a `did:key`, is a value: as the agent, or anywhere in the chain that it acted under. In
 * their order, a page at a time; it reads all clear text. Erased entries say nothing any more and are not among them.
 */
export async function* exportAbout(log: Exporting, crypto: CryptoPort, name: string): AsyncGenerator<ExportedEntry, void> {
  const { custody } = log
  if (custody === undefined) return
  for (let start = 0n; ;) {
    const page = await custody.clearFrom(start, PAGE)
    const last = page.at(-1)
    if (last === undefined) return
    for (const { index, clear: bytes } of page) {
      const clear = readClear(bytes)
      // Of what another writer appended just now the head may not be known yet.
      const entry = clear !== undefined && names(clear, name) ? await log.entry(BigInt(index)) : undefined
      if (clear === undefined || entry === undefined) continue
      const proof = await log.proof(BigInt(index))
      yield { index, leaf: encodeBase64url(entry.leaf), proof, clear, opens: opensLeaf(crypto, entry.leaf, clear) }
    }
    start = BigInt(last.index) + 1n
  }
}

function names(value: JsonValue, name: string): boolean {
  if (typeof value === 'string') return value === name
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((member: JsonValue) => names(member, name))
}
