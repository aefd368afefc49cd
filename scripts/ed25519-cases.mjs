// Edge cases of Ed25519 verification with the verdict of the one strict rule, made from group arithmetic and fixed seeds.
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

hashes.sha512 = sha512
const { n: L, p: P } = Point.CURVE()
const TOP_BIT = 1n << 255n

/** Every case: 32-byte key (or another length), message, signature, and whether the strict rule takes it. */
export function ed25519Cases() {
  return [...honest(), ...lengths(), ...scalars(), ...smallOrder(), ...mixedOrder(), ...notPoints()]
}

/** All 32-byte encodings that decode to one of the eight points of small order, the sloppy ones included. */
export function smallOrderEncodings() {
  const ys = new Set(torsionPoints().map((point) => point.y))
  const sloppy = [...ys].filter((y) => y + P < TOP_BIT).map((y) => y + P)
  return [...ys, ...sloppy].flatMap((y) => [encode(y), encode(y | TOP_BIT)])
}

/** All 32-byte encodings with y ≥ p. */
export function nonCanonicalEncodings() {
  return Array.from({ length: 19 }, (_, index) => P + BigInt(index)).flatMap((y) => [encode(y), encode(y | TOP_BIT)])
}

/** The subgroup of order eight. */
export function torsionPoints() {
  // Any point multiplied by L keeps only its torsion; the y of 5 leaves a generator.
  for (let y = 2n; ; y++) {
    const generator = torsionOf(encode(y))
    if (generator === undefined) continue
    const points = [Point.ZERO]
    for (let next = generator; !next.is0(); next = next.add(generator)) points.push(next)
    if (points.length === 8) return points
  }
}

function* honest() {
  for (let index = 0; index < 64; index++) {
    const { key, seed } = keyPair(`honest ${index}`)
    const message = bytesFrom(`message ${index}`, index * 5)
    const signature = sign(message, seed)
    yield { name: `honest ${index}`, key, message, signature, valid: true }
    const bit = (index * 37) % 512
    yield { name: `signature bit ${bit} flipped`, key, message, signature: flip(signature, bit), valid: false }
    yield { name: `message changed ${index}`, key, message: concat([message, Uint8Array.of(0)]), signature, valid: false }
    yield { name: `key bit ${bit % 256} flipped`, key: flip(key, bit % 256), message, signature, valid: false }
    yield { name: `another key ${index}`, key: keyPair(`other ${index}`).key, message, signature, valid: false }
  }
}

function* lengths() {
  const { key, seed } = keyPair('lengths')
  const message = bytesFrom('lengths', 20)
  const signature = sign(message, seed)
  for (const length of [0, 1, 32, 63])
    yield { name: `signature of ${length} bytes`, key, message, signature: signature.slice(0, length), valid: false }
  yield { name: 'signature of 65 bytes', key, message, signature: concat([signature, Uint8Array.of(0)]), valid: false }
  yield { name: 'signature twice', key, message, signature: concat([signature, signature]), valid: false }
  for (const length of [0, 31])
    yield { name: `key of ${length} bytes`, key: key.slice(0, length), message, signature, valid: false }
  yield { name: 'key of 33 bytes', key: concat([key, Uint8Array.of(0)]), message, signature, valid: false }
}

/** S and S + iL are the same scalar: only the one below L may count. */
function* scalars() {
  for (let index = 0; index < 16; index++) {
    const { key, seed } = keyPair(`scalar ${index}`)
    const message = bytesFrom(`scalar ${index}`, 32)
    const signature = sign(message, seed)
    const r = signature.subarray(0, 32)
    const s = decode(signature.subarray(32))
    for (let times = 1n; s + times * L < 1n << 256n; times++) {
      yield { name: `S + ${times}L ${index}`, key, message, signature: concat([r, encode(s + times * L)]), valid: false }
    }
    for (const [name, value] of [
      ['0', 0n],
      ['1', 1n],
      ['L − 1', L - 1n],
      ['L', L],
      ['L + 1', L + 1n],
      ['2^252', 1n << 252n],
      ['2^255', TOP_BIT],
      ['2^256 − 1', (1n << 256n) - 1n],
      ['L − S', L - s],
    ]) {
      yield { name: `S = ${name} ${index}`, key, message, signature: concat([r, encode(value)]), valid: false }
    }
  }
}

function* smallOrder() {
  const encodings = smallOrderEncodings()
  const messages = Array.from({ length: 8 }, (_, index) => bytesFrom(`forgery ${index}`, index))
  // The universal forgery and its kin: S = 0 and two points of small order satisfy the equation for every eighth message or more.
  for (const [a, key] of encodings.entries()) {
    for (const [r, nonce] of encodings.entries()) {
      for (const [m, message] of messages.entries()) {
        yield { name: `forgery A${a} R${r} message ${m}`, key, message, signature: concat([nonce, encode(0n)]), valid: false }
      }
    }
    // Someone who knows only r signs for a key of small order.
    const r = scalarFrom(`forger ${a}`)
    const nonce = Point.BASE.multiply(r).toBytes()
    for (const [m, message] of messages.entries()) {
      yield { name: `signed for A${a} message ${m}`, key, message, signature: concat([nonce, encode(r)]), valid: false }
    }
  }
  // A real key with R of small order: S = k·a satisfies the equation when R encodes the identity.
  const { key, seed } = keyPair('small R')
  const a = scalarOf(seed)
  for (const [r, nonce] of encodings.entries()) {
    for (const [m, message] of messages.entries()) {
      const s = (challenge(nonce, key, message) * a) % L
      yield { name: `real key, R${r} message ${m}`, key, message, signature: concat([nonce, encode(s)]), valid: false }
    }
  }
}

