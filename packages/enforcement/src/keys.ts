/** The private keys of the server: one file for each role, readable by nobody else, made at the first start (spec chapter 1). @module */
import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, equal, toHex, type Ed25519PublicKey, type SyncSigner } from '@aiegis/protocol'
import { writeDurably } from './durable-file.ts'
import { UsageError } from './usage.ts'

/** Roles of this server's keys; each has a file of its own, `<role>.key`. */
export const KEY_ROLES = ['harness', 'log', 'issuer', 'status', 'pack'] as const
/** One role. */
export type KeyRole = (typeof KEY_ROLES)[number]
/** `kid` of a role, which may depend on the key. */
export type KidOf = Readonly<Record<KeyRole, string | ((key: Ed25519PublicKey) => string)>>

/** RFC 8410 §7: PrivateKeyInfo of Ed25519 up to the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PEM = /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{1,200}-----END PRIVATE KEY-----\n?$/

/**
 * Makes the state directory for its owner only, or checks that nobody else can write into it. Throws `UsageError`.
 */
export function prepareState(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UsageError(`--state ${directory}: the directory cannot be made (${codeOf(error)}); name one that can`, {
      cause: error,
    })
  }
  const { mode, uid } = statSync(directory)
  if ((mode & 0o022) !== 0) throw new UsageError(`--state ${directory}: others can write into it; run chmod go-w ${directory}`)
  if (!isOwn(uid)) throw new UsageError(`--state ${directory}: it belongs to another user; name a directory of your own`)
}

/**
 * Reads the five keys from PKCS#8 PEM files, making those that are not there. Throws `UsageError` for a file that others can read,
 * that is a link, that belongs to somebody else or holds no Ed25519 key, and for one key in two files.
 */
export function loadKeys(directory: string, kids: KidOf): Readonly<Record<KeyRole, SyncSigner>> {
  const keys = {
    harness: loadKey(join(directory, 'harness.key'), kids.harness),
    log: loadKey(join(directory, 'log.key'), kids.log),
    issuer: loadKey(join(directory, 'issuer.key'), kids.issuer),
    status: loadKey(join(directory, 'status.key'), kids.status),
    pack: loadKey(join(directory, 'pack.key'), kids.pack),
  }
  const seen = new Map<string, KeyRole>()
  for (const role of KEY_ROLES) {
    const key = toHex(keys[role].publicKey.bytes)
    const twin = seen.get(key)
    // Whoever steals one key must not get the power of another role with it.
    if (twin !== undefined)
      throw new UsageError(`${directory}: ${role}.key and ${twin}.key hold the same key; remove one, it will be made anew`)
    seen.set(key, role)
  }
  return keys
}

/**
 * The other log key while it is changed, from a file that is there. Throws `UsageError` as `loadKeys` does, also when it is a key of
 * this server already.
 */
export function loadAlsoLogKey(
  file: string,
  keys: Readonly<Record<KeyRole, SyncSigner>>,
  kid: string | ((key: Ed25519PublicKey) => string),
): SyncSigner {
  const found = readKey(file)
  if (found === undefined) {
    // Made here, a name with a mistake in it would put a key into the log that nobody meant.
    throw new UsageError(
      `--also-log-key ${file}: it is missing; make one with umask 077; openssl genpkey -algorithm ed25519 -out ${file}`,
    )
  }
  const signer = createSigner(found, kid)
  const twin = KEY_ROLES.find((role) => equal(keys[role].publicKey.bytes, signer.publicKey.bytes))
  if (twin !== undefined)
    throw new UsageError(`--also-log-key ${file}: ${twin}.key holds the same key; name the key that comes or the one that goes`)
  return signer
}

/** True when some role has its file already: the server was started there before. */
export function hasKeys(directory: string): boolean {
  return KEY_ROLES.some((role) => statSync(join(directory, `${role}.key`), { throwIfNoEntry: false })?.isFile() === true)
}

/** Reads one key, or makes it. Throws `UsageError`. */
export function loadKey(file: string, kid: string | ((key: Ed25519PublicKey) => string)): SyncSigner {
  const found = readKey(file)
  if (found !== undefined) return createSigner(found, kid)
  const seed = randomBytes(32)
  const body = Buffer.concat([PKCS8_PREFIX, seed]).toString('base64')
  writePrivate(file, `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`)
  // Read back: two servers that start at once then agree on the file that won.
  return createSigner(readKey(file) ?? seed, kid)
}

/** The 32-byte seed in a file, or `undefined` when there is no file. */
function readKey(file: string): Uint8Array | undefined {
  const pem = readPrivate(file)
  if (pem === undefined) return undefined
  const key = PEM.test(pem) ? parsePem(pem) : undefined
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new UsageError(`${file}: it holds no Ed25519 key as PKCS#8 PEM; remove it, a new one will be made`)
  return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }).subarray(-32))
}

/**
 * The text of a file that only its owner can read, empty when it is longer than 1,024 bytes, `undefined` when there is no file. Throws
 * `UsageError` for a file that others can read, that is a link or that belongs to somebody else.
 */
export function readPrivate(file: string): string | undefined {
  const descriptor = open(file)
  if (descriptor === undefined) return undefined
  try {
    const { mode, uid, size } = fstatSync(descriptor)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      throw new UsageError(`${file}: it is not a regular file; remove it, it will be made anew`)
    if ((mode & 0o077) !== 0)
      throw new UsageError(`${file}: others can read it; run chmod 600 ${file}, and make a new key if somebody may have`)
    if (!isOwn(uid)) throw new UsageError(`${file}: it belongs to another user; run the server as that user`)
    return size > 1_024 ? '' : readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function open(file: string): number | undefined {
  try {
    // The last component is opened as it is: a link could lead to a file of somebody else's choice.
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') throw new UsageError(`${file}: it is a link; put the key itself there`, { cause: error })
    throw new UsageError(`${file}: it cannot be read (${code}); the server needs it and must own it`, { cause: error })
  }
}

function parsePem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** Whole or not at all: the text is written beside its place and linked there. A file that is there already stays. */
export function writePrivate(file: string, text: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`
  writeDurably(draft, 'wx', text)
  try {
    linkSync(draft, file)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
}

// Windows has neither modes nor user ids; there the directory's own protection has to do.
function isOwn(uid: number): boolean {
  return process.getuid === undefined || uid === process.getuid() || uid === 0
}

/** The system's name of a failure, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
