/** Verifies a decision from a file, with nothing but the keys of the harness and the log: no network, no ledger (spec chapters 4 and 5). @module */
import { readFileSync, writeFileSync } from 'node:fs'
import {
  buildLeaf,
  decodeBase64url,
  decodeProofHeader,
  decodeToken,
  defaultCrypto,
  hashLeaf,
  isObject,
  parseJson,
  parseTokenClaims,
  verifyCheckpoint,
  verifyInclusion,
  verifyJws,
  type JsonObject,
} from '@aiegis/protocol'
import { parseTrustBundle } from '@aiegis/verifier'
import { loadTrust } from '@aiegis/verifier/node'

/** Keeps a token and its proof. */
export function saveDecision(file: string, token: string, proof: string): void {
  writeFileSync(file, `${JSON.stringify({ token, proof }, null, 2)}\n`)
}

/** One sentence about the decision in `file`; throws an `Error` that says what does not hold. Does not know whether the act was done. */
export async function verifyDecision(file: string, trustFile: string): Promise<string> {
  const crypto = defaultCrypto()
  const trust = parseTrustBundle(loadTrust(trustFile).bundle)
  const saved = parseJson(readFileSync(file), { maxBytes: 16_384 })
  const token = decodeToken(textOf(saved, 'token'))
  const proof = decodeProofHeader(textOf(saved, 'proof'))
  const key = trust.harnessKey(token.signer, token.kid)?.key
  const payload = key && (await verifyJws(crypto, token, key))
  if (payload === undefined) throw new Error('the harness did not sign this decision')
  const claims = parseTokenClaims(payload)
  const leaf = buildLeaf(crypto, {
    entry: claims.entry,
    agentDid: claims.sub,
    harnessKid: token.kid,
    ledgerSig: token.signatureText,
    token: token.text,
    salt: decodeBase64url(claims.salt),
  })
  const { index, path, checkpoint } = proof
  const included = verifyInclusion(crypto, {
    index,
    size: checkpoint.size,
    leafHash: hashLeaf(crypto, leaf),
    path,
    root: checkpoint.root,
  })
  if (!included) throw new Error('the proof does not lead from this decision to the root')
  const ledger = trust.ledger(checkpoint.origin)
  const signed = ledger && (await verifyCheckpoint(crypto, checkpoint, ledger.origin, ledger.vkey))
  if (signed !== 'ok') throw new Error('the log did not sign this tree head')
  const { decision, action, target } = claims.entry
  return `${claims.sub.slice(0, 24)}… was given ${decision} for ${action} on ${target}: entry ${index} of ${checkpoint.size} in ${checkpoint.origin}`
}

function textOf(value: unknown, name: string): string {
  const object: JsonObject = isObject(value) ? value : {}
  const text = object[name]
  if (typeof text !== 'string') throw new Error(`the file has no "${name}"`)
  return text
}
