/** The log: the leaf of a token, a tree of leaves, its signed head, and the proof that a leaf is below it (spec chapters 4.2, 4.3 and 5). @module */
import { createHmac } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Claims } from './harness.ts'
import { HARNESS_KID } from './harness.ts'
import { logKeyId, sha256, signBytes, type Pair } from './keys.ts'

/** Origin of the log. */
export const ORIGIN = 'ledger.example/aiegis/1'

/** The leaf of a token (chapter 4.3). */
export function leafOf(token: string, { sub, salt, entry }: Claims): Buffer {
  const key = Buffer.from(salt, 'base64url')
  const commit = (field: string, value: string | number | null): string => {
    const own = createHmac('sha256', key).update(field).digest()
    return sha256(Buffer.concat([Buffer.from(`aiegis-commit/v1\n${field}\n`), own, jcs(value)])).toString('base64url')
  }
  return jcs({
    v: 1,
    entry: {
      ts: entry.ts.replace(/\.\d+/, ''),
      agent_did: commit('agent_did', sub),
      action: commit('action', entry.action),
      target: commit('target', entry.target),
      decision: entry.decision,
      deciding_pack: commit('deciding_pack', entry.deciding_pack),
      deciding_rule: commit('deciding_rule', entry.deciding_rule),
      deciding_layer: entry.deciding_layer,
      deny_reason: commit('deny_reason', entry.deny_reason),
      decision_ms: commit('decision_ms', entry.decision_ms),
      harness_kid: HARNESS_KID,
      ledger_sig: token.split('.')[2],
    },
    tok: sha256(token).toString('base64url'),
  })
}

/** The value of `X-AEGIS-Proof` for the leaf at `index` (chapter 5.1). */
export function proofOf(key: Pair, leaves: readonly Buffer[], index: number): string {
  const head = `${ORIGIN}\n${leaves.length}\n${rootOf(leaves).toString('base64')}\n`
  const signature = Buffer.concat([logKeyId(ORIGIN, key), signBytes(key, head)]).toString('base64')
  const path = pathOf(leaves, index).map((hash) => `${hash.toString('base64')}\n`)
  const text = `c2sp.org/tlog-proof@v1\nindex ${index}\n${path.join('')}\n${head}\n\u2014 ${ORIGIN} ${signature}\n`
  return Buffer.from(text).toString('base64url')
}

/** RFC 9162 section 2.1.1. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return sha256(Buffer.concat([Buffer.from([0]), ...leaves]))
  const cut = splitOf(leaves.length)
  return sha256(Buffer.concat([Buffer.from([1]), rootOf(leaves.slice(0, cut)), rootOf(leaves.slice(cut))]))
}

/** RFC 9162 section 2.1.3: the sibling of the leaf first. */
function pathOf(leaves: readonly Buffer[], index: number): readonly Buffer[] {
  if (leaves.length === 1) return []
  const cut = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, cut), leaves.slice(cut)]
  return index < cut ? [...pathOf(left, index), rootOf(right)] : [...pathOf(right, index - cut), rootOf(left)]
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1)
}

/** RFC 8785. */
function jcs(value: unknown): Buffer {
  return Buffer.from(canonicalize(value) ?? '')
}