/** Points with a component of small order: here the equations with and without the cofactor differ. */
function* mixedOrder() {
  const a = scalarFrom('mixed key')
  const r = scalarFrom('mixed nonce')
  const prime = Point.BASE.multiply(a)
  const nonce = Point.BASE.multiply(r)
  for (const [t, torsion] of torsionPoints().entries()) {
    if (t === 0) continue
    const key = prime.add(torsion).toBytes()
    for (let index = 0; index < 16; index++) {
      const message = bytesFrom(`mixed ${index}`, 24)
      yield signed(`A + T${t}, message ${index}`, key, nonce.toBytes(), message)
      yield signed(`R + T${t}, message ${index}`, prime.toBytes(), nonce.add(torsion).toBytes(), message)
      yield signed(`A + T${t} and R + T${t}, message ${index}`, key, nonce.add(torsion).toBytes(), message)
    }
    // R absorbs k·T: valid without the cofactor. The nonce depends on k and k on the nonce, so look for a match among the eight.
    for (let index = 0; index < 16; index++) {
      const message = bytesFrom(`absorbed ${index}`, 24)
      for (const [u, offset] of torsionPoints().entries())
        yield signed(`A + T${t}, R + T${u}, absorbed ${index}`, key, nonce.add(offset).toBytes(), message)
    }
  }

  function signed(name, key, nonceBytes, message) {
    const k = challenge(nonceBytes, key, message)
    const s = (r + k * a) % L
    const left = Point.BASE.multiplyUnsafe(s)
    const right = Point.fromBytes(nonceBytes).add(Point.fromBytes(key).multiplyUnsafe(k))
    // With the cofactor all of these hold: s was made for the components of prime order.
    if (!left.subtract(right).clearCofactor().is0()) throw new Error(`${name} does not hold with the cofactor`)
    return { name, key, message, signature: concat([nonceBytes, encode(s)]), valid: left.equals(right), cofactored: true }
  }
}

function* notPoints() {
  const { key, seed } = keyPair('not points')
  const message = bytesFrom('not points', 12)
  const signature = sign(message, seed)
  const s = signature.subarray(32)
  for (let y = 2n, found = 0; found < 16; y++) {
    if (pointOf(encode(y)) !== undefined) continue
    found++
    yield { name: `A with y = ${y} is no point`, key: encode(y), message, signature, valid: false }
    yield { name: `R with y = ${y} is no point`, key, message, signature: concat([encode(y), s]), valid: false }
  }
  for (const [index, encoding] of nonCanonicalEncodings().entries()) {
    yield { name: `A is not canonical ${index}`, key: encoding, message, signature, valid: false }
    yield {
      name: `A is not canonical ${index}, S = 0`,
      key: encoding,
      message,
      signature: concat([encoding, encode(0n)]),
      valid: false,
    }
    yield { name: `R is not canonical ${index}`, key, message, signature: concat([encoding, s]), valid: false }
  }
}

function torsionOf(bytes) {
  const point = pointOf(bytes)
  return point === undefined ? undefined : point.multiplyUnsafe(L - 1n).add(point)
}

function pointOf(bytes) {
  try {
    return Point.fromBytes(bytes)
  } catch {
    return undefined
  }
}

function keyPair(name) {
  const seed = sha256(new TextEncoder().encode(name))
  return { seed, key: getPublicKey(seed) }
}

/** RFC 8032 §5.1.5: the clamped scalar of a seed. */
function scalarOf(seed) {
  const bytes = sha512(seed).slice(0, 32)
  bytes[0] &= 248
  bytes[31] = (bytes[31] & 63) | 64
  return decode(bytes) % L
}

function scalarFrom(name) {
  return decode(sha512(new TextEncoder().encode(name))) % L
}

/** k modulo L. On a point with torsion k and k mod L differ; every engine reduces first, so this does. */
function challenge(nonce, key, message) {
  return decode(sha512(concat([nonce, key, message]))) % L
}

function bytesFrom(name, length) {
  const blocks = []
  for (let index = 0; index * 64 < length; index++) blocks.push(sha512(new TextEncoder().encode(`${name} ${index}`)))
  return concat(blocks).slice(0, length)
}

function flip(bytes, bit) {
  const copy = bytes.slice()
  copy[bit >> 3] ^= 1 << (bit & 7)
  return copy
}

function concat(parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function encode(value) {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

function decode(bytes) {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
