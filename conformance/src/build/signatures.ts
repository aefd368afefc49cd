/** The layer in which something is signed: by another key, or in a way that one careless verifier accepts (spec chapter 2.3). @module */
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, fromHex, latin1, utf8 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { flipped, type Changes } from './changes.ts'
import { bytesOf, integerOf, L, nonceOf, sign, signatureOf, type KeyPair } from './ed25519.ts'
import { keyOf, torsion } from './parties.ts'

type Edit = (key: KeyPair, message: Uint8Array) => Uint8Array

/** p + 1, little-endian: the y of the neutral point in a text that nobody may write. */
const BEYOND_P = Uint8Array.of(0xee, ...new Uint8Array(30).fill(0xff), 0x7f)

/** Signatures that are wrong in one way each; `spec/02-bytes.md`, AHP-BYTES-11 and AHP-BYTES-12. */
const EDITS: Readonly<Record<string, Edit>> = {
  none: (key, message) => sign(key, message),
  // S + L: the same value of the equation, another text of the signature.
  's-plus-l': (key, message) => {
    const made = sign(key, message)
    made.set(bytesOf(integerOf(made.slice(32)) + L), 32)
    return made
  },
  // R with a point of order 8 added: right after multiplication with the cofactor only.
  torsion: (key, message) => {
    const r = nonceOf(key, message)
    return signatureOf(key, message, r, Point.BASE.multiply(r).add(torsion()).toBytes())
  },
  // R is the neutral point, which makes the equation hold for S = k·a.
  'r-identity': (key, message) => signatureOf(key, message, 0n, Point.ZERO.toBytes()),
  // R is the neutral point with p added to its y.
  'r-beyond-p': (key, message) => signatureOf(key, message, 0n, BEYOND_P),
  // Ed25519ph (RFC 8032, section 5.1): another algorithm over the same bytes.
  prehashed: (key, message) => {
    const domain = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))
    return sign(key, sha512(message), domain)
  },
  // A signature of something else.
  'other-message': (key) => sign(key, utf8('another message')),
  // The payload alone, decoded, and not the text that has to be signed.
  'payload-only': (key, message) => sign(key, new Uint8Array(Buffer.from(latin1(message).split('.')[1] ?? '', 'base64url'))),
  // R is of order 8: right for verifiers with the cofactor.
  'r-order-8': (key, message) => signatureOf(key, message, 0n, torsion().toBytes()),
  // A key of mixed order, and a nonce for which the small part of the key counts: right with the cofactor only.
  'mixed-outside': (key, message) => seek(key, message, false),
  // The same key, and a nonce for which it does not count: right in every way.
  'mixed-inside': (key, message) => seek(key, message, true),
}

/** The signature of a message as the changes of this layer want it. `label` is who signs unless `key` says another. */
export function signed(changes: Changes, at: string, label: string, message: Uint8Array): Uint8Array {
  const [other] = changes.take(at, ['key'])
  const signer = other === undefined ? label : changes.textOf(other)
  const key = keyOf(changes.moment.world.seed, signer)
  const [edit] = changes.take(at, ['edit'])
  const make = EDITS[edit === undefined ? (signer === 'agent-mixed' ? 'mixed-inside' : 'none') : (edit.edit ?? '')]
  if (make === undefined) throw new ChangeError(`${at}: there is no edit ${edit?.edit ?? ''}`)
  const made = make(key, message)
  const replaced = changes.take(at, ['bytes']).reduce((_before, change) => fromHex(changes.textOf(change)), made)
  return changes.take(at, ['flip']).reduce((before, change) => flipped(change, before), replaced)
}

/** Tries nonces until S·B = R + k·A holds, or until it does not, for a key with a part of order 8. */
function seek(key: KeyPair, message: Uint8Array, holds: boolean): Uint8Array {
  const A = Point.fromBytes(key.publicKey)
  for (let r = nonceOf(key, message); ; r = (r + 1n) % L) {
    const made = signatureOf(key, message, r, Point.BASE.multiply(r).toBytes())
    const k = challengeOf(made, r, key)
    if (A.multiply(k, false).equals(Point.BASE.multiply((k * key.scalar) % L, false)) === holds) return made
  }
}

function challengeOf(signature: Uint8Array, r: bigint, key: KeyPair): bigint {
  return ((integerOf(signature.slice(32)) - r + L) * inverse(key.scalar % L)) % L
}

/** The inverse modulo L (Fermat). */
function inverse(value: bigint): bigint {
  let result = 1n
  let base = value
  for (let exponent = L - 2n; exponent > 0n; exponent >>= 1n, base = (base * base) % L) {
    if (exponent % 2n === 1n) result = (result * base) % L
  }
  return result
}
