/** The bytes that stand in the log for a decision (spec chapter 4). @module */
import { base64url, concat, hashOf, hmacSha256, sha256, utf8 } from './bytes.ts'
import { canonical, isObject, type Json, type JsonObject } from './json.ts'

/** The commitment to one field of an entry, base64url. `salt` is the 16 bytes of the claim. */
export function commitment(field: string, value: Json, salt: Uint8Array): string {
  const opening = hmacSha256(salt, utf8(field))
  return base64url(sha256(concat(utf8(`aiegis-commit/v1\n${field}\n`), opening, utf8(canonical(value)))))
}

/** The leaf of a token as an object. Claims that are not there count as null: such a token is refused before anybody looks at the log. */
export function leafOf(claims: JsonObject, kid: string, compact: string): JsonObject {
  const entry = isObject(claims['entry']) ? claims['entry'] : {}
  const salt = new Uint8Array(Buffer.from(typeof claims['salt'] === 'string' ? claims['salt'] : '', 'base64url'))
  const commit = (field: string, value: Json | undefined): string => commitment(field, value ?? null, salt)
  const ts = entry['ts']
  return {
    v: 1,
    entry: {
      ts: typeof ts === 'string' ? ts.replace(/\.\d+Z$/, 'Z') : null,
      agent_did: commit('agent_did', claims['sub']),
      action: commit('action', entry['action']),
      target: commit('target', entry['target']),
      decision: entry['decision'] ?? null,
      deciding_pack: commit('deciding_pack', entry['deciding_pack']),
      deciding_rule: commit('deciding_rule', entry['deciding_rule']),
      deciding_layer: entry['deciding_layer'] ?? null,
      deny_reason: commit('deny_reason', entry['deny_reason']),
      decision_ms: commit('decision_ms', entry['decision_ms']),
      harness_kid: kid,
      ledger_sig: compact.split('.')[2] ?? '',
    },
    tok: hashOf(compact),
  }
}
