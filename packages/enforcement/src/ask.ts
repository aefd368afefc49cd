/** Reads a question: its headers and its body, closed in every member that has a meaning (spec chapter 15.1). @module */
import {
  AGENT_DID,
  checkAction,
  IDENTIFIER,
  isObject,
  JURISDICTION,
  parseJson,
  Refusal,
  refuseAs,
  utf8,
  type JsonObject,
  type JsonValue,
} from '@aiegis/protocol'
import { checkMediaType, fieldsOf, singleOf } from './fields.ts'

/** A question as it came: header lines as Node gives them (name, value, name, value, …) and the whole content. */
export interface AskRequest {
  readonly headers: readonly string[]
  readonly content: Uint8Array
}

/** The header fields that mean something here; nothing of them is verified. */
export interface AskHeaders {
  readonly passport: string | undefined
  readonly signatureInput: string | undefined
  readonly signature: string | undefined
  readonly contentDigest: string | undefined
  readonly idempotencyKey: string | undefined
}

/** A question that has its form. `request` is the request that is to be made, not yet looked at. */
export interface Question {
  readonly action: string
  readonly target: string
  /** `undefined` when it was not sent; null when it was. */
  readonly input: JsonValue | undefined
  readonly context: JsonObject
  readonly agentDid: string | undefined
  readonly txn: string | undefined
  readonly request: JsonObject | undefined
}

/** Bytes of a question: 1 MiB of content in base64url, and what stands around it. */
export const MAX_QUESTION = 1_572_864
const MAX_TARGET = 1_024
const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{1,64}$/

/**
 * The header fields. Throws `ask_media_type` unless the content is `application/json` without content coding, and `ask_malformed`
 * when a field that has one value comes twice. `Signature-Input` and `Signature` may be split over lines (RFC 9421 §4.1).
 */
export function readAskHeaders(lines: readonly string[]): AskHeaders {
  const fields = fieldsOf(lines)
  checkMediaType(fields)
  const idempotencyKey = singleOf(fields, 'idempotency-key')
  if (idempotencyKey !== undefined && !IDEMPOTENCY_KEY.test(idempotencyKey))
    throw new Refusal('ask_malformed', 'Idempotency-Key has another form')
  return {
    passport: singleOf(fields, 'x-aegis-passport'),
    signatureInput: fields.get('signature-input')?.join(', '),
    signature: fields.get('signature')?.join(', '),
    contentDigest: singleOf(fields, 'content-digest'),
    idempotencyKey,
  }
}

/** The question in `content`. Throws `ask_too_large` and `ask_malformed`. Does not look into `context.request`. */
export function parseAsk(content: Uint8Array): Question {
  if (content.length > MAX_QUESTION) throw new Refusal('ask_too_large', `${content.length} bytes`)
  const body = refuseAs('ask_malformed', () => parseJson(content, { maxBytes: MAX_QUESTION, maxMembers: 100_000 }))
  if (!isObject(body)) throw new Refusal('ask_malformed', 'the content is no object')
  for (const name of Object.keys(body)) {
    // What policy does not see must not look as if it had.
    if (!['action', 'target', 'input', 'context'].includes(name)) throw new Refusal('ask_malformed', 'an unknown member')
  }
  const context = Object.hasOwn(body, 'context') ? body['context'] : {}
  if (!isObject(context)) throw new Refusal('ask_malformed', '"context" is no object')
  optionalText(context, 'jurisdiction', JURISDICTION)
  const request = Object.hasOwn(context, 'request') ? context['request'] : undefined
  if (request !== undefined && !isObject(request)) throw new Refusal('ask_malformed', '"context.request" is no object')
  return {
    action: actionOf(body),
    target: targetOf(body),
    input: Object.hasOwn(body, 'input') ? body['input'] : undefined,
    context,
    agentDid: optionalText(context, 'agent_did', AGENT_DID),
    txn: optionalText(context, 'txn', IDENTIFIER),
    request,
  }
}

function actionOf(body: JsonObject): string {
  const action = refuseAs('ask_malformed', () => checkAction(textOf(body, 'action')))
  // Entries about what the operator did have such actions, and must not be taken for what somebody asked.
  if (action.startsWith('harness.')) throw new Refusal('ask_malformed', 'an action of the harness itself')
  return action
}

function targetOf(body: JsonObject): string {
  const target = textOf(body, 'target')
  if (target === '' || utf8(target).length > MAX_TARGET)
    throw new Refusal('ask_malformed', `"target" has not 1 to ${MAX_TARGET} bytes`)
  return target
}

function textOf(object: JsonObject, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  if (typeof value !== 'string') throw new Refusal('ask_malformed', `"${name}" is no text`)
  return value
}

function optionalText(object: JsonObject, name: string, form: RegExp): string | undefined {
  if (!Object.hasOwn(object, name)) return undefined
  const value = textOf(object, name)
  if (!form.test(value)) throw new Refusal('ask_malformed', `"context.${name}" has another form`)
  return value
}
