/** Whether clear text is what a leaf commits to: the side table is no evidence, its fit to a signed leaf is (spec chapters 4.2 and 17.7). @module */
import {
  canonicalize,
  commit,
  decodeBase64url,
  decodeUtf8,
  hashText,
  isObject,
  Malformed,
  parseJson,
  utf8,
  type CryptoPort,
  type JsonObject,
  type JsonValue,
} from '@aiegis/protocol'

/** Members of an entry that a leaf commits to, but for the agent, which is not in it. */
const COMMITTED = ['action', 'target', 'deciding_pack', 'deciding_rule', 'deny_reason', 'decision_ms'] as const
/** Members that it shows. */
const SHOWN = ['decision', 'deciding_layer'] as const
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
 * True when every value of the clear text of a decision, or of an act of section 17.7, opens the leaf, and the hash of its token is that in
 * the leaf. What the clear text says beside that (whose chain it was) is the harness's word.
 */
export function opensLeaf(crypto: CryptoPort, leaf: Uint8Array, clear: JsonObject): boolean {
  try {
    const value = parseJson(leaf, { maxBytes: MAX_BYTES })
    // One byte form: what is compared is all that the leaf says.
    if (!isObject(value) || canonicalize(value) !== decodeUtf8(leaf)) return false
    return isObject(value['act']) ? opensAct(crypto, value['act'], clear) : opensDecision(crypto, value, clear)
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

function opensAct(crypto: CryptoPort, act: JsonObject, clear: JsonObject): boolean {
  const said = clear['act']
  if (!isObject(said)) return false
  const reason = commit(crypto, saltOf(clear), 'reason', said['reason'] ?? null)
  return canonicalize({ ...said, reason }) === canonicalize(act)
}

function opensDecision(crypto: CryptoPort, leaf: JsonObject, clear: JsonObject): boolean {
  const [committed, said, jws] = [leaf['entry'], clear['entry'], clear['jws']]
  if (!isObject(committed) || !isObject(said) || typeof jws !== 'string') return false
  const time = typeof said['ts'] === 'string' ? said['ts'] : ''
  const salt = saltOf(clear)
  const opens = (field: string, value: JsonValue | undefined): boolean =>
    value !== undefined && committed[field] === commit(crypto, salt, field, value)
  return (
    opens('agent_did', clear['agent_did']) &&
    COMMITTED.every((field) => opens(field, said[field])) &&
    SHOWN.every((field) => said[field] === committed[field]) &&
    `${time.slice(0, 'YYYY-MM-DDThh:mm:ss'.length)}Z` === committed['ts'] &&
    jws.slice(jws.lastIndexOf('.') + 1) === committed['ledger_sig'] &&
    hashText(crypto, utf8(jws)) === leaf['tok']
  )
}

function saltOf(clear: JsonObject): Uint8Array {
  const salt = clear['salt']
  return decodeBase64url(typeof salt === 'string' ? salt : '')
}
