/** One passport: who vouches for an agent, for what, and until when (spec chapters 8 and 12). @module */
import { checkDid, keyOfDid, keyOfJwk, thumbprint } from './did.mjs'
import { parseObject } from './json.mjs'
import { verifySigner } from './keys.mjs'
import { checkMission } from './mission.mjs'
import { must, Refusal, refuseAs } from './refusal.mjs'
import { checkSchema } from './schema.mjs'
import { secondsOf } from './times.mjs'
import { parseUrl } from './url.mjs'

const MAX_SECONDS = 366 * 86_400

/** Issuer, subject, key and end of a passport that counts now. */
export async function verifyPassport(jws, scene) {
  const { trust, now } = scene
  const { party: issuer, signerJkt } = await verifySigner(jws, 'passport', trust.issuers, scene)
  const { subject, key, status, begin, end } = refuseAs('passport_claims_invalid', () => membersOf(jws))
  if (!key.equals(keyOfDid(subject.id))) throw new Refusal('passport_key_mismatch')
  if (end - begin > MAX_SECONDS) throw new Refusal('passport_lifetime_too_long')
  if (begin > now + trust.skew) throw new Refusal('passport_not_yet_valid')
  if (end <= now) throw new Refusal('passport_expired')
  return { issuer, signerJkt, subject, agent: subject.id, key, jkt: thumbprint(key), status, end }
}

function membersOf({ payload, signer }) {
  const claims = parseObject(payload, 4096)
  checkSchema(claims, 'passport')
  const { issuer, validFrom, validUntil, credentialSubject: subject, cnf, credentialStatus: status } = claims
  const [begin, end] = [secondsOf(validFrom), secondsOf(validUntil)]
  must(issuer === signer && begin < end, 'issuer is not the signer, or it ends before it begins')
  keyOfDid(subject.id)
  subject.harness.forEach(checkDid)
  checkMission(subject.mission)
  for (const { grade, time, id } of Object.values(subject.attestations)) {
    if (grade !== 'none') secondsOf(time)
    if (id !== undefined) checkDid(id)
  }
  if (status !== undefined) parseUrl(status.statusListCredential)
  return { subject, key: keyOfJwk(cnf.jwk), status, begin, end }
}
