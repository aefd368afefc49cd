/** A file system whose flushes fail, for tests. @module */
import { nodeFiles, type FilePort } from '../src/file-port.ts'

/** What flushes: bytes of a file, the name of a file, the names in a directory, bytes in place. */
export type FlushStep = 'write' | 'rename' | 'sync' | 'overwrite'

/** The file system, until `is` says to fail: what is asked for then happens, and its flush fails as on a broken disk. */
export function failingAt(is: (step: FlushStep, path: string) => boolean): FilePort {
  const after = async (step: FlushStep, path: string, done: Promise<void>): Promise<void> => {
    await done
    if (is(step, path)) throw new Error('EIO: i/o error, fsync')
  }
  return {
    ...nodeFiles,
    write: (file, bytes) => after('write', file, nodeFiles.write(file, bytes)),
    rename: (from, to) => after('rename', to, nodeFiles.rename(from, to)),
    async open(file) {
      const open = await nodeFiles.open(file)
      return { ...open, write: (bytes, position) => after('overwrite', file, open.write(bytes, position)) }
    },
    syncDirectory: (directory) => after('sync', directory, nodeFiles.syncDirectory(directory)),
  }
}
