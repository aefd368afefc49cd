/** Reads files that the caller of a command named, bounded (spec chapter 17.12). @module */
import { open } from 'node:fs/promises'
import { WrongCall } from './failures.ts'

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

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
