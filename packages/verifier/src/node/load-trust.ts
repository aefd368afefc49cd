/** Finds and reads the trust file, and refuses one that somebody else could have written (spec chapter 14). @module */
import { createHash } from 'node:crypto'
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { Malformed, parseJson } from '@aiegis/protocol'
import type { TrustConfig } from '../trust.ts'

/** A trust file that was read, not yet understood. */
export interface TrustFile {
  /** Strictly parsed JSON, for `parseTrustBundle`. */
  readonly bundle: unknown
  readonly path: string
  /** SHA-256 of the bytes of the file, 64 hexadecimal digits. */
  readonly sha256: string
}

const NAME = 'aiegis-trust.json'
const VARIABLE = 'AIEGIS_TRUST'
const MAX_BYTES = 1_048_576
const MAX_MEMBERS = 65_536

/**
 * Reads the bundle from `path`, else from where `trustPath` says. The file is opened once and everything is asked of what was opened: a
 * regular file, no link, of root or the user of this process, not writable by group or others, at most 1 MiB of strict JSON. Throws
 * `TypeError` with one sentence that says what to do. Does not look at the members, nor at the directories above the file.
 */
export function loadTrust(path: string = trustPath(process.env[VARIABLE], process.argv[1])): TrustFile {
  if (!isAbsolute(path)) throw new TypeError(`loadTrust: '${path}' is not an absolute path; write one that starts at the root`)
  const file = open(path)
  try {
    checkFile(file, path)
    const bytes = read(file, path)
    return { bundle: parse(bytes, path), path, sha256: createHash('sha256').update(bytes).digest('hex') }
  } finally {
    closeSync(file)
  }
}

/**
 * Where the trust file is: the absolute path in `AIEGIS_TRUST`, else `aiegis-trust.json` beside the nearest `package.json` above the main
 * module (`process.argv[1]`, links resolved). Never the working directory: whoever can choose it could choose whom to trust.
 */
export function trustPath(variable: string | undefined, mainModule: string | undefined): string {
  if (variable !== undefined) {
    if (isAbsolute(variable)) return variable
    throw new TypeError(
      `${VARIABLE}: '${variable}' is not an absolute path; write one that starts at the root, or unset the variable`,
    )
  }
  // `node -e` leaves an argument of the user's in this place.
  if (mainModule === undefined || !isAbsolute(mainModule)) {
    throw new TypeError(`there is no main module beside which ${NAME} could be; set ${VARIABLE} to its absolute path`)
  }
  for (let directory = directoryOf(mainModule); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return join(directory, NAME)
    if (dirname(directory) === directory) break
  }
  throw new TypeError(
    `there is no package.json above ${mainModule} beside which ${NAME} could be; set ${VARIABLE} to its absolute path`,
  )
}

/** True where `loadTrust()` would find a file, whatever is in it. */
export function hasTrustFile(): boolean {
  try {
    return existsSync(trustPath(process.env[VARIABLE], process.argv[1]))
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/** One line for the log of the start: which file, whom it trusts, where used tokens are remembered. */
export function describeTrust(
  config: TrustConfig,
  from: { readonly path: string; readonly sha256: string; readonly store: string },
): string {
  return [
    `aiegis trust ${JSON.stringify(from.path)}`,
    `sha256 ${from.sha256}`,
    `audience ${config.audience}`,
    `issuers ${config.issuerDids.join(' ')}`,
    `harnesses ${config.harnessDids.join(' ')}`,
    `replay ${from.store}`,
  ].join(', ')
}

/** The directory of the main module as Node runs it: links resolved, its extension possibly left out, possibly a directory itself. */
function directoryOf(mainModule: string): string {
  if (!existsSync(mainModule)) return dirname(mainModule)
  const real = realpathSync(mainModule)
  return statSync(real).isDirectory() ? real : dirname(real)
}

function open(path: string): number {
  try {
    // O_NOFOLLOW: a link is an error. O_NONBLOCK: a pipe does not hold the start up.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT')
      throw sentence(path, `does not exist; create it, or set ${VARIABLE} to its absolute path, or pass { trust }`, error)
    if (code === 'ELOOP')
      throw sentence(path, 'is a link; put the file itself there, or name the file that the link points to', error)
    if (code === 'EACCES') throw sentence(path, 'cannot be read by the user of this process; give it read permission', error)
    throw sentence(path, `cannot be opened (${String(code)}); name a regular file`, error)
  }
}

function checkFile(file: number, path: string): void {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw sentence(path, 'is not a regular file; put the JSON file itself there')
  const user = process.geteuid?.()
  if (user === undefined) throw sentence(path, 'has no owner that this system could name; pass the bundle as { trust } instead')
  if (stat.uid !== 0 && stat.uid !== user)
    throw sentence(path, `belongs to user ${stat.uid}; chown it to root or to user ${user}`)
  if ((stat.mode & 0o022) !== 0) throw sentence(path, 'can be written by group or others; chmod it to 0644 or less')
  if (stat.size > MAX_BYTES) throw tooLarge(path)
}

function read(file: number, path: string): Uint8Array {
  const buffer = Buffer.alloc(MAX_BYTES + 1)
  let size = 0
  for (;;) {
    const count = readSync(file, buffer, size, buffer.length - size, null)
    size += count
    if (size > MAX_BYTES) throw tooLarge(path)
    if (count === 0) return buffer.subarray(0, size)
  }
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return parseJson(bytes, { maxBytes: MAX_BYTES, maxMembers: MAX_MEMBERS })
  } catch (error) {
    if (error instanceof Malformed) throw sentence(path, `is not strict JSON (${error.message}); correct it`, error)
    throw error
  }
}

function tooLarge(path: string): TypeError {
  return sentence(path, 'is larger than 1 MiB; list fewer parties or split the receiver')
}

function sentence(path: string, rest: string, cause?: unknown): TypeError {
  return new TypeError(`trust file ${path} ${rest}`, { cause })
}
