/** Keeps the last released checkpoint in a file outside the database, so that an old copy of the database is noticed (spec chapter 17). @module */
import { utf8 } from '@aiegis/protocol'
import { replaceFile, type FilePort } from './file-port.ts'

/** Replaces the file; resolves when the new content and its name are on disk. After a crash there is the old one or the new one. */
export function writeLastCheckpoint(files: FilePort, file: string, note: string): Promise<void> {
  return replaceFile(files, file, utf8(note))
}

/** The remembered checkpoint, or `undefined` when there is no such file. Not parsed, not verified. */
export async function readLastCheckpoint(files: FilePort, file: string): Promise<string | undefined> {
  const bytes = await files.read(file)
  return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
