/** Writes files that must not be lost: whole or not at all, and on disk when the call returns (spec chapters 1 and 9). @module */
import { closeSync, fstatSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces `file`, readable by its owner only. Throws what the system throws; the old content then stays. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.new`
  writeDurably(draft, 'w', text)
  renameSync(draft, file)
  syncDirectory(dirname(file))
}

/** Writes and flushes `text`, readable by its owner only. Throws also when the disk took less of it: `write` may, and calls that success. */
export function writeDurably(file: string, flags: 'w' | 'wx', text: string): void {
  const bytes = Buffer.from(text)
  const descriptor = openSync(file, flags, 0o600)
  try {
    for (let at = 0; at < bytes.length;) {
      const written = writeSync(descriptor, bytes, at)
      if (written === 0) throw new Error(`${file}: nothing more can be written`)
      at += written
    }
    fsyncSync(descriptor)
    const { size } = fstatSync(descriptor)
    if (size !== bytes.length) throw new Error(`${file}: ${size} of ${bytes.length} bytes were written`)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes a new name durable. Windows cannot open directories and does not need it. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
