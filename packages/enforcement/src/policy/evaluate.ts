/** Decides one question over all packs: any DENY, else WARN, else ALLOW; whatever goes wrong is BLOCK (spec chapter 16). @module */
import { ENGINES, type CompiledRule } from './engine.ts'
import { Fuel, PolicyFault } from './fault.ts'
import type { PackRule, PackVerdict } from './pack.ts'
import { PackRefused } from './pack-refused.ts'
import { readField, type Field, type ServerQuestion } from './question.ts'

/** The answer of policy. All four of `deciding_*` and `deny_reason` are null for ALLOW; for WARN too the reason is the rule's. */
export interface Verdict {
  readonly decision: 'ALLOW' | 'WARN' | 'BLOCK'
  readonly deciding_pack: string | null
  readonly deciding_rule: string | null
  readonly deciding_layer: string | null
  readonly deny_reason: string | null
  /** What a receiver has to do if it serves the request; packs of this version impose none. */
  readonly obligations?: readonly string[]
}

/** A pack as it crosses to the thread that evaluates it: plain data, checked and verified. */
export interface LoadedPack {
  readonly file: string
  readonly pack_id: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly jurisdictions: readonly string[]
  readonly rules: readonly PackRule[]
  readonly fallback: PackVerdict
}

/** A pack whose rules are compiled. */
export interface CompiledPack extends LoadedPack {
  readonly compiled: readonly (PackRule & { readonly run: CompiledRule })[]
}

/** `fault` says, for the operator's log, why the decision is `policy_error`. */
export interface Outcome {
  readonly verdict: Verdict
  readonly fuel: number
  readonly fault: string | null
}

/** Fuel of one rule on one field, and of one question. */
const RULE_FUEL = 100_000
const QUESTION_FUEL = 400_000
const NO_PACKS: Verdict = blocked('no_policy_packs', null, null, null)

/** Compiles every rule. Throws `PackRefused` for the first one that its engine refuses, or that has no engine. */
export function compilePacks(packs: readonly LoadedPack[]): readonly CompiledPack[] {
  return packs.map((pack) => ({ ...pack, compiled: pack.rules.map((rule) => ({ ...rule, run: compileRule(pack, rule) })) }))
}

/** What the author of a rule should look at, each with its file and rule. */
export function warningsOf(packs: readonly CompiledPack[]): readonly string[] {
  return packs.flatMap(({ file, compiled }) =>
    compiled.flatMap(({ rule_id, run }) => run.warnings.map((sentence) => `pack ${file}, rule ${rule_id}: ${sentence}`)),
  )
}

function compileRule(pack: LoadedPack, rule: PackRule): CompiledRule {
  const where = { file: pack.file, rule: rule.rule_id }
  const { language } = rule.source
  const engine = ENGINES.get(language)
  if (engine === undefined)
    throw new PackRefused(where, `no engine for "${language}"; known are ${[...ENGINES.keys()].join(' and ')}`)
  const compiled = engine.compile(rule.source)
  if (typeof compiled === 'string') throw new PackRefused(where, compiled)
  return compiled
}

/**
 * The verdict, never an exception for anything a pack or a question does. `progress` is told which rule runs next, so that somebody
 * outside can name it when this thread has to be ended.
 */
export function decide(
  packs: readonly CompiledPack[],
  question: ServerQuestion,
  progress: (pack: number, rule: number) => void,
): Outcome {
  const run: Run = { question, fields: new Map(), fuel: new Fuel(QUESTION_FUEL), progress }
  let warning: Verdict | undefined
  const selected = selectPacks(packs, question)
  for (const pack of selected) {
    // What ends at a second is over in that second.
    const inForce = pack.issuedAt * 1000 <= question.now && question.now < pack.expiresAt * 1000
    if (!inForce) return done(run, blocked('policy_pack_expired', pack.pack_id, null, null))
    const found = decidePack(pack, packs.indexOf(pack), run)
    if ('fault' in found) return { verdict: found.verdict, fuel: run.fuel.used, fault: found.fault }
    if (found.verdict.decision === 'BLOCK') return done(run, found.verdict)
    if (found.verdict.decision === 'WARN') warning ??= found.verdict
  }
  if (selected.length === 0) return done(run, NO_PACKS)
  return done(run, warning ?? allowed())
}

interface Run {
  readonly question: ServerQuestion
  readonly fields: Map<string, Field>
  readonly fuel: Fuel
  readonly progress: (pack: number, rule: number) => void
}

type Found = { readonly verdict: Verdict } | { readonly verdict: Verdict; readonly fault: string }

function done(run: Run, verdict: Verdict): Outcome {
  return { verdict, fuel: run.fuel.used, fault: null }
}

/** What any agent of the chain would have to obey by itself: a hand-off to another place takes no pack away. */
function selectPacks(packs: readonly CompiledPack[], question: ServerQuestion): readonly CompiledPack[] {
  const places = new Set([question.jurisdiction, ...question.earlierJurisdictions])
  const selected = new Set([...places].flatMap((place) => selectFor(place, packs, question)))
  return packs.filter((pack) => selected.has(pack))
}

