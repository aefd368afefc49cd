/** Reads the DIDs of this profile, did:key with Ed25519 and did:web, each in its one spelling (spec chapter 2). @module */
import { importEd25519, type Ed25519PublicKey } from './ed25519.ts'
import { Malformed } from './refusal.ts'

/** A DID URL that names a key: `<did>#<fragment>`. */
export interface DidUrl {
  readonly did: string
  /** 1 to 128 characters of `[A-Za-z0-9._-]`, without the `#`. */
  readonly fragment: string
}

/**
 * Returns `text` when it is a DID of at most 512 characters in its one spelling; throws `Malformed` otherwise. did:key: a key that
 * `importEd25519` takes. did:web: lower-case host name with a dot, or `localhost`, never an address; port as `%3A` and not 443; up to
 * eight path segments without escapes (did:web §3). Does not resolve, and does not say that the DID is trusted.
 */
export function checkDid(text: string): string {
  if (text.length > MAX_LENGTH) throw new Malformed(`a DID longer than ${MAX_LENGTH} characters`)
  if (text.startsWith('did:key:')) parseDidKey(text)
  else if (!isDidWeb(text)) throw new Malformed('neither a did:key of Ed25519 nor a did:web in its one spelling')
  return text
}

/** The key that an Ed25519 did:key encodes (multicodec 0xed, base58btc). Throws `Malformed` for other keys and other spellings. */
export function parseDidKey(did: string): Ed25519PublicKey {
  if (!DID_KEY.test(did)) throw new Malformed('not a did:key of Ed25519')
  const limbs = base58(did.slice(PREFIX.length))
  const bytes = new Uint8Array(34)
  for (let index = 0; index < 34; index++) bytes[33 - index] = (limbs[Math.floor(index / 3)] ?? 0) >> (8 * (index % 3))
  // 6Mk bounds the number to 34 bytes, but their first two may be others.
  if (bytes[0] !== 0xed || bytes[1] !== 0x01) throw new Malformed('not a did:key of Ed25519')
  return importEd25519(bytes.subarray(2))
}

/** The did:key of `key`, 56 characters. */
export function formatDidKey(key: Ed25519PublicKey): string {
  let rest = key.bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0xed01n)
  let text = ''
  for (; rest > 0n; rest /= 58n) text = BASE58.charAt(Number(rest % 58n)) + text
  return PREFIX + text
}

/** The DID URL of the one key of `did`, a did:key: its fragment is what the DID encodes the key as. Does not check `did`. */
export function didKeyUrl(did: string): string {
  return `${did}#${did.slice('did:key:'.length)}`
}

/** Splits an absolute DID URL at its only `#`. Throws `Malformed` for a path, a query and everything `checkDid` refuses. */
export function parseDidUrl(text: string): DidUrl {
  const hash = text.indexOf('#')
  if (hash === -1 || !FRAGMENT.test(text.slice(hash + 1))) throw new Malformed('not a DID URL with a fragment')
  return { did: checkDid(text.slice(0, hash)), fragment: text.slice(hash + 1) }
}

function isDidWeb(text: string): boolean {
  const match = DID_WEB.exec(text)
  if (match === null) return false
  const [, host = '', port] = match
  // A label of punycode is text like any other: runtimes differ on what decodes, and DIDs are compared by bytes.
  return host.length <= 253 && port !== '443' && Number(port ?? 0) <= 65_535
}

/** The number that base58btc text spells, in twelve limbs of 24 bits, least significant first; for at most 48 characters. */
function base58(text: string): readonly number[] {
  const limbs = Array.from({ length: 12 }, () => 0)
  for (let start = 0; start < text.length; start += 4) {
    const end = Math.min(start + 4, text.length)
    let carry = 0
    for (let index = start; index < end; index++) carry = carry * 58 + (BASE58_VALUES[text.charCodeAt(index)] ?? 0)
    const factor = 58 ** (end - start)
    for (let index = 0; index < 12; index++) {
      // Below 2^24 · 58^4 + 2^24 < 2^53: exact in a double.
      const product = (limbs[index] ?? 0) * factor + carry
      carry = Math.floor(product / LIMB)
      limbs[index] = product - carry * LIMB
    }
  }
  return limbs
}

const MAX_LENGTH = 512
const PREFIX = 'did:key:z'
/** 0xed01 and 32 bytes are always 47 characters that begin with 6Mk. */
const DID_KEY = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/
const DID_WEB =
  /^did:web:(localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9]))(?:%3A([1-9][0-9]{0,4}))?(?::[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){0,8}$/
/** What may follow the `#` of a DID URL. */
export const FRAGMENT: RegExp = /^[A-Za-z0-9._-]{1,128}$/
const LIMB = 2 ** 24
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BASE58_VALUES: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, BASE58.indexOf(String.fromCharCode(code))),
)
