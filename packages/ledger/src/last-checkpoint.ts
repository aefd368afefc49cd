/** Keeps the last released checkpoint in a file outside the database, so that an old copy of the database is noticed (spec chapter 17). @module */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces the file; resolves when the new content and its name are on disk. After a crash there is the old one or the new one. */
export async function writeLastCheckpoint(file: string, note: string): Promise<void> {
  // One name is enough: the log has one writer.
  const temporary = `${file}.tmp`
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(note)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  await syncDirectory(dirname(file))
}

/** The remembered checkpoint, or `undefined` when there is no such file. Not parsed, not verified. */
export async function readLastCheckpoint(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the rename durable. Windows cannot open directories and does not need it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
