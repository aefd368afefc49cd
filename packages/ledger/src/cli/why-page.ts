/** One page about one decision: the four questions of accountability, and what nobody can tell from here (spec chapter 17.12). @module */
import type { JsonObject, JsonValue } from '@aiegis/protocol'
import { objectIn, textIn } from './entries.ts'
import { quoted } from './output.ts'

/** What is known about a decision. */
export interface Known {
  readonly index: number
  readonly origin: string
  readonly size: number
  /** Claims of the signed text; `undefined` where clear text is gone or was never here. */
  readonly claims: JsonObject | undefined
  /** Agents from the principal to who asked, where it is kept. */
  readonly chain: readonly string[] | undefined
  /** The `entry` of the leaf, with commitments; absent for a receipt. */
  readonly leafEntry: JsonObject | undefined
  readonly proven: readonly string[]
  readonly notKnown: readonly string[]
}

/** Members of the answer as JSON. */
export function whyMembers(known: Known): Record<string, JsonValue> {
  const { index, origin, size, claims, chain, leafEntry, proven, notKnown } = known
  const entry = objectIn(claims, 'entry')
  return {
    index,
    origin,
    size,
    receipt_id: claims?.['jti'] ?? null,
    agent: { did: claims?.['sub'] ?? null, chain: chain ?? null, jkt: objectIn(claims, 'cnf')?.['jkt'] ?? null },
    authority: { harness: claims?.['iss'] ?? null, ...said(claims, ['txn', 'psp', 'exp']) },
    policy: said(entry, ['deciding_pack', 'deciding_rule', 'deciding_layer', 'deny_reason']),
    decision: {
      ...said(entry, ['decision', 'action', 'target', 'ts', 'decision_ms']),
      ...(entry === undefined && { decision: leafEntry?.['decision'] ?? null, ts: leafEntry?.['ts'] ?? null }),
      ...said(claims, ['htm', 'htu', 'aud', 'obl']),
    },
    proven,
    not_known: notKnown,
  }
}

function said(object: JsonObject | undefined, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name): [string, JsonValue] => [name, object?.[name] ?? null]))
}

/** The same for people. */
export function whyPage(known: Known): readonly string[] {
  const { index, origin, size, claims, proven, notKnown } = known
  const id = textIn(claims, 'jti')
  return [
    `${id === undefined ? 'Entry' : `Decision ${id}, entry`} ${index} of ${size} in ${origin}`,
    ...section('Which agent?', agentLines(known)),
    ...section('On what authority?', authorityLines(known)),
    ...section('Under which policy?', policyLines(known)),
    ...section('What was decided?', decisionLines(known)),
    ...section('Proven', proven),
    ...section('Not known from this', notKnown),
  ]
}

const ERASED = 'its clear text is gone; the leaf has a commitment, which says nothing without it'

function agentLines({ claims, chain }: Known): readonly string[] {
  if (claims === undefined) return [ERASED]
  const agent = textIn(claims, 'sub')
  if (agent === undefined) return ['nobody: the question was not signed, and the agent that it may name is its own word']
  const jkt = textIn(objectIn(claims, 'cnf'), 'jkt')
  return [
    agent,
    ...(jkt === undefined ? [] : [`only with the key of thumbprint ${jkt}`]),
    ...(chain !== undefined && chain.length > 1 ? [`on behalf of ${chain.slice(0, -1).join(', then ')}`] : []),
  ]
}

function authorityLines({ claims }: Known): readonly string[] {
  if (claims === undefined) return [ERASED]
  const [harness, task, psp] = ['iss', 'txn', 'psp'].map((name) => textIn(claims, name))
  const kept = '  it is not kept; whoever has it can show that it is this one'
  return [
    ...(psp === undefined
      ? ['no passport is named: it was no token, and gave no right to be served']
      : [`passport, with all hand-offs, of SHA-256 ${psp}`, kept]),
    ...(task === undefined ? [] : [`task ${task}`]),
    ...(harness === undefined ? [] : [`judged by the harness ${harness}`]),
  ]
}

function policyLines({ claims, leafEntry }: Known): readonly string[] {
  const entry = objectIn(claims, 'entry')
  const layer = textIn(entry ?? leafEntry, 'deciding_layer')
  const layers = layer === undefined ? [] : [`layer ${quoted(layer)}`]
  if (entry === undefined) return [...layers, ERASED]
  const [pack, rule, reason] = ['deciding_pack', 'deciding_rule', 'deny_reason'].map((name) => textIn(entry, name))
  return [
    pack === undefined
      ? 'no pack decided alone: none that was loaded stood against it, or the harness itself decided'
      : `pack ${quoted(pack)}`,
    ...(rule === undefined ? [] : [`rule ${quoted(rule)}`]),
    ...layers,
    ...(reason === undefined ? [] : [`reason: ${quoted(reason)}`]),
  ]
}

function decisionLines({ claims, leafEntry }: Known): readonly string[] {
  const entry = objectIn(claims, 'entry')
  if (entry === undefined)
    return [`${textIn(leafEntry, 'decision') ?? 'a decision'} at ${textIn(leafEntry, 'ts') ?? 'some time'}`, ERASED]
  const [method, url, audience] = ['htm', 'htu', 'aud'].map((name) => textIn(claims, name))
  const obligations = claims?.['obl']
  const took = entry['decision_ms']
  return [
    `${textIn(entry, 'decision') ?? 'a decision'} on ${quoted(textIn(entry, 'action') ?? '')}, target ${quoted(textIn(entry, 'target') ?? '')}`,
    `at ${textIn(entry, 'ts') ?? 'some time'}${typeof took === 'number' ? `, in ${took} ms` : ''}`,
    ...(method === undefined || url === undefined
      ? []
      : [`for exactly one request: ${method} ${url}, at ${audience ?? 'one receiver'}`]),
    ...(Array.isArray(obligations) && obligations.length > 0 ? [`with obligations: ${obligations.map(String).join(', ')}`] : []),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return ['', title, ...lines.map((line) => `  ${line}`)]
}
