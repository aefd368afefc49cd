/** What the crash test appends, and where: known to the process that is killed and to the one that looks afterwards. @module */
import { join } from 'node:path'
import { createSigner, defaultCrypto, fromHex, utf8, type Vkey } from '@aiegis/protocol'
import type { Log } from '../log.ts'
import { openLog } from '../open-log.ts'
import { vkeyOf } from '../start-log.ts'
import { openTilesLog } from '../tiles/open.ts'

/** Name of the log under test. */
export const CRASH_ORIGIN = 'ledger.example/crash'

/** Where the log under test is kept; `thread` is SQLite in a thread of its own. */
export type CrashStore = (typeof STORES)[number]
const STORES = ['sqlite', 'thread', 'tiles'] as const

/** One line that the child writes for an append that was answered: the number of the leaf and the tlog-proof. */
export interface Report {
  readonly number: number
  readonly proof: string
}

/** Opens the log in `directory`; `seed` is the log key in hexadecimal. */
export function openCrashLog(store: CrashStore, directory: string, seed: string): Promise<Log> {
  const named = { origin: CRASH_ORIGIN, signer: createSigner(fromHex(seed), CRASH_ORIGIN) }
  if (store === 'tiles') return openTilesLog({ directory, ...named })
  return openLog({ file: join(directory, 'ledger.db'), ...named, thread: store === 'thread' })
}

/** The verifier key of that log. */
export function crashVkey(seed: string): Vkey {
  return vkeyOf(CRASH_ORIGIN, createSigner(fromHex(seed), CRASH_ORIGIN), defaultCrypto())
}

/** Whether a word names a place to keep a log. */
export function isCrashStore(word: string): word is CrashStore {
  return STORES.some((store) => store === word)
}

/** Leaf `number`, and the key under which it is appended. */
export function crashLeaf(number: number): { readonly leaf: Uint8Array; readonly key: Uint8Array } {
  return { leaf: utf8(`{"number":${number},"padding":"${'x'.repeat(400)}"}`), key: utf8(`key ${number}`) }
}
