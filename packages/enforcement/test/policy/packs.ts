/** Packs and policies for tests. @module */
import { createSigner, parseDidKey, formatDidKey, utf8, type JsonObject, type JsonValue, type SyncSigner } from '@aiegis/protocol'
import { readFileSync } from 'node:fs'
import type { PassportFacts } from '../../src/policy/facts.ts'
import { createPolicy, type Policy, type PolicyOptions } from '../../src/policy/policy.ts'
import type { PackFile } from '../../src/policy/pack.ts'
import type { PolicyQuestion } from '../../src/policy/question.ts'

/** 2026-11-20T22:00:00Z in milliseconds. */
export const NOW = 1_795_212_000_000

/** A rule in Rego v1; `body` comes after the package line. */
export function regoRule(rule_id: string, body: string, change: JsonObject = {}): JsonObject {
  return {
    rule_id,
    match: { action: '*', fields: ['input'] },
    policy: { language: 'rego', module: `package p\nimport rego.v1\n${body}\n` },
    deny_reason: `${rule_id} says no`,
    layer: 'L3-Compliance',
    ...change,
  }
}

/** A rule that says `verdict` to everything. */
export function saying(rule_id: string, verdict: string, change: JsonObject = {}): JsonObject {
  return regoRule(rule_id, `decision := "${verdict}"`, change)
}

/** A whole manifest around `rules`. */
export function manifest(pack_id: string, rules: readonly JsonValue[], change: JsonObject = {}): JsonObject {
  return {
    spec_version: 'ahp-policy-pack/0.1',
    pack_id,
    pack_name: pack_id,
    issuer: 'did:web:packs.example',
    issued_at: '2026-01-01T00:00:00Z',
    expires_at: '2027-01-01T00:00:00Z',
    jurisdictions: ['*'],
    rules,
    default_decision: 'ALLOW',
    ...change,
  }
}

/** The file that holds `value`. */
export function file(value: JsonValue, name = 'test.json'): PackFile {
  return { name, bytes: utf8(JSON.stringify(value)) }
}

/** A reference pack as it lies in the repository. */
export function reference(name: 'pii-block' | 'tool-allowlist' | 'rate-limit'): PackFile {
  return { name, bytes: readFileSync(new URL(`../../packs/${name}.json`, import.meta.url)) }
}

/** A signer whose kid is `<did:key>#<fragment>`. */
export function packSigner(seed: number): SyncSigner {
  return createSigner(new Uint8Array(32).fill(seed), (key) => {
    const did = formatDidKey(key)
    return `${did}#${formatDidKey(parseDidKey(did)).slice('did:key:'.length)}`
  })
}

/** A policy of unsigned packs at `NOW`, ended when `use` returns. */
export async function withPolicy<T>(
  packs: readonly PackFile[],
  use: (policy: Policy) => Promise<T>,
  options: Partial<PolicyOptions> = {},
): Promise<T> {
  const policy = await createPolicy({ packs, packKeys: [], allowUnsignedPacks: true, now: () => NOW, threads: 1, ...options })
  try {
    return await use(policy)
  } finally {
    await policy.close()
  }
}

/** Facts of an agent that got nothing handed off. */
export function alone(issuer: string, did = 'did:key:z6Mk1'): PassportFacts {
  return { agent_did: did, issuer, claims: {}, path: [{ issuer, did }], depth: 0 }
}

/** A question that harms nobody. */
export function question(change: Partial<PolicyQuestion> = {}): PolicyQuestion {
  return {
    action: 'orders.read',
    target: 'https://api.example.com/orders/7',
    input: 'hello',
    context: {},
    passport: null,
    jurisdiction: null,
    earlierJurisdictions: [],
    ...change,
  }
}
