/** Files that outlive the process: in a directory that nobody else can write, replaced whole or not at all (spec chapters 5.5 and 9.5). @module */
import { randomUUID } from 'node:crypto'
import { lstatSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkOwner, fileSentence, type FileWords } from './trusted-file.ts'

/** Makes sure that nobody else can write in a directory, and removes what a process did not finish there. Throws `TypeError` that says what to do. */
export function prepareDirectory(path: string, words: FileWords): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined)
    throw fileSentence(words, path, 'does not exist; create it for the user of this process, with mode 0700')
  // Above it, a link would lead elsewhere as well; a slash or dot behind it, and what is asked about is behind the link.
  const real = realpathSync(path)
  if (real !== path)
    throw fileSentence(words, path, `is reached through a link, or written otherwise than it is called; name ${real}`)
  if (!stat.isDirectory()) throw fileSentence(words, path, 'is not a directory; name one')
  checkOwner(stat, path, words, '0755')
  removeDrafts(path)
}

/** Resolves when content and name of a file are on disk; after a crash there is the old file or the new one. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}${DRAFT}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  const handle = await open(dirname(file), 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Files that a process had not finished when it ended; what is young may be of one that lives. */
function removeDrafts(directory: string): void {
  for (const name of readdirSync(directory).filter((found) => found.endsWith(DRAFT))) {
    const path = join(directory, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat !== undefined && Date.now() - stat.mtimeMs > DRAFT_MS) rmSync(path, { force: true })
  }
}

const DRAFT = '.new'
const DRAFT_MS = 3_600_000
