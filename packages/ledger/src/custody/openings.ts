/** Whether clear text is what a leaf commits to: the side table is no evidence, its fit to a signed leaf is (spec chapters 4.2 and 17.7). @module */
import {
  canonicalize,
  commit,
  decodeBase64url,
  equal,
  hashText,
  isObject,
  Malformed,
  parseJson,
  utf8,
  type CryptoPort,
  type JsonObject,
  type JsonValue,
} from '@aiegis/protocol'

/** Members of an entry that a leaf commits to. */
const COMMITTED = ['agent_did', 'action', 'target', 'deciding_pack', 'deciding_rule', 'deny_reason', 'decision_ms'] as const
/** `YYYY-MM-DDThh:mm:ss`. */
const SECONDS = 19
/** All that clear text has: what else somebody put there, nobody committed to. */
const MEMBERS = ['jti', 'agent_did', 'chain', 'salt', 'entry', 'jws'] as const
const ENTRY_MEMBERS = [...COMMITTED.slice(1), 'ts', 'decision', 'deciding_layer'] as const
const MAX_BYTES = 65_535

/** What clear text says; `undefined` where it is no JSON object. */
export function readClear(clear: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(clear, { maxBytes: MAX_BYTES })
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/**
 * True when the clear text of a decision, or of an act of section 17.7, makes exactly this leaf: every value opens its commitment, and the
 * hash of the signed text is that in the leaf, which says the same. What it says beside that (whose chain it was) is the harness's word;
 * other members there are none.
 */
export function opensLeaf(crypto: CryptoPort, leaf: Uint8Array, clear: JsonObject): boolean {
  try {
    const value = parseJson(leaf, { maxBytes: MAX_BYTES })
    const made = isObject(value) ? (leafOfAct(crypto, clear) ?? leafOfDecision(crypto, value, clear)) : undefined
    return made !== undefined && equal(utf8(canonicalize(made)), leaf)
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

function leafOfAct(crypto: CryptoPort, clear: JsonObject): JsonObject | undefined {
  const { act } = clear
  if (!isObject(act) || !hasOnly(clear, ['act', 'salt'])) return undefined
  return { v: 1, act: { ...act, reason: commit(crypto, saltOf(clear), 'reason', act['reason'] ?? null) } }
}

/** The name of the key is the leaf's own: it is not hidden. */
function leafOfDecision(crypto: CryptoPort, { entry: shown }: JsonObject, clear: JsonObject): JsonObject | undefined {
  const { entry, jws, agent_did: agent } = clear
  if (!isObject(shown) || !isObject(entry) || typeof jws !== 'string') return undefined
  if (!hasOnly(clear, MEMBERS) || !hasOnly(entry, ENTRY_MEMBERS) || !saysTheSame(jws, clear)) return undefined
  const salt = saltOf(clear)
  const values: JsonObject = { ...entry, agent_did: agent ?? null }
  const hidden = COMMITTED.map((field): [string, JsonValue] => [field, commit(crypto, salt, field, values[field] ?? null)])
  const ts = typeof entry['ts'] === 'string' ? entry['ts'].slice(0, SECONDS) : ''
  return {
    v: 1,
    tok: hashText(crypto, utf8(jws)),
    entry: {
      ...Object.fromEntries(hidden),
      ts: `${ts}Z`,
      decision: entry['decision'] ?? null,
      deciding_layer: entry['deciding_layer'] ?? null,
      harness_kid: shown['harness_kid'] ?? null,
      ledger_sig: jws.slice(jws.lastIndexOf('.') + 1),
    },
  }
}

function hasOnly(object: JsonObject, members: readonly string[]): boolean {
  return Object.keys(object).every((name) => members.includes(name))
}

/** Whether the claims of the signed text have the same id and entry, as far as it has claims: its hash is in the leaf, these are not. */
function saysTheSame(jws: string, { jti, entry }: JsonObject): boolean {
  const claims = readClaims(jws)
  if (claims === undefined) return true
  return canonicalize([claims['jti'] ?? null, claims['entry'] ?? null]) === canonicalize([jti ?? null, entry ?? null])
}

function readClaims(jws: string): JsonObject | undefined {
  try {
    return readClear(decodeBase64url(jws.split('.')[1] ?? ''))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function saltOf(clear: JsonObject): Uint8Array {
  const salt = clear['salt']
  return decodeBase64url(typeof salt === 'string' ? salt : '')
}