/**
 * The packs of the server's and the passport's jurisdictions and those for all. Where no pack knows any of them, all packs apply;
 * what the agent writes into `context.jurisdiction` can add packs and never remove one.
 */
function selectFor(
  jurisdiction: string | null,
  packs: readonly CompiledPack[],
  { serverJurisdictions, context }: ServerQuestion,
): readonly CompiledPack[] {
  const known = [...serverJurisdictions, ...(jurisdiction === null ? [] : [jurisdiction])]
  if (!packs.some(({ jurisdictions }) => jurisdictions.some((name) => known.some((place) => includes(name, place))))) return packs
  const claimed = Object.hasOwn(context, 'jurisdiction') ? context['jurisdiction'] : null
  return packs.filter(({ jurisdictions }) =>
    jurisdictions.some((name) => name === '*' || [...known, claimed].some((place) => includes(name, place))),
  )
}

/** A region lies inside its country: `US` includes `US-CA`, and not the other way round. */
function includes(jurisdiction: string, place: unknown): boolean {
  return place === jurisdiction || (typeof place === 'string' && place.startsWith(`${jurisdiction}-`))
}

function decidePack(pack: CompiledPack, packIndex: number, run: Run): Found {
  let warning: Verdict | undefined
  let matched = false
  for (const [ruleIndex, rule] of pack.compiled.entries()) {
    if (!matchesAction(rule.action, run.question.action)) continue
    matched = true
    run.progress(packIndex, ruleIndex)
    for (const field of rule.fields) {
      const said = runRule(pack, rule, field, run)
      if (typeof said !== 'string') {
        return {
          verdict: blocked('policy_error', pack.pack_id, rule.rule_id, rule.layer),
          fault: `${said.code}: ${said.message}`,
        }
      }
      if (said === 'DENY') return { verdict: ruled('BLOCK', pack, rule) }
      if (said === 'WARN') warning ??= ruled('WARN', pack, rule)
    }
  }
  if (matched || pack.fallback === 'ALLOW') return { verdict: warning ?? allowed() }
  const decision = pack.fallback === 'WARN' ? 'WARN' : 'BLOCK'
  return { verdict: { ...blocked('default_decision', pack.pack_id, null, null), decision } }
}

/** `*`, the same action, or a prefix that ends with the dot before the star. */
export function matchesAction(pattern: string, action: string): boolean {
  return pattern === '*' || pattern === action || (pattern.endsWith('.*') && action.startsWith(pattern.slice(0, -1)))
}

function runRule(pack: CompiledPack, rule: CompiledPack['compiled'][number], field: string, run: Run): PackVerdict | PolicyFault {
  const { question } = run
  try {
    const read = run.fields.get(field) ?? readField(question, field)
    run.fields.set(field, read)
    const fuel = new Fuel(RULE_FUEL)
    try {
      return toVerdict(rule.run.evaluate(ruleInput(pack, rule, field, read, question), fuel), pack.fallback)
    } finally {
      run.fuel.burn(fuel.used)
    }
  } catch (error) {
    // A stack that ends or a value that no engine expected is the pack's fault here: nobody else's code runs in this thread.
    return error instanceof PolicyFault
      ? error
      : new PolicyFault('eval', error instanceof Error ? error.message : 'unknown', { cause: error })
  }
}

function ruleInput(
  pack: CompiledPack,
  rule: PackRule,
  field: string,
  read: Field,
  question: ServerQuestion,
): Parameters<CompiledRule['evaluate']>[0] {
  const { action, target, input, context, passport, jurisdiction, counters, now } = question
  return {
    ...read,
    field,
    action,
    target,
    request: { input, context },
    passport,
    harness: { now: new Date(now).toISOString(), jurisdiction, counters, pack_id: pack.pack_id, rule_id: rule.rule_id },
  }
}

/** A silent rule says what the pack says by default. "BLOCK" is DENY by another name; any other value is no verdict. */
function toVerdict(value: unknown, fallback: PackVerdict): PackVerdict {
  if (value === undefined) return fallback
  if (value === 'BLOCK') return 'DENY'
  if (value === 'ALLOW' || value === 'WARN' || value === 'DENY') return value
  throw new PolicyFault('verdict', 'the rule says neither ALLOW, nor WARN, nor DENY')
}

function allowed(): Verdict {
  return { decision: 'ALLOW', deciding_pack: null, deciding_rule: null, deciding_layer: null, deny_reason: null }
}

function ruled(decision: 'WARN' | 'BLOCK', pack: CompiledPack, rule: PackRule): Verdict {
  return { ...blocked(rule.deny_reason, pack.pack_id, rule.rule_id, rule.layer), decision }
}

/** A BLOCK with its reason; used also where no rule ran. */
export function blocked(reason: string, pack: string | null, rule: string | null, layer: string | null): Verdict {
  return { decision: 'BLOCK', deciding_pack: pack, deciding_rule: rule, deciding_layer: layer, deny_reason: reason }
}
