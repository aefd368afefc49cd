/** The token: who signed it, what it claims, and whether it is of now (spec chapters 3 and 12). @module */
import { checkDid, keyOfDid } from './did.mjs'
import { parseObject } from './json.mjs'
import { verifySigner } from './keys.mjs'
import { must, Refusal, refuseAs, VERSION } from './refusal.mjs'
import { checkSchema } from './schema.mjs'
import { secondsOf } from './times.mjs'
import { checkOrigin, parseUrl } from './url.mjs'

const LENGTHS = { action: 128, target: 1024, deciding_pack: 64, deciding_rule: 64, deciding_layer: 64, deny_reason: 256 }

/** The claims, the harness, and the thumbprint of the key that signed. */
export async function verifyToken(jws, scene) {
  const { trust, now } = scene
  const { party: harness, signerJkt } = await verifySigner(jws, 'token', trust.harnesses, scene)
  const claims = refuseAs('token_claims_invalid', () => claimsOf(jws))
  if (claims.iat > now + trust.skew) throw new Refusal('token_not_yet_valid')
  if (claims.exp <= now) throw new Refusal('token_expired')
  if (claims.exp - claims.iat > (trust.time.maxLifetimeSeconds ?? 60)) throw new Refusal('token_lifetime_too_long')
  if (secondsOf(claims.entry.ts, 3) !== claims.iat) throw new Refusal('entry_time_mismatch')
  return { claims, harness, signerJkt }
}

function claimsOf({ payload, signer }) {
  const claims = parseObject(payload, 4096)
  if (typeof claims.ahp === 'string' && claims.ahp !== VERSION) throw new Refusal('token_version_unsupported')
  checkSchema(claims, 'token')
  must(claims.iss === signer && claims.exp > claims.iat, 'iss is not the signer, or exp is not after iat')
  checkDid(claims.iss)
  keyOfDid(claims.sub)
  parseUrl(claims.htu)
  checkOrigin(claims.aud)
  secondsOf(claims.entry.ts, 3)
  for (const [name, length] of Object.entries(LENGTHS))
    must(Buffer.byteLength(claims.entry[name] ?? '') <= length, `${name} is too long`)
  return claims
}
