/** Keeps the newest status lists in a directory, one file each, replaced whole or not at all (spec chapter 9.5). @module */
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { isObject, Malformed, parseJson } from '@aiegis/protocol'
import type { KeptList, StatusMemory } from '../status.ts'
import { prepareDirectory, replaceFile } from './state-files.ts'
import { fileSentence, readTrustedFile, type FileWords } from './trusted-file.ts'

const VARIABLE = 'AIEGIS_STATE'
const AGAIN = 'put a good copy back, or remove it: then an older list counts until a newer one is read'
const FILE: FileWords = {
  name: 'status memory',
  content: 'JSON',
  absent: AGAIN,
  ownerless: `leave stateDirectory and ${VARIABLE} out`,
  large: AGAIN,
  // The longest list, and what stands around it.
  maxMebibytes: 5,
}
const DIRECTORY: FileWords = { ...FILE, name: 'state directory' }

/** The absolute path in `AIEGIS_STATE`, or `undefined` when it is not set. Throws `TypeError` for any other path. */
export function statePath(variable: string | undefined = process.env[VARIABLE]): string | undefined {
  return variable === undefined ? undefined : absolute(VARIABLE, variable)
}

/**
 * A memory in `directory`, which root or the user of this process owns, which is no link and which nobody else can write. Throws
 * `TypeError` with one sentence that says what to do, here and when a file is loaded that is damaged or could be somebody else's.
 * Several processes may share the directory. Does not verify lists.
 */
export function createStateDirectory(directory: string): StatusMemory {
  prepareDirectory(absolute('stateDirectory', directory), DIRECTORY)
  const fileOf = (issuer: string, url: string): string =>
    join(directory, `${createHash('sha256').update(`${issuer}\n${url}`).digest('hex')}.json`)
  return {
    load(issuer, url) {
      const file = fileOf(issuer, url)
      if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined
      try {
        return parse(readTrustedFile(file, FILE), issuer, url)
      } catch (error) {
        if (error instanceof Malformed) throw fileSentence(FILE, file, `is damaged (${error.message}); ${AGAIN}`, error)
        throw error
      }
    },
    async save(issuer, url, kept) {
      const file = fileOf(issuer, url)
      // Another process may have read a newer list.
      if ((await validFromIn(file, issuer, url)) > kept.validFrom) return
      await replaceFile(file, format(issuer, url, kept))
    },
  }
}

function absolute(name: string, path: string): string {
  if (isAbsolute(path)) return path
  throw new TypeError(`${name}: '${path}' is not an absolute path; write one that starts at the root, or leave it out`)
}

/** The one way to write it, so that reading can compare. */
function format(issuer: string, url: string, { text, validFrom, readAt }: KeptList): string {
  return `${JSON.stringify({ issuer, list: url, validFrom, readAt: Math.floor(readAt), text })}\n`
}

function parse(bytes: Uint8Array, issuer: string, url: string): KeptList {
  const value = parseJson(bytes, { maxBytes: bytes.length })
  if (!isObject(value)) throw new Malformed('not an object')
  const { text, validFrom, readAt } = value
  if (typeof text !== 'string' || typeof validFrom !== 'number' || typeof readAt !== 'number')
    throw new Malformed('members are missing')
  const kept = { text, validFrom, readAt }
  if (!Buffer.from(format(issuer, url, kept)).equals(bytes)) throw new Malformed('not what was written for this list')
  return kept
}

/** What is damaged now is replaced: the start said nothing about it, so it was damaged later. */
async function validFromIn(file: string, issuer: string, url: string): Promise<number> {
  try {
    return parse(await readFile(file), issuer, url).validFrom
  } catch (error) {
    if (error instanceof Malformed || (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT'))
      return Number.NEGATIVE_INFINITY
    throw error
  }
}
