/** A log that a command has open, with its newest head verified (spec chapter 17.12). @module */
import { defaultCrypto, type Checkpoint, type CryptoPort } from '@aiegis/protocol'
import { BrokenLog } from '../verify-log.ts'
import { checkSigned, shownHead } from './heads.ts'
import { keysFor, type LogKeys } from './keys.ts'
import type { Values } from './options.ts'
import { withSource } from './sources/open.ts'
import type { LogSource } from './sources/source.ts'

/** An open log. */
export interface OpenLog {
  readonly crypto: CryptoPort
  readonly source: LogSource
  readonly keys: LogKeys
  /** Signed by the key of the log, and the witnesses that are asked for. */
  readonly head: Checkpoint
}

/** Opens the log that a call names and verifies its head; closes it whatever comes. */
export async function withLog<T>(values: Values, work: (log: OpenLog) => Promise<T>): Promise<T> {
  const crypto = defaultCrypto()
  return withSource(crypto, values, async (source) => {
    const head = await shownHead(source)
    const keys = await keysFor(crypto, values, head.origin)
    await checkSigned(crypto, head, keys)
    if (source.own !== undefined && source.own.origin !== head.origin)
      throw new BrokenLog(`the database says that it is of log ${source.own.origin}, and its head is of ${head.origin}`)
    return work({ crypto, source, keys, head })
  })
}
