/** Reads an `ahp-policy-pack/0.1` manifest, closed in every member (spec chapter 16, manifest). @module */
import { createHash } from 'node:crypto'
import { checkDid, isObject, Malformed, parseJson, parseSeconds, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { RuleSource } from './engine.ts'
import { PackRefused } from './pack-refused.ts'

/** What a rule of a pack says. DENY is what the API calls BLOCK. */
export type PackVerdict = 'ALLOW' | 'WARN' | 'DENY'

/** A pack whose form was checked. Its signature is checked by `verifyPack`, its rules by the engines. Times are epoch seconds. */
export interface Pack {
  readonly file: string
  readonly pack_id: string
  readonly issuer: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly jurisdictions: readonly string[]
  readonly rules: readonly PackRule[]
  readonly fallback: PackVerdict
  /** SHA-256 of the bytes of the file, lower-case hex. */
  readonly sha256: string
  /** The manifest as it was read, for its signature. */
  readonly manifest: JsonObject
}

/** One rule. `action` is exact, `prefix.*` or `*`; each field is a dotted path into action, target, input or context. */
export interface PackRule {
  readonly rule_id: string
  readonly action: string
  readonly fields: readonly string[]
  readonly source: RuleSource
  readonly deny_reason: string
  readonly layer: string
}

/** One file as the operator gave it; `name` is only used in sentences. */
export interface PackFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const LIMITS = { maxBytes: 1_048_576, maxDepth: 64, maxMembers: 100_000 }
const MAX_RULES = 1_000
const MAX_FIELDS = 32
const MAX_FIELD = 256
const IDENTIFIER = /^[a-z0-9][a-z0-9._-]{0,63}$/
const JURISDICTION = /^(?:\*|[A-Z]{2}(?:-[A-Z0-9]{1,3})?)$/
const ACTION = /^(?:\*|[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*(?:\.\*)?)$/
const FIELD = /^(?:action|target|input|context)(?:\.[A-Za-z0-9_-]+)*$/
const LAYER = /^L(?:[1-9]|1[0-5])-[A-Za-z][A-Za-z0-9-]{0,59}$/
const VERDICTS: readonly PackVerdict[] = ['ALLOW', 'WARN', 'DENY']

/**
 * The manifest in `file`. Throws `PackRefused`. Does not verify the signature, does not look at the clock, and does not compile the
 * rules; a pack without `default_decision` denies where its rules are silent.
 */
export function parsePack(file: PackFile): Pack {
  const read = new Reader(file.name)
  const manifest = read.json(file.bytes)
  if (manifest['spec_version'] !== 'ahp-policy-pack/0.1')
    read.fail('"spec_version" is not "ahp-policy-pack/0.1", the only version that is known here')
  read.closed(
    manifest,
    'the manifest',
    ['spec_version', 'pack_id', 'pack_name', 'issuer', 'issued_at', 'expires_at', 'jurisdictions', 'rules'],
    ['default_decision', 'signature'],
  )
  const issuedAt = read.time(manifest, 'issued_at')
  const expiresAt = read.time(manifest, 'expires_at')
  if (expiresAt <= issuedAt) read.fail('"expires_at" is not after "issued_at"')
  read.text(manifest, 'pack_name', 128)
  const verdict = Object.hasOwn(manifest, 'default_decision') ? manifest['default_decision'] : 'DENY'
  return {
    file: file.name,
    pack_id: read.form(manifest, 'pack_id', IDENTIFIER, 'lower-case letters, digits, ".", "_" and "-", at most 64'),
    issuer: read.did(manifest, 'issuer'),
    issuedAt,
    expiresAt,
    jurisdictions: read.names(manifest, 'jurisdictions', 64, 16, JURISDICTION, 'a code such as "EU" or "US-CA", or "*"'),
    rules: parseRules(manifest, file.name),
    fallback:
      VERDICTS.find((known) => known === verdict) ?? read.fail('"default_decision" is none of "ALLOW", "WARN" and "DENY"'),
    sha256: createHash('sha256').update(file.bytes).digest('hex'),
    manifest,
  }
}

function parseRules(manifest: JsonObject, file: string): readonly PackRule[] {
  const rules = new Reader(file).list(manifest, 'rules', MAX_RULES).map((value, index) => parseRule(value, file, index))
  const seen = new Set<string>()
  for (const { rule_id } of rules) {
    if (seen.has(rule_id)) throw new PackRefused({ file, rule: rule_id }, 'two rules have this "rule_id"; give each its own')
    seen.add(rule_id)
  }
  return rules
}

function parseRule(value: JsonValue, file: string, index: number): PackRule {
  const named =
    isObject(value) && typeof value['rule_id'] === 'string' && IDENTIFIER.test(value['rule_id'])
      ? value['rule_id']
      : `number ${index + 1}`
  const read = new Reader(file, named)
  const rule = read.closed(value, 'a rule', ['rule_id', 'match', 'policy', 'deny_reason', 'layer'])
  const match = read.closed(rule['match'], '"match"', ['action', 'fields'])
  const action = read.text(match, 'action', 128)
  if (!ACTION.test(action)) read.fail('"match.action" is neither an action, nor "*", nor a prefix that ends in ".*"')
  const fields = read.names(
    match,
    'fields',
    MAX_FIELDS,
    MAX_FIELD,
    FIELD,
    'a dotted path that starts with action, target, input or context',
  )
  if (fields.some((field) => field.split('.').includes('__proto__'))) read.fail('"match.fields" names "__proto__"')
  return {
    rule_id: read.form(rule, 'rule_id', IDENTIFIER, 'lower-case letters, digits, ".", "_" and "-", at most 64'),
    action,
    fields,
    source: parseSource(rule['policy'], read),
    deny_reason: read.text(rule, 'deny_reason', 256),
    layer: read.form(rule, 'layer', LAYER, 'one of L1 to L15, "-" and a name, such as "L3-Compliance"'),
  }
}

function parseSource(value: JsonValue | undefined, read: Reader): RuleSource {
  const policy = read.closed(value, '"policy"', ['language', 'module'], ['rego_version'])
  const language = read.text(policy, 'language', 32)
  const version = policy['rego_version']
  const module = policy['module'] ?? null
  if (version === undefined) return { language, module }
  if (language !== 'rego' || (version !== 'v0' && version !== 'v1'))
    read.fail('"rego_version" is "v0" or "v1", and only for Rego')
  return { language, module, rego_version: version }
}

/** Reads members of a manifest and says in one sentence what is wrong with them. */
class Reader {
  readonly #where: { readonly file: string; readonly rule?: string }

  constructor(file: string, rule?: string) {
    this.#where = rule === undefined ? { file } : { file, rule }
  }

  fail(sentence: string): never {
    throw new PackRefused(this.#where, sentence)
  }

  json(bytes: Uint8Array): JsonObject {
    const value = this.#try('the file is not the JSON of a pack', () => parseJson(bytes, LIMITS))
    return isObject(value) ? value : this.fail('the file does not hold one JSON object')
  }

  closed(value: JsonValue | undefined, what: string, required: readonly string[], optional: readonly string[] = []): JsonObject {
    if (!isObject(value)) return this.fail(`${what} is not an object`)
    for (const name of required) if (!Object.hasOwn(value, name)) this.fail(`${what} lacks "${name}"`)
    for (const name of Object.keys(value)) {
      if (!required.includes(name) && !optional.includes(name))
        this.fail(`${what} has the unknown member ${JSON.stringify(name.slice(0, 40))}`)
    }
    return value
  }

  text(object: JsonObject, name: string, maxBytes: number): string {
    const value = object[name]
    if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes) return value
    return this.fail(`"${name}" is not a text of 1 to ${maxBytes} bytes`)
  }

  form(object: JsonObject, name: string, form: RegExp, meaning: string): string {
    const value = object[name]
    return typeof value === 'string' && value.length <= 256 && form.test(value) ? value : this.fail(`"${name}" is not ${meaning}`)
  }

  did(object: JsonObject, name: string): string {
    return this.#try(`"${name}" is not a DID in its one spelling`, () => checkDid(this.text(object, name, 512)))
  }

  time(object: JsonObject, name: string): number {
    return this.#try(`"${name}" is not a time such as "2026-11-20T22:00:00Z"`, () => parseSeconds(this.text(object, name, 20)))
  }

  list(object: JsonObject, name: string, most: number): readonly JsonValue[] {
    const value = object[name]
    return Array.isArray(value) && value.length > 0 && value.length <= most
      ? value
      : this.fail(`"${name}" is not a list of 1 to ${most} values`)
  }

  names(object: JsonObject, name: string, most: number, length: number, form: RegExp, meaning: string): readonly string[] {
    const names = this.list(object, name, most).map((value) => {
      if (typeof value === 'string' && value.length <= length && form.test(value)) return value
      return this.fail(`a value of "${name}" is not ${meaning}`)
    })
    return new Set(names).size === names.length ? names : this.fail(`"${name}" names a value twice`)
  }

  #try<T>(sentence: string, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      if (error instanceof Malformed) return this.fail(`${sentence} (${error.message})`)
      throw error
    }
  }
}
