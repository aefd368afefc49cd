// Verdicts of the byte readers of this runtime (base64url, UTF-8, JSON, DID, hashes) over generated text.
import { createHash } from 'node:crypto'
import { decodeBase64, decodeBase64url } from '../packages/protocol/dist/base64.js'
import { decodeUtf8, toHex, utf8 } from '../packages/protocol/dist/bytes.js'
import { nobleCrypto, nodeCrypto } from '../packages/protocol/dist/crypto.js'
import { checkDid } from '../packages/protocol/dist/did.js'
import { canonicalize } from '../packages/protocol/dist/jcs.js'
import { parseJson } from '../packages/protocol/dist/json.js'

const ALPHABETS = {
  base64url: 'ABYZabyz0189-_',
  'almost base64': 'ABQgw048+/=-_ \n\t.éŁ\u0000\u0141\ud800',
  json: '{}[]":,\\ud8c0dc0012e-+. trufalsn',
  did: 'did:web:key:z6MkabcxN.-%3A0149~_#\u212a',
  bytes: '\u0000\u007f\u0080\u00bf\u00c0\u00ed\u00a0\u00ef\u00bb\u00bf\u00f0\u00f4\u0090az',
}
const READERS = {
  decodeBase64url: (text) => toHex(decodeBase64url(text)),
  decodeBase64: (text) => toHex(decodeBase64(text)),
  utf8: (text) => toHex(utf8(text)),
  decodeUtf8: (text) => decodeUtf8(Uint8Array.from(text, (unit) => unit.codePointAt(0) & 0xff)),
  parseJson: (text) => canonicalize(parseJson(utf8(text), { maxBytes: 10_000 })),
  checkDid: (text) => checkDid(text),
}

/** One row. */
export function rows() {
  const digest = createHash('sha256')
  const wrong = []
  let cases = 0
  for (const [name, alphabet] of Object.entries(ALPHABETS)) {
    for (let index = 0; index < 4000; index++) {
      const text = generate(`${name} ${index}`, Array.from(alphabet), index % 7 === 0 ? 140 : 24)
      const own = { base64url: `${'A'.repeat(100)}${text}`, did: `did:web:${text}.example`, json: `[${text}]` }[name] ?? text
      for (const [reader, read] of Object.entries(READERS)) {
        for (const input of own === text ? [text] : [text, own])
          digest.update(`${reader} ${verdict(reader, () => read(input))}\n`)
      }
    }
  }
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 0xff)
    const hashes = [nodeCrypto(), nobleCrypto()].map((port) => toHex(port.sha256(bytes)))
    if (hashes[0] !== hashes[1]) wrong.push(`SHA-256 of ${length} bytes`)
    digest.update(hashes.join())
  }
  return [{ engine: 'readers', cases, wrong, digest: digest.digest('hex') }]

  /** What the reader gives back, or that it refuses; another error than Malformed is wrong. */
  function verdict(reader, read) {
    cases++
    try {
      return read()
    } catch (error) {
      if (error.name !== 'Malformed') wrong.push(`${reader} threw ${error.name}`)
      return 'refused'
    }
  }
}

function generate(seed, units, length) {
  const noise = createHash('sha512').update(seed).digest()
  return Array.from(
    { length: noise[0] % length },
    (_, index) => units[(noise[index % 64] + (index >> 6) * 7) % units.length],
  ).join('')
}
