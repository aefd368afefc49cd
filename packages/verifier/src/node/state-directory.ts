/** Keeps the newest status lists in a directory, each in a file of its own, whole or not at all (spec chapter 9.5). @module */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
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
  // The time of a list is in the name of its file: so no process can put an earlier list into the place of another's later one.
  const fileOf = (name: string, validFrom: number): string => join(directory, `${name}.${validFrom}.json`)
  return {
    load(issuer, url) {
      const name = nameOf(issuer, url)
      for (;;) {
        const [newest] = timesOf(directory, name)
        if (newest === undefined) return undefined
        const file = fileOf(name, newest)
        try {
          return parse(readTrustedFile(file, FILE), issuer, url, newest)
        } catch (error) {
          if (error instanceof Malformed) throw fileSentence(FILE, file, `is damaged (${error.message}); ${AGAIN}`, error)
          // Another process has a newer list, and removed this one after the directory was read.
          if (!isAbsent(error)) throw error
        }
      }
    },
    async save(issuer, url, kept) {
      const name = nameOf(issuer, url)
      // Another process may have read a newer list.
      if ((timesOf(directory, name)[0] ?? Number.NEGATIVE_INFINITY) > kept.validFrom) return
      await replaceFile(fileOf(name, kept.validFrom), format(issuer, url, kept))
      const [, ...older] = timesOf(directory, name)
      for (const validFrom of older) await rm(fileOf(name, validFrom), { force: true })
    },
  }
}

/** Of a list, however long its URL is. */
function nameOf(issuer: string, url: string): string {
  return createHash('sha256').update(`${issuer}\n${url}`).digest('hex')
}

/** `validFrom` of what is kept under a name, latest first. */
function timesOf(directory: string, name: string): readonly number[] {
  return readdirSync(directory)
    .flatMap((file) => {
      const [, found, validFrom] = /^([0-9a-f]{64})\.(\d{1,12})\.json$/.exec(file) ?? []
      return found === name ? [Number(validFrom)] : []
    })
    .toSorted((one, other) => other - one)
}

function isAbsent(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error && Reflect.get(error.cause, 'code') === 'ENOENT'
}

function absolute(name: string, path: string): string {
  if (isAbsolute(path)) return path
  throw new TypeError(`${name}: '${path}' is not an absolute path; write one that starts at the root, or leave it out`)
}

/** The one way to write it, so that reading can compare. */
function format(issuer: string, url: string, { text, validFrom, readAt }: KeptList): string {
  return `${JSON.stringify({ issuer, list: url, validFrom, readAt: Math.floor(readAt), text })}\n`
}

function parse(bytes: Uint8Array, issuer: string, url: string, named: number): KeptList {
  const value = parseJson(bytes, { maxBytes: bytes.length })
  if (!isObject(value)) throw new Malformed('not an object')
  const { text, validFrom, readAt } = value
  if (typeof text !== 'string' || typeof validFrom !== 'number' || typeof readAt !== 'number')
    throw new Malformed('members are missing')
  if (validFrom !== named) throw new Malformed('not the time that its name says')
  const kept = { text, validFrom, readAt }
  if (!Buffer.from(format(issuer, url, kept)).equals(bytes)) throw new Malformed('not what was written for this list')
  return kept
}
