/** Finds and reads the trust file, and refuses one that somebody else could have written (spec chapter 14). @module */
import { createHash } from 'node:crypto'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { Malformed, parseJson } from '@aiegis/protocol'
import type { TrustConfig } from '../trust.ts'
import { fileSentence, readTrustedFile, type FileWords } from './trusted-file.ts'

/** The bytes of a trust file. */
export interface TrustBytes {
  readonly bytes: Uint8Array
  readonly path: string
  /** SHA-256 of the bytes of the file, 64 hexadecimal digits. */
  readonly sha256: string
}

/** A trust file that was read, not yet understood. */
export interface TrustFile extends Omit<TrustBytes, 'bytes'> {
  /** Strictly parsed JSON, for `parseTrustBundle`. */
  readonly bundle: unknown
}

const NAME = 'aiegis-trust.json'
const VARIABLE = 'AIEGIS_TRUST'
const MAX_MEMBERS = 65_536
const WORDS: FileWords = {
  name: 'trust file',
  content: 'JSON',
  absent: `create it (chapter 14 of the specification has an example), or set ${VARIABLE} to its absolute path, or pass { trust }`,
  ownerless: 'pass the bundle as { trust } instead',
  large: 'list fewer parties or split the receiver',
}

/**
 * Reads the bundle from `path`, else from where `trustPath` says: a file under the rules of `readTrustedFile`, of strict JSON. Throws
 * `TypeError` with one sentence that says what to do. Does not look at the members, nor at the directories above the file.
 */
export function loadTrust(path?: string): TrustFile {
  const file = readTrust(path)
  return { bundle: parseTrust(file), path: file.path, sha256: file.sha256 }
}

/** Only its bytes. Throws as `loadTrust`. */
export function readTrust(path: string = trustPath(process.env[VARIABLE], process.argv[1])): TrustBytes {
  if (!isAbsolute(path)) throw new TypeError(`loadTrust: '${path}' is not an absolute path; write one that starts at the root`)
  const bytes = readTrustedFile(path, WORDS)
  return { bytes, path, sha256: createHash('sha256').update(bytes).digest('hex') }
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

/** One line for the log of the start: which file, whom it trusts, whose keys come from DID documents, where used tokens and status lists are remembered. */
export function describeTrust(
  config: TrustConfig,
  from: { readonly path: string; readonly sha256: string; readonly store: string; readonly lists: string },
): string {
  return [
    `aiegis trust ${JSON.stringify(from.path)}`,
    `sha256 ${from.sha256}`,
    `audience ${config.audience}`,
    `issuers ${config.issuerDids.join(' ')}`,
    `harnesses ${config.harnessDids.join(' ')}`,
    ...(config.didWebParties.length === 0 ? [] : [`read by did:web ${config.didWebParties.map(({ did }) => did).join(' ')}`]),
    `replay ${from.store}`,
    `status lists ${from.lists}`,
  ].join(', ')
}

/** The directory of the main module as Node runs it: links resolved, its extension possibly left out, possibly a directory itself. */
function directoryOf(mainModule: string): string {
  if (!existsSync(mainModule)) return dirname(mainModule)
  const real = realpathSync(mainModule)
  return statSync(real).isDirectory() ? real : dirname(real)
}

/** The JSON in it. Throws as `loadTrust`. */
export function parseTrust({ bytes, path }: TrustBytes): unknown {
  try {
    return parseJson(bytes, { maxBytes: bytes.length, maxMembers: MAX_MEMBERS })
  } catch (error) {
    if (error instanceof Malformed) throw fileSentence(WORDS, path, `is not strict JSON (${error.message}); correct it`, error)
    throw error
  }
}
