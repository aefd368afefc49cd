/** Logs in temporary directories, for tests. @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { createSigner, defaultCrypto, formatVkey, parseVkey, utf8, type Signer, type Vkey } from '@aiegis/protocol'
import { onTestFinished } from 'vitest'
import { logHttp } from '../src/http.ts'
import type { Log } from '../src/log.ts'
import { openLog, type LogOptions } from '../src/open-log.ts'
import { verifyLog } from '../src/verify-log.ts'

export const ORIGIN = 'ledger.example/aiegis/1'
export const crypto = defaultCrypto()
export const signer: Signer = createSigner(crypto.sha256(utf8('log key of the tests')), ORIGIN)
export const vkey: Vkey = parseVkey(formatVkey(ORIGIN, 1, signer.publicKey, crypto))

/** A directory that is removed when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-ledger-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Options of a log in `directory`. */
export function optionsIn(directory: string): LogOptions {
  return { file: join(directory, 'ledger.db'), origin: ORIGIN, signer }
}

/** An open log, by default in a directory of its own, that is closed when the test is over. */
export async function openIn(directory: string = temporaryDirectory(), change: Partial<LogOptions> = {}): Promise<Log> {
  const log = await openLog({ ...optionsIn(directory), ...change })
  onTestFinished(() => log.close().catch(() => undefined))
  return log
}

export const leafOf = (number: number | string): Uint8Array => utf8(`{"leaf":"${number}"}`)
export const keyOf = (number: number | string): Uint8Array => utf8(`key ${number}`)

/** Appends leaves `from` to `to` − 1. */
export async function fill(log: Log, from: number, to: number): Promise<void> {
  await Promise.all(Array.from({ length: to - from }, (_, offset) => log.append(leafOf(from + offset), keyOf(from + offset))))
}

/** What a log serves at a path; throws where it serves nothing. */
export function reader(log: Log): (path: string) => Promise<Uint8Array> {
  const serve = logHttp(log)
  return async (path) => {
    const response = await serve('GET', path)
    if (response?.status !== 200) throw new Error(`${path}: ${response?.status}`)
    return response.body
  }
}

/** Verifies a log from its HTTP surface, with heads from elsewhere. */
export async function verifyAll(log: Log, remembered: readonly string[] = []): Promise<bigint> {
  const head = await verifyLog(reader(log), { origin: ORIGIN, vkey, remembered })
  return head.size
}

/** Everything that a log can be asked. */
export function questionsTo(log: Log): (() => Promise<unknown>)[] {
  return [
    async () => log.checkpoint(),
    async () => log.size(),
    () => log.newest(),
    () => log.entry(0n),
    () => log.prove(0n),
    () => log.proof(0n),
    () => log.consistency(0n, 0n),
    () => log.tile(0, 0n, 1),
    () => log.entries(0n, 1),
    async () => log.custody?.erase(0n, ''),
    async () => log.custody?.hold(0n, 0n, ''),
    async () => log.custody?.release('', ''),
    async () => log.custody?.holds(),
    async () => log.custody?.minimum(),
  ]
}

/** A plain connection to the database of a closed log, as anybody with the file has it. */
export function connect(directory: string, file = 'ledger.db'): DatabaseSyncInstance {
  return new DatabaseSync(join(directory, file))
}

/** A closed log of `size` entries. */
export async function closedLog(size: number): Promise<{ directory: string; head: string }> {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  await fill(log, 0, size)
  const head = log.checkpoint()
  await log.close()
  return { directory, head }
}
