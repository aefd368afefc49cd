/** What the cases of the contract append, and how they judge what a log gives (spec chapter 17). @module */
import {
  defaultCrypto,
  equal,
  hashLeaf,
  parseProof,
  parseVkey,
  Refusal,
  utf8,
  verifyCheckpoint,
  verifyInclusion,
  type CryptoPort,
} from '@aiegis/protocol'
import { logHttp } from '../http.ts'
import type { Appended, Log } from '../log.ts'
import { verifyLog } from '../verify-log.ts'
import type { LedgerSubject } from './index.ts'

/** One case. Rejects with an `Error` that says what the log did instead. */
export type Check = (subject: LedgerSubject) => Promise<void>

/** The engine that the cases judge with. */
export const crypto: CryptoPort = defaultCrypto()

/** A leaf and a key with a name. */
export const leafOf = (name: number | string): Uint8Array => utf8(`{"leaf":"${name}"}`)
/** A key of at most 64 bytes. */
export const keyOf = (name: number | string): Uint8Array => utf8(`key ${name}`)

/** Appends leaves `from` to `to` − 1, in turn to all logs and all at once. */
export async function fill(logs: readonly Log[], from: number, to: number): Promise<readonly Appended[]> {
  const numbers = Array.from({ length: to - from }, (_, offset) => from + offset)
  return Promise.all(numbers.map(async (number) => at(logs, number).append(leafOf(number), keyOf(number))))
}

/** One of the logs, in turn. */
export function at(logs: readonly Log[], turn: number): Log {
  const log = logs[turn % logs.length]
  if (log === undefined) throw new Error('the subject has no log')
  return log
}

/** Throws unless what an append gave proves the leaf, as a receiver sees it. */
export async function checkProof(log: Log, leaf: Uint8Array, { index, path, checkpoint, proof }: Appended): Promise<void> {
  const parsed = parseProof(proof)
  same('the index in the proof', parsed.index, index)
  same('the checkpoint in the proof', parsed.checkpoint.raw, checkpoint)
  same(
    'the signature of the checkpoint',
    await verifyCheckpoint(crypto, parsed.checkpoint, log.origin, parseVkey(log.vkey)),
    'ok',
  )
  const { size, root } = parsed.checkpoint
  const claim = { index, size, leafHash: hashLeaf(crypto, leaf), path, root }
  same(`the path of entry ${index}`, verifyInclusion(crypto, claim), true)
}

/** Reads the whole log over its HTTP surface and resolves to the number of its entries. `remembered`: heads that it must contain. */
export async function verifyAll(log: Log, remembered: readonly string[], minimum = 0n): Promise<number> {
  const serve = logHttp(log)
  const get = async (path: string): Promise<Uint8Array> => {
    const response = await serve('GET', path)
    if (response?.status !== 200) throw new Error(`the log does not serve ${path}`)
    return response.body
  }
  const { size } = await verifyLog(get, { origin: log.origin, vkey: parseVkey(log.vkey), remembered, minimum })
  return Number(size)
}

/** Throws unless both are the same value. */
export function same(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`)
}

/** Throws unless both are the same bytes. */
export function sameBytes(what: string, found: Uint8Array | undefined, wanted: Uint8Array): void {
  if (found === undefined || !equal(found, wanted)) throw new Error(`${what}: ${found?.length ?? 'no'} other bytes`)
}

/** Throws unless `work` fails as it should: with a refusal of this code, or an error of this class. */
export async function refused(
  what: string,
  work: () => unknown,
  wanted: Refusal['code'] | (new (message?: string) => Error),
): Promise<void> {
  let failure: unknown
  try {
    await work()
  } catch (error) {
    failure = error
  }
  const isRight = typeof wanted === 'string' ? failure instanceof Refusal && failure.code === wanted : failure instanceof wanted
  if (!isRight) throw new Error(`${what}: ${failure instanceof Error ? failure.message : 'no error'}`, { cause: failure })
}
