/** The leaf that a log holds for a token, made of the token alone (spec chapter 4). @module */
import { createHmac } from 'node:crypto'
import { fromBase64url, hashOf, jcs } from './encoding.mjs'

const COMMITTED = ['agent_did', 'action', 'target', 'deciding_pack', 'deciding_rule', 'deny_reason', 'decision_ms']

/** AHP-LEAF-4. `claims` are those of the verified `token`, whose text ends in the signature. */
export function leafOf(claims, { kid, text }) {
  const { entry, sub } = claims
  const salt = fromBase64url(claims.salt)
  const values = { ...entry, agent_did: sub }
  const committed = Object.fromEntries(COMMITTED.map((name) => [name, commitment(salt, name, values[name])]))
  const clear = {
    ts: `${entry.ts.slice(0, 19)}Z`,
    decision: entry.decision,
    deciding_layer: entry.deciding_layer,
    harness_kid: kid,
    ledger_sig: text.slice(text.lastIndexOf('.') + 1),
  }
  return jcs({ v: 1, entry: { ...committed, ...clear }, tok: hashOf(text) })
}

/** AHP-LEAF-3: also of null. */
function commitment(salt, name, value) {
  const key = createHmac('sha256', salt).update(name).digest()
  return hashOf(`aiegis-commit/v1\n${name}\n`, key, jcs(value))
}
