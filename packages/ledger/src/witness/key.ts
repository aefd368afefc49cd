/** The private key of a witness: one file, readable by nobody else, made at the first start (spec chapter 17.8). @module */
import { createPrivateKey, randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createSigner, type SyncSigner } from '@aiegis/protocol'

/** RFC 8410 §7: PrivateKeyInfo of Ed25519 up to the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PEM = /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{1,200}-----END PRIVATE KEY-----\n?$/

/**
 * Reads the key from a PKCS#8 PEM file, or makes it where `mayMake`. Throws `Error` with a sentence for a file that others can read, that
 * is a link or that holds no Ed25519 key.
 */
export function loadWitnessKey(file: string, name: string, mayMake: boolean): SyncSigner {
  if (mayMake) makeKey(file)
  return loadKey(file, name)
}

/** Reads a key from a PKCS#8 PEM file. Throws as `loadWitnessKey` does. */
export function loadKey(file: string, name: string): SyncSigner {
  const pem = readPrivate(file)
  const key = PEM.test(pem) ? createPrivateKey(pem) : undefined
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error(`ledger: ${file} holds no Ed25519 key as PKCS#8 PEM`)
  return createSigner(new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }).subarray(-32)), name)
}

/** A file that is there stays. */
function makeKey(file: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'wx', 0o600)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'EEXIST') return
    throw new Error(`ledger: ${file} cannot be made; name a directory that exists`, { cause: error })
  }
  try {
    const body = Buffer.concat([PKCS8_PREFIX, randomBytes(32)]).toString('base64')
    const text = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
    if (writeSync(descriptor, text) !== text.length) throw new Error(`ledger: ${file} could not be written; remove it`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function readPrivate(file: string): string {
  let descriptor: number
  try {
    // The last component is opened as it is: a link could lead to a file of somebody else's choice.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    throw new Error(`ledger: ${file} cannot be read, or is a link; name the file of the key itself`, { cause })
  }
  try {
    const { mode, size } = fstatSync(descriptor)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || (mode & 0o077) !== 0)
      throw new Error(`ledger: others can read ${file}; run chmod 600 ${file}, and make a new key if somebody may have`)
    return size > 1_024 ? '' : readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
