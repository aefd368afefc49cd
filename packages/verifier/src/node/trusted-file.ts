/** Reads a file that says whom to trust, and refuses one that somebody else could have written (spec chapter 14.3). @module */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

/** How the sentences about one kind of file go. */
export interface FileWords {
  readonly name: string
  readonly content: string
  /** What to do when there is no file. */
  readonly absent: string
  /** What to do where files have no owner. */
  readonly ownerless: string
  readonly large: string
  /** 1 when absent. */
  readonly maxMebibytes?: number
}

/**
 * The bytes of the file at `path`. It is opened once and everything is asked of what was opened: a regular file, no link, of root or the
 * user of this process, not writable by group or others, not too large. Throws `TypeError` with one sentence that says what to do. Does
 * not look at the directories above the file.
 */
export function readTrustedFile(path: string, words: FileWords): Uint8Array {
  const file = open(path, words)
  try {
    checkFile(file, path, words)
    return read(file, path, words)
  } finally {
    closeSync(file)
  }
}

/** The error of `path`: what kind of file it is, and `rest`: what is wrong with it; what to do. */
export function fileSentence({ name }: FileWords, path: string, rest: string, cause?: unknown): TypeError {
  return new TypeError(`${name} ${path} ${rest}`, { cause })
}

/** Throws `TypeError` unless root or the user of this process owns it and nobody else can write; `mode` is what to set instead. */
export function checkOwner(stat: Stats, path: string, words: FileWords, mode: string): void {
  const user = process.geteuid?.()
  if (user === undefined) throw fileSentence(words, path, `has no owner that this system could name; ${words.ownerless}`)
  if (stat.uid !== 0 && stat.uid !== user)
    throw fileSentence(words, path, `belongs to user ${stat.uid}; chown it to root or to user ${user}`)
  if ((stat.mode & 0o022) !== 0) throw fileSentence(words, path, `can be written by group or others; chmod it to ${mode} or less`)
}

const MEBIBYTE = 1_048_576

function open(path: string, words: FileWords): number {
  try {
    // O_NOFOLLOW: a link is an error. O_NONBLOCK: a pipe does not hold the start up.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw fileSentence(words, path, `does not exist; ${words.absent}`, error)
    if (code === 'ELOOP')
      throw fileSentence(words, path, 'is a link; put the file itself there, or name the file that the link points to', error)
    if (code === 'EACCES')
      throw fileSentence(words, path, 'cannot be read by the user of this process; give it read permission', error)
    throw fileSentence(words, path, `cannot be opened (${String(code)}); name a regular file`, error)
  }
}

function checkFile(file: number, path: string, words: FileWords): void {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw fileSentence(words, path, `is not a regular file; put the ${words.content} file itself there`)
  checkOwner(stat, path, words, '0644')
  if (stat.size > maxBytesOf(words)) throw tooLarge(path, words)
}

function read(file: number, path: string, words: FileWords): Uint8Array {
  const maxBytes = maxBytesOf(words)
  const buffer = Buffer.alloc(maxBytes + 1)
  let size = 0
  for (;;) {
    const count = readSync(file, buffer, size, buffer.length - size, null)
    size += count
    if (size > maxBytes) throw tooLarge(path, words)
    if (count === 0) return buffer.subarray(0, size)
  }
}

function maxBytesOf({ maxMebibytes = 1 }: FileWords): number {
  return maxMebibytes * MEBIBYTE
}

function tooLarge(path: string, words: FileWords): TypeError {
  return fileSentence(words, path, `is larger than ${words.maxMebibytes ?? 1} MiB; ${words.large}`)
}
