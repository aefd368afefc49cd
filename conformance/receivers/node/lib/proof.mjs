/** The proof that a log has the decision: its text, the log's signature, the path (spec chapter 5). @module */
import { checkPublicKey, verifySignature } from './ed25519.mjs'
import { fromBase64, fromBase64url, sha256, textOf } from './encoding.mjs'
import { must, Refusal, refuseAs } from './refusal.mjs'

const HEADER = 'c2sp.org/tlog-proof@v1'
const MAX_NUMBER = 2n ** 63n - 1n
const MAX_HASHES = 40
const MAX_LINES = 9
const LOG_TYPE = 1
const EMPTY = sha256('')

/** Name, key id and key of a log (AHP-PROOF-6). Throws `Malformed`. */
export function readVkey(text) {
  const [, name, id, encoded] = /^([^]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? []
  must(name !== undefined && isName(name), 'not a verifier key')
  const typed = fromBase64(encoded)
  must(typed[0] === LOG_TYPE, 'not the key of a log')
  must(sha256(name, '\n', typed).subarray(0, 4).toString('hex') === id, 'the key id is not that of name, type and key')
  checkPublicKey(typed.subarray(1))
  return { name, id, key: typed.subarray(1) }
}

/** Refuses with `proof_malformed`; nothing is verified. */
export function readProof(value) {
  return refuseAs('proof_malformed', () => {
    const text = textOf(fromBase64url(value))
    const proof = parse(text)
    must(print(proof) === text, 'not the one form of a proof')
    return proof
  })
}

function parse(text) {
  must(!/\p{Cc}/u.test(text.replaceAll('\n', '')), 'a control character')
  const lines = text.split('\n')
  const end = lines.indexOf('')
  const [header, index = '', ...path] = lines.slice(0, Math.max(end, 0))
  const [origin = '', size = '', root = '', ...rest] = lines.slice(end + 1)
  const signatures = rest.slice(1, -1).map(lineOf)
  must(header === HEADER && index.startsWith('index ') && path.length <= MAX_HASHES && origin !== '', 'not the form of a proof')
  must(signatures.length >= 1 && signatures.length <= MAX_LINES, 'no signatures, or too many')
  must(new Set(signatures.map(({ name, id }) => `${id} ${name}`)).size === signatures.length, 'two lines of one key')
  const proof = {
    index: numberOf(index.slice(6)),
    path: path.map(hash),
    origin,
    size: numberOf(size),
    root: hash(root),
    signatures,
  }
  must(proof.size > 0n || proof.root.equals(EMPTY), 'a size of 0 with a root')
  return proof
}

function print({ index, path, signatures, ...head }) {
  const hashes = path.map((each) => `${each.toString('base64')}\n`).join('')
  const lines = signatures.map(({ name, id, signature }) => {
    const bytes = Buffer.concat([Buffer.from(id, 'hex'), signature])
    return `— ${name} ${bytes.toString('base64')}\n`
  })
  return `${HEADER}\nindex ${index}\n${hashes}\n${checkpointOf(head)}\n${lines.join('')}`
}

function checkpointOf({ origin, size, root }) {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

function numberOf(text) {
  must(/^(?:0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= MAX_NUMBER, 'not a number of 63 bits')
  return BigInt(text)
}

function hash(text) {
  const bytes = fromBase64(text)
  must(bytes.length === 32, 'not a hash')
  return bytes
}

function lineOf(text) {
  const [dash, name, encoded, ...more] = text.split(' ')
  must(dash === '—' && encoded !== undefined && more.length === 0 && isName(name), 'not a line of a signature')
  const bytes = fromBase64(encoded)
  must(bytes.length >= 5, 'no signature')
  return { name, id: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) }
}

function isName(text) {
  return Array.from(text).length <= 256 && /^[^\s\p{Cc}+]+$/u.test(text)
}

/** AHP-PROOF-8 and AHP-PROOF-9. */
export function verifyCheckpoint(proof, vkey) {
  const line = proof.signatures.find(({ name, id }) => name === vkey.name && id === vkey.id)
  // Verified in any case, so that an unknown signer costs what a known one costs (AHP-ROAD-9).
  const isGood = verifySignature(vkey.key, Buffer.from(checkpointOf(proof)), line?.signature ?? Buffer.alloc(64, 2))
  if (line === undefined) throw new Refusal('checkpoint_unsigned')
  if (!isGood) throw new Refusal('checkpoint_signature_invalid')
}

/** AHP-PROOF-10. */
export function verifyInclusion({ index, size, path, root }, leaf) {
  let r = sha256('\0', leaf)
  let fn = index
  let sn = size - 1n
  for (const p of path) {
    if (sn === 0n) throw new Refusal('inclusion_invalid')
    if (fn % 2n === 1n || fn === sn) {
      r = sha256('\u0001', p, r)
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n]
    } else r = sha256('\u0001', r, p)
    ;[fn, sn] = [fn / 2n, sn / 2n]
  }
  if (index >= size || sn !== 0n || !r.equals(root)) throw new Refusal('inclusion_invalid')
}
