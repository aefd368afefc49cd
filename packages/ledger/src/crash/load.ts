/** What the crash test appends, known to the process that is killed and to the one that looks afterwards. @module */
import { join } from 'node:path'
import { createSigner, fromHex, utf8 } from '@aiegis/protocol'
import type { LogOptions } from '../open-log.ts'

/** Name of the log under test. */
export const CRASH_ORIGIN = 'ledger.example/crash'

/** One line that the child writes for an append that was answered: the number of the leaf and the tlog-proof. */
export interface Report {
  readonly number: number
  readonly proof: string
}

/** Options of the log in `directory`; `seed` is the log key in hexadecimal. */
export function crashOptions(directory: string, seed: string): LogOptions {
  return { file: join(directory, 'ledger.db'), origin: CRASH_ORIGIN, signer: createSigner(fromHex(seed), CRASH_ORIGIN) }
}

/** Leaf `number`, and the key under which it is appended. */
export function crashLeaf(number: number): { readonly leaf: Uint8Array; readonly key: Uint8Array } {
  return { leaf: utf8(`{"number":${number},"padding":"${'x'.repeat(400)}"}`), key: utf8(`key ${number}`) }
}
