/** Reads files that the caller of a command named, bounded (spec chapter 17.12). @module */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { BrokenLog } from '../verify-log.ts'
import { Unreachable, WrongCall } from './failures.ts'

/** The bytes of a file. Rejects with `WrongCall` for one that cannot be read or is larger. */
export async function bytesOfFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new WrongCall(`${path} cannot be read: ${reasonOf(cause)}`, { cause })
  })
  try {
    const { size } = await handle.stat()
    if (size > maxBytes) throw new WrongCall(`${path} is larger than ${maxBytes} bytes`)
    return await handle.readFile()
  } catch (error) {
    if (error instanceof WrongCall) throw error
    throw new WrongCall(`${path} cannot be read: ${reasonOf(error)}`, { cause: error })
  } finally {
    await handle.close()
  }
}

/**
 * The bytes of a file of a log that somebody else may have written; `undefined` where there is none. Rejects with `BrokenLog` for what is no
 * file, such as a pipe that never ends, or larger, and `Unreachable` for one that cannot be read.
 */
export async function bytesOfLog(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(path, maxBytes)
  } catch (cause) {
    if (cause instanceof BrokenLog) throw cause
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    if (code === 'ENOENT') return undefined
    if (code === 'ENOTDIR' || code === 'ELOOP') throw new BrokenLog(`${path} is no file`, {}, { cause })
    throw new Unreachable(`${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  // Without waiting for somebody who writes into a pipe.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw new BrokenLog(`${path} is no file`)
    if (found.size > maxBytes) throw new BrokenLog(`${path} has more than ${maxBytes} bytes`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** What an error says. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
