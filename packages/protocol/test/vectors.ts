/** Reads independent test vectors from the folder that VECTORS_DIR names. @module */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folder of the vectors, or `undefined`: tests that need it are skipped then and say so. */
export const VECTORS: string | undefined = process.env['VECTORS_DIR']

/** Ends the titles of tests that are skipped for want of vectors. */
export const SKIPPED: string = VECTORS === undefined ? ' (skipped: VECTORS_DIR is not set)' : ''

/** Parsed JSON of one file. */
export function readVectors(path: string): unknown {
  return JSON.parse(readVectorText(path))
}

export function readVectorText(path: string): string {
  return readFileSync(locate(path), 'utf8')
}

export function readVectorBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(locate(path)))
}

/** Names of the JSON files of one folder, sorted. */
export function listVectors(folder: string): string[] {
  return readdirSync(locate(folder))
    .filter((name) => name.endsWith('.json'))
    .toSorted()
}

function locate(path: string): string {
  if (VECTORS === undefined) throw new Error('VECTORS_DIR is not set')
  return join(VECTORS, path)
}
