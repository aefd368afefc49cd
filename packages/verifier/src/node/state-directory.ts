/** Keeps the newest status lists in a directory, each in a file of its own, whole or not at all (spec chapter 9.5). @module */
import { createHash } from 'node:crypto'
import { isAbsolute } from 'node:path'
import { isObject, Malformed, parseJson } from '@aiegis/protocol'
import type { KeptList, StatusMemory } from '../status.ts'
import { createNewestFiles, type Order } from './newest-files.ts'
import { prepareDirectory } from './state-files.ts'
import type { FileWords } from './trusted-file.ts'

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
  const files = createNewestFiles(directory, '.json', FILE)
  return {
    load: (issuer, url) => files.load(nameOf(issuer, url), (bytes, order) => parse(bytes, issuer, url, order)),
    save: (issuer, url, kept) => files.save(nameOf(issuer, url), orderOf(kept), format(issuer, url, kept)),
  }
}

/** When it begins, and among lists of one second what it revokes (AHP-STATUS-21, AHP-STATUS-22). */
function orderOf({ validFrom, revoked }: KeptList): Order {
  return [BigInt(validFrom), BigInt(revoked)]
}

/** Of a list, however long its URL is. */
function nameOf(issuer: string, url: string): string {
  return createHash('sha256').update(`${issuer}\n${url}`).digest('hex')
}

function absolute(name: string, path: string): string {
  if (isAbsolute(path)) return path
  throw new TypeError(`${name}: '${path}' is not an absolute path; write one that starts at the root, or leave it out`)
}

/** The one way to write it, so that reading can compare. */
function format(issuer: string, url: string, { text, validFrom, revoked, readAt }: KeptList): string {
  return `${JSON.stringify({ issuer, list: url, validFrom, revoked, readAt: Math.floor(readAt), text })}\n`
}

function parse(bytes: Uint8Array, issuer: string, url: string, order: Order): KeptList {
  const value = parseJson(bytes, { maxBytes: bytes.length })
  if (!isObject(value)) throw new Malformed('not an object')
  const { text, validFrom, revoked, readAt } = value
  if (typeof text !== 'string' || !isWhole(validFrom) || !isWhole(revoked) || typeof readAt !== 'number')
    throw new Malformed('members are missing')
  const kept = { text, validFrom, revoked, readAt }
  if (orderOf(kept).join() !== order.join()) throw new Malformed('not the list that its name says')
  if (!Buffer.from(format(issuer, url, kept)).equals(bytes)) throw new Malformed('not what was written for this list')
  return kept
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
