/** What a refusal is: a code of the registry and nothing that the caller wrote (spec chapter 13). @module */
import { readFileSync } from 'node:fs'

export const VERSION = 'ahp-receiver/0.1'
export const SPEC = new URL('../../../../spec/', import.meta.url)

const { reasons } = JSON.parse(readFileSync(new URL('registry/reasons.json', SPEC), 'utf8'))
const REASONS = new Map(reasons.map((row) => [row.code, row]))

/** Bytes or text without their one form; whoever was reading knows which code that is. */
export class Malformed extends Error {}

/** A request that is refused. `detail` is for the operator and never leaves the receiver. */
export class Refusal extends Error {
  constructor(code, detail = '', retryAfter) {
    super(`${code}: ${detail}`)
    this.code = code
    this.retryAfter = retryAfter
    this.row = REASONS.get(code)
    if (this.row === undefined) throw new TypeError(`${code} is not in the registry`)
  }
}

/** Turns `Malformed` into a refusal with this code. */
export function refuseAs(code, read) {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal(code, error.message)
    throw error
  }
}

/** Refuses with this code when the condition holds. */
export function refuseIf(condition, code) {
  if (condition) throw new Refusal(code)
}

/** Throws `Malformed` with the sentence unless the condition holds. */
export function must(condition, sentence) {
  if (!condition) throw new Malformed(sentence)
}

/** Status, fields and content of a refusal (chapter 13.1). `party` is `{audience, harnesses}`. */
export function responseOf({ code, row, retryAfter }, { audience, harnesses }, now) {
  const { public: shown, title, status, retry, executed } = row
  const fields = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }
  if (status === 401) {
    const error = code === 'token_missing' ? '' : `error="${shown}", `
    fields['WWW-Authenticate'] = `AEGIS ${error}aud="${audience}", harness="${harnesses.join(' ')}", ahp="${VERSION}"`
  }
  if (status === 503) fields['Retry-After'] = String((retryAfter ?? 1) + Math.floor(Math.random() * 3))
  const type = `urn:ahp-receiver:0.1:${shown}`
  return { status, fields, content: JSON.stringify({ type, title, status, code: shown, retry, executed, now }) }
}
