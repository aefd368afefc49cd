/** Reads the files of this repository for the tests that hold its parts against each other. @module */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Path of the repository, with a slash at the end. */
export const ROOT: string = fileURLToPath(new URL('..', import.meta.url))

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.aiegis', '.runtimes', 'coverage'])

/** Text of a file, by its path from the root. */
export function read(path: string): string {
  return readFileSync(ROOT + path, 'utf8')
}

/** Paths from the root of all files below `folder`, sorted; nothing that is installed, built or state of a run. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true })
    .filter((entry) => !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(path)
      return entry.isFile() ? [path] : []
    })
    .toSorted()
}

/** Names of the folders in `packages`. */
export function packageNames(): readonly string[] {
  return readdirSync(`${ROOT}packages`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}
