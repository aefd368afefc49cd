/** Reads one status list: who signed it, of what it is, and its bits (spec chapter 9.2). Throws `Malformed`. @module */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { fromBase64url } from './encoding.mjs'
import { parseObject } from './json.mjs'
import { isSigned, readJws } from './jws.mjs'
import { isValidAt } from './keys.mjs'
import { Malformed, must, Refusal } from './refusal.mjs'
import { checkSchema } from './schema.mjs'
import { secondsOf } from './times.mjs'

export const MAX_TEXT = 4_194_304
const MIN_BYTES = 16_384
const MAX_BYTES = 16_777_216
const MAX_SECONDS = 86_400
const inflate = promisify(gunzip)
/** One large list is inflated at a time (AHP-STATUS-20). */
let turn = Promise.resolve()

/** `{text, bits, validFrom, validUntil}` of a list that may be used at `now`, under AHP-STATUS-6 to AHP-STATUS-9. */
export async function readStatusList(text, { did, keys }, url, { now, skew }) {
  const claims = claimsOf(text, did, keys, now)
  const { id, issuer, credentialSubject: subject } = claims
  must(id === url && issuer === did && subject.id === `${url}#list`, 'the list of somebody else')
  const [validFrom, validUntil] = [secondsOf(claims.validFrom), secondsOf(claims.validUntil)]
  must(validFrom <= now + skew && now < validUntil && validUntil - validFrom <= MAX_SECONDS, 'not a list of now')
  return { text, bits: await bitsOf(subject.encodedList), validFrom, validUntil }
}

function claimsOf(text, did, keys, now) {
  must(text.length <= MAX_TEXT, 'a list that is too long')
  const jws = readAsMalformed(() => readJws(text, 'passport', 'vc+jwt', 'vc'))
  const key = keys.get(jws.kid)
  must(jws.signer === did && key !== undefined && isValidAt(key, now) && isSigned(jws, key.key), 'not signed by a key of status')
  const claims = parseObject(jws.payload, MAX_TEXT)
  checkSchema(claims, 'status-list')
  return claims
}

async function bitsOf(encoded) {
  const gzip = fromBase64url(encoded.slice(1))
  const before = turn
  let done
  turn = new Promise((resolve) => (done = resolve))
  await before
  try {
    const bits = await inflate(gzip, { maxOutputLength: MAX_BYTES })
    must(
      bits.length >= MIN_BYTES && gzip.readUInt32LE(gzip.length - 4) === bits.length,
      'too few bits, or another number than it says',
    )
    return bits
  } catch (error) {
    throw error instanceof Malformed ? error : new Malformed(`not gzip: ${error.code}`)
  } finally {
    done()
  }
}

function readAsMalformed(read) {
  try {
    return read()
  } catch (error) {
    throw error instanceof Refusal ? new Malformed(error.code) : error
  }
}
