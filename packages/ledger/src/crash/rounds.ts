/** Kills a process that appends, again and again, and looks each time whether anything that was released is gone. @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  decodeUtf8,
  defaultCrypto,
  equal,
  hashLeaf,
  isObject,
  parseCheckpoint,
  parseJson,
  parseProof,
  parseVkey,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
  type LogProof,
} from '@aiegis/protocol'
import { logHttp } from '../http.ts'
import type { Log } from '../log.ts'
import { BrokenLog, verifyLog } from '../verify-log.ts'
import { CRASH_ORIGIN, crashLeaf, openCrashLog, type CrashStore, type Report } from './load.ts'
import { countUnpublished, LogLost } from './published.ts'

/** How often and how to kill. */
export interface CrashOptions {
  readonly count: number
  readonly store: CrashStore
  /** An empty directory for the log. */
  readonly directory: string
  /** The built `child.js`. */
  readonly child: string
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
}

/** What was seen; all is well when the last two are 0. */
export interface CrashResult {
  readonly rounds: number
  /** Appends that were answered before a kill. */
  readonly released: number
  /** Of these, leaves that the reopened log does not have under their index, or has twice. */
  readonly missing: number
  /** Of their checkpoints, those that are not a prefix of the reopened log. */
  readonly inconsistent: number
}

/**
 * Runs the rounds. Rejects with `LogLost` when the log does not open again, or does not verify as a whole at the end.
 * A kill is not a power failure: what the operating system has taken, the disk still gets.
 */
export async function crashRounds({ count, store, directory, child, random }: CrashOptions): Promise<CrashResult> {
  const seed = toHex(crypto.sha256(utf8(`log key ${random()}`)))
  const total = { rounds: 0, released: 0, missing: 0, inconsistent: 0 }
  const heads: string[] = []
  const withLog = (use: (log: Log) => Promise<void>): Promise<void> =>
    withCrashLog(() => openCrashLog(store, directory, seed), use)
  let next = 0
  for (; total.rounds < count; total.rounds++) {
    const reports = await killedRun([child, store, directory, seed, String(next)], random)
    if (store === 'tiles') total.inconsistent += await countUnpublished({ directory, seed, reports, all: random() < 0.2 })
    await withLog(async (log) => {
      const proofs = reports.map(({ number, proof }) => ({ number, proof: parseProof(proof) }))
      total.released += proofs.length
      for (const { number, proof } of proofs) if (!(await isThere(log, number, proof))) total.missing++
      total.inconsistent += await countInconsistent(
        log,
        proofs.map(({ proof }) => proof.checkpoint),
      )
      const start = next
      next = reports.reduce((most, { number }) => Math.max(most, number), start) + 40
      // What was under way may be stored or not; whoever asks again has it stored once.
      await appendAll(log, Math.max(start, next - 80), next)
      heads.push(log.checkpoint())
    })
  }
  await withLog(async (log) => {
    await verifyLog(servedBy(log), { origin: CRASH_ORIGIN, vkey: parseVkey(log.vkey), remembered: heads })
    total.missing += await countRepeated(log)
  })
  return total
}

async function withCrashLog(open: () => Promise<Log>, use: (log: Log) => Promise<void>): Promise<void> {
  const log = await open().catch((cause: unknown) => {
    throw new LogLost('the log does not open after a crash', { cause })
  })
  try {
    await use(log)
  } catch (cause) {
    if (cause instanceof BrokenLog) throw new LogLost('the log does not verify after a crash', { cause })
    throw cause
  } finally {
    await log.close()
  }
}

async function appendAll(log: Log, from: number, to: number): Promise<void> {
  const leaves = Array.from({ length: to - from }, (_, offset) => crashLeaf(from + offset))
  await Promise.all(leaves.map(({ leaf, key }) => log.append(leaf, key)))
}

/** What a child reported until it was killed, by its own handle, at a moment that chance chose. */
async function killedRun(args: readonly string[], random: () => number): Promise<readonly Report[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  // Close, not exit: by then everything that was written has been read.
  const closed = once(child, 'close')
  let output = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      resolve()
    })
  })
  // One in five is killed while it starts, the others under load.
  if (random() < 0.2) await delay(random() * 150)
  else await Promise.race([ready.then(() => delay(random() * 150)), closed])
  child.kill('SIGKILL')
  const [code]: unknown[] = await closed
  if (code !== null) throw new Error(`the child ended by itself, not by the signal: ${JSON.stringify(code)}`)
  // The last line may be cut.
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready')
    .map(readReport)
}

function readReport(line: string): Report {
  const report = parseJson(utf8(line), { maxBytes: 8192 })
  if (!isObject(report) || typeof report['number'] !== 'number' || typeof report['proof'] !== 'string')
    throw new Error(`the child wrote ${line}`)
  return { number: report['number'], proof: report['proof'] }
}

/** The leaf is stored under the index that was released, and was under the head that was released with it. */
async function isThere(log: Log, number: number, { index, path, checkpoint }: LogProof): Promise<boolean> {
  const { leaf } = crashLeaf(number)
  const stored = await log.entry(index)
  if (stored === undefined || !equal(stored.leaf, leaf)) return false
  return verifyInclusion(crypto, { index, size: checkpoint.size, leafHash: hashLeaf(crypto, leaf), path, root: checkpoint.root })
}

async function countInconsistent(log: Log, released: readonly Checkpoint[]): Promise<number> {
  const head = parseCheckpoint(log.checkpoint())
  const vkey = parseVkey(log.vkey)
  let inconsistent = 0
  for (const checkpoint of new Map(released.map((one) => [one.raw, one])).values()) {
    const isSigned = (await verifyCheckpoint(crypto, checkpoint, CRASH_ORIGIN, vkey)) === 'ok'
    if (!isSigned || !(await isPrefix(log, checkpoint, head))) inconsistent++
  }
  return inconsistent
}

async function isPrefix(log: Log, before: Checkpoint, head: Checkpoint): Promise<boolean> {
  if (before.size > head.size) return false
  const sizes = { size1: before.size, size2: head.size }
  return verifyConsistency(crypto, {
    ...sizes,
    root1: before.root,
    root2: head.root,
    path: await log.consistency(before.size, head.size),
  })
}

/** Leaves that are in the log more than once. */
async function countRepeated(log: Log): Promise<number> {
  const seen = new Set<string>()
  for (let index = 0n; index < log.size(); index++) seen.add(decodeUtf8((await log.entry(index))?.leaf ?? new Uint8Array(0)))
  return Number(log.size()) - seen.size
}

function servedBy(log: Log): (path: string) => Promise<Uint8Array> {
  const serve = logHttp(log)
  return async (path) => {
    const response = await serve('GET', path)
    if (response?.status !== 200) throw new Error(`the log does not serve ${path}`)
    return response.body
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

const crypto = defaultCrypto()
