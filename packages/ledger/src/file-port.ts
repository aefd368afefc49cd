/** The files that a log writes outside a database, so that nothing of them is lost once it is relied on (spec chapter 17). @module */
import { closeSync, fdatasync, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** What is done to files. Every method rejects with what the file system says; nothing is tried twice. */
export interface FilePort {
  /** The whole content, or `undefined` when there is no such file. */
  read(file: string): Promise<Uint8Array | undefined>
  /** Writes a file and flushes it. A file of that name is overwritten. */
  write(file: string, bytes: Uint8Array): Promise<void>
  /** Replaces `to`, in one step for everybody who reads it. */
  rename(from: string, to: string): Promise<void>
  /** Makes a directory and those above it. Resolves to the first that was not there. */
  makeDirectory(directory: string): Promise<string | undefined>
  /** Flushes the names in a directory. */
  syncDirectory(directory: string): Promise<void>
  /** Opens a file that is there, to write into it in place. */
  open(file: string): Promise<OpenFile>
  /** Takes a directory away with all that is in it; it need not be there. */
  removeDirectory(directory: string): Promise<void>
}

/** A file that is written in place. */
export interface OpenFile {
  /** Overwrites what is at `position` and flushes it. Rejects also when the name belongs to another file by now, or to none. */
  write(bytes: Uint8Array, position: number): Promise<void>
  close(): Promise<void>
}

/** The file system. */
export const nodeFiles: FilePort = {
  async read(file) {
    try {
      return await readFile(file)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  async write(file, bytes) {
    const handle = await open(file, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  rename,
  makeDirectory: (directory) => mkdir(directory, { recursive: true }),
  async syncDirectory(directory) {
    // Windows cannot open directories and does not need it.
    if (process.platform === 'win32') return
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  open: openInPlace,
  removeDirectory: (directory) => rm(directory, { recursive: true, force: true }),
}

async function openInPlace(file: string): Promise<OpenFile> {
  const descriptor = openSync(file, 'r+')
  const { dev, ino } = fstatSync(descriptor, { bigint: true })
  return {
    async write(bytes, position) {
      const named = statSync(file, { bigint: true })
      if (named.dev !== dev || named.ino !== ino) throw new Error(`${file} was replaced by another file`)
      // Into the memory of the system, which takes less time than handing it to another thread; the flush waits for the disk.
      for (let at = 0; at < bytes.length;) {
        const written = writeSync(descriptor, bytes, at, bytes.length - at, position + at)
        if (written === 0) throw new Error(`${file}: nothing more can be written`)
        at += written
      }
      await flush(descriptor)
    },
    close: async () => closeSync(descriptor),
  }
}

const flush = promisify(fdatasync)

/** Writes or replaces a file; its directory has to be flushed for the name to last. Nobody ever reads a part of it. */
export async function placeFile(files: FilePort, file: string, bytes: Uint8Array): Promise<void> {
  // One name is enough: the log has one writer. The dot keeps it apart from what is served.
  const temporary = join(dirname(file), `.${basename(file)}.tmp`)
  await files.write(temporary, bytes)
  await files.rename(temporary, file)
}

/** Writes or replaces a file; resolves when content and name are on disk. After a crash there is the old one or the new one. */
export async function replaceFile(files: FilePort, file: string, bytes: Uint8Array): Promise<void> {
  await placeFile(files, file, bytes)
  await files.syncDirectory(dirname(file))
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT'
}
