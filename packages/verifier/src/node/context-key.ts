/** Reads the private key under which a receiver signs contexts, from a file that nobody else can read (spec chapters 1.5 and 20.3). @module */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { createSigner, type Signer } from '@aiegis/protocol'

const MAX_BYTES = 1024
const CURE = 'make one with umask 077; openssl genpkey -algorithm ed25519 -out'

/**
 * The signer of the Ed25519 key in a PKCS#8 PEM file; `kid` is its DID URL. Throws `TypeError` with one sentence for a file that is missing,
 * is a link, belongs to somebody else, can be read by others or holds something else.
 */
export function contextKeyFile(path: string, kid: string): Signer {
  const der = parse(read(path), path).export({ format: 'der', type: 'pkcs8' })
  return createSigner(new Uint8Array(der.subarray(-32)), kid)
}

function read(path: string): string {
  const file = open(path)
  try {
    const { mode, uid, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw wrong(path, `is not a regular file; ${CURE} ${path}`)
    if ((mode & 0o077) !== 0) throw wrong(path, 'can be read by others; chmod it to 600, and make a new key if somebody may have')
    if (uid !== process.geteuid?.()) throw wrong(path, 'belongs to another user; run the process as that user')
    if (size > MAX_BYTES) throw wrong(path, `is too long for a key; ${CURE} ${path}`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function open(path: string): number {
  try {
    // O_NOFOLLOW: a link could lead to a file of somebody else's choice. O_NONBLOCK: a pipe does not hold the start up.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw wrong(path, `cannot be opened (${String(code)}); ${CURE} ${path}`, error)
  }
}

function parse(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    throw wrong(path, `holds no private key as PKCS#8 PEM; ${CURE} ${path}`, error)
  }
  throw wrong(path, `holds a key of another kind than Ed25519; ${CURE} ${path}`)
}

function wrong(path: string, rest: string, cause?: unknown): TypeError {
  return new TypeError(`context key ${path} ${rest}`, { cause })
}
