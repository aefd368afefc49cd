import { utf8, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { readFileSync } from 'node:fs'
import { array, assert, constantFrom, dictionary, jsonValue, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePacks, decide, matchesAction, type Outcome } from '../../src/policy/evaluate.ts'
import type { Counters } from '../../src/policy/facts.ts'
import { PackRefused } from '../../src/policy/pack-refused.ts'
import { parsePack, type PackFile } from '../../src/policy/pack.ts'
import type { PolicyQuestion, ServerQuestion } from '../../src/policy/question.ts'
import { alone, file, manifest, NOW, question, reference, regoRule, saying } from './packs.ts'

const QUIET: Counters = { requests_1m: 1, requests_1h: 1, action_requests_1m: 1, action_requests_1h: 1 }

function outcome(packs: readonly PackFile[], change: Partial<ServerQuestion> = {}, counters = QUIET, now = NOW): Outcome {
  return decide(
    compilePacks(packs.map(parsePack)),
    { ...question(change), serverJurisdictions: [], ...change, counters, now },
    () => undefined,
  )
}

/** `decision deciding_pack/deciding_rule deny_reason` */
function said(...args: Parameters<typeof outcome>): string {
  const { decision, deciding_pack: pack, deciding_rule: rule, deny_reason: reason } = outcome(...args).verdict
  return `${decision} ${pack ?? '-'}/${rule ?? '-'} ${reason ?? '-'}`
}

const pack = (id: string, rules: readonly JsonValue[], change?: JsonObject): PackFile =>
  file(manifest(id, rules, change), `${id}.json`)

const denyIf = (condition: string, fields: JsonValue): PackFile =>
  pack('p', [
    regoRule('r', `default decision := "ALLOW"\ndecision := "DENY" if ${condition}`, { match: { action: '*', fields } }),
  ])

describe('AHP-POLICY-15 AHP-POLICY-16 any DENY wins, else WARN, else ALLOW; the first in load order is named', () => {
  const allow = pack('a', [saying('r1', 'ALLOW')])
  const warn = pack('w', [saying('r1', 'WARN'), saying('r2', 'WARN')])
  const deny = pack('d', [saying('r0', 'ALLOW'), saying('r1', 'DENY'), saying('r2', 'DENY')])

  test.each<[string, PackFile[], string]>([
    ['allow', [allow], 'ALLOW -/- -'],
    ['allow, warn', [allow, warn], 'WARN w/r1 r1 says no'],
    ['warn, allow', [warn, allow], 'WARN w/r1 r1 says no'],
    ['warn, deny', [warn, deny], 'BLOCK d/r1 r1 says no'],
    ['deny, warn', [deny, warn], 'BLOCK d/r1 r1 says no'],
    ['deny, other deny', [deny, pack('e', [saying('r9', 'DENY')])], 'BLOCK d/r1 r1 says no'],
    ['other deny, deny', [pack('e', [saying('r9', 'DENY')]), deny], 'BLOCK e/r9 r9 says no'],
    ['a module that says BLOCK', [pack('b', [saying('r', 'BLOCK')])], 'BLOCK b/r r says no'],
  ])('%s', (_, packs, expected) => {
    expect(said(packs)).toBe(expected)
  })

  test('the layer is that of the rule, and nothing is named on a plain ALLOW', () => {
    expect(outcome([deny]).verdict.deciding_layer).toBe('L3-Compliance')
    expect(outcome([allow]).verdict).toEqual({
      decision: 'ALLOW',
      deciding_pack: null,
      deciding_rule: null,
      deciding_layer: null,
      deny_reason: null,
    })
  })

  test('each rule is asked for each of its fields, and the worst answer is its answer', () => {
    const byField = regoRule(
      'r',
      'default decision := "ALLOW"\ndecision := "DENY" if input.value == "bad"\ndecision := "WARN" if input.value == "odd"',
      {
        match: { action: '*', fields: ['input', 'context.a', 'context.b'] },
      },
    )
    expect(said([pack('p', [byField])], { context: { a: 'odd', b: 'bad' } })).toBe('BLOCK p/r r says no')
    expect(said([pack('p', [byField])], { context: { b: 'odd' } })).toBe('WARN p/r r says no')
    expect(said([pack('p', [byField])])).toBe('ALLOW -/- -')
  })
})

describe('AHP-POLICY-8 AHP-POLICY-9 a field is its text; absent is null and never skipped', () => {
  test('what is no text is its JCS text, and its data stands beside it', () => {
    const rule = denyIf('input.value == `{"a":[1,true,null],"b":"x"}`', ['context.x'])
    expect(said([rule], { context: { x: { b: 'x', a: [1, true, null] } } })).toBe('BLOCK p/r r says no')
    expect(said([denyIf('input.raw.a[0] == 1', ['context.x'])], { context: { x: { a: [1] } } })).toBe('BLOCK p/r r says no')
    expect(said([denyIf('input.value == "7"', ['input'])], { input: 7 })).toBe('BLOCK p/r r says no')
  })

  test('an absent field is evaluated with null: leaving the field out does not pass an allowlist', () => {
    expect(said([denyIf('input.value == null', ['context.none.deeper'])])).toBe('BLOCK p/r r says no')
    const allowlist = pack('p', [
      regoRule('r', 'default decision := "DENY"\ndecision := "ALLOW" if input.value in {"x"}', {
        match: { action: '*', fields: ['context.tool'] },
      }),
    ])
    expect(said([allowlist])).toBe('BLOCK p/r r says no')
    expect(said([allowlist], { context: { tool: 'x' } })).toBe('ALLOW -/- -')
  })

  test('own members only', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty.name', 'length']) {
      expect([name, said([denyIf('input.value != null', [`context.${name}`])])]).toEqual([name, 'ALLOW -/- -'])
    }
  })

  test('AHP-POLICY-118 a path through text, a number or a boolean is BLOCK: another shape does not hide a value', () => {
    for (const args of ['rm', 7, true]) {
      expect(said([denyIf('input.value == "rm"', ['context.args.cmd'])], { context: { args } })).toBe('BLOCK p/r policy_error')
    }
    expect(said([denyIf('input.value == "rm"', ['context.args.cmd'])], { context: { args: null } })).toBe('ALLOW -/- -')
  })

  test('AHP-POLICY-118 elements of a list are reached by their index; a name into a list is BLOCK', () => {
    const at = ['1', '0', '2', '01', '-1', '1e0', 'length', 'cmd'].map((index) =>
      said([denyIf('input.value == "rm"', [`context.args.${index}.cmd`])], { context: { args: [{}, { cmd: 'rm' }] } }),
    )
    expect(at).toEqual(['BLOCK p/r r says no', 'ALLOW -/- -', 'ALLOW -/- -', ...Array(5).fill('BLOCK p/r policy_error')])
  })

  test('65,536 bytes are read, one more is BLOCK and never cut', () => {
    const rule = denyIf('endswith(input.value, "!")', ['input'])
    expect(said([rule], { input: `${'x'.repeat(65_535)}y` })).toBe('ALLOW -/- -')
    expect(said([rule], { input: `${'x'.repeat(65_535)}!` })).toBe('BLOCK p/r r says no')
    expect(said([rule], { input: 'x'.repeat(65_537) })).toBe('BLOCK p/r policy_error')
    expect(said([rule], { input: 'é'.repeat(32_769) })).toBe('BLOCK p/r policy_error')
    expect(said([rule], { input: 'x'.repeat(10_000_000) })).toBe('BLOCK p/r policy_error')
    expect(said([rule], { input: Array.from({ length: 20_000 }, () => 'xyz') })).toBe('BLOCK p/r policy_error')
  })

  test('what JSON cannot say is BLOCK', () => {
    expect(said([denyIf('input.value == ""', ['input'])], { input: ['\ud800'] })).toBe('BLOCK p/r policy_error')
  })
})

describe('AHP-POLICY-123 another shape does not hide a value inside the body of a rule', () => {
  const shapes: readonly JsonValue[] = [{ user: 'root' }, { user: [{ name: 'root' }] }, { user: 7 }, { user: true }]

  test.each<[string, readonly JsonValue[]]>([
    ['input.raw.user.name == "root"', shapes],
    ['input.raw["user"]["name"] == "root"', shapes],
    ['u := input.raw.user; u.name == "root"', shapes],
    ['input.request.input.user.name == "root"', shapes],
    ['input.raw.items[0] == "a"', [{ items: { 0: 'a' } }, { items: 'a' }]],
    ['input.raw.items[0].name == "a"', [{ items: ['a'] }, { items: { 0: { name: 'a' } } }]],
    ['some x in input.raw.items; x.name == "a"', [{ items: ['a'] }, { items: [[{ name: 'a' }]] }]],
  ])('%s', (body, inputs) => {
    for (const input of inputs) {
      expect([input, said([denyIf(`{ ${body} }`, ['input'])], { input })]).toEqual([input, 'BLOCK p/r policy_error'])
    }
  })

  test('what is absent or null is not there, and no fault', () => {
    for (const input of [null, {}, { user: null }, { user: {} }, { user: { name: null } }]) {
      expect([input, said([denyIf('input.raw.user.name == "root"', ['input'])], { input })]).toEqual([input, 'ALLOW -/- -'])
    }
    expect(said([denyIf('input.raw.items[7] == "a"', ['input'])], { input: { items: ['a'] } })).toBe('ALLOW -/- -')
    expect(said([denyIf('{ m := {"a": true}; m[input.value] }', ['context.none'])])).toBe('ALLOW -/- -')
  })
})

describe('AHP-POLICY-14 whatever goes wrong is BLOCK with policy_error', () => {
  test.each([
    ['two values', 'decision := "ALLOW" if true\ndecision := "DENY" if true'],
    ['a value that is no verdict', 'decision := lower("DENY")'],
    ['a boolean', 'decision := x if x := input.value == "hello"'],
    ['null', 'decision := input.request.context.none if true\ndecision := input.harness.jurisdiction if true'],
    ['a wrong type', 'decision := "DENY" if input.request.context > 1'],
    [
      'too much fuel',
      'decision := "DENY" if { some a in input.raw; some b in input.raw; some c in input.raw; a == b; b == c; a == "" }',
    ],
  ])('%s', (_, body) => {
    const rule = regoRule('r', body, { match: { action: '*', fields: ['context.list', 'input'] } })
    const list = Array.from({ length: 100 }, (__, i) => `v${i}`)
    const found = outcome([pack('p', [rule])], { context: { list } })
    expect(found.verdict).toMatchObject({
      decision: 'BLOCK',
      deciding_pack: 'p',
      deciding_rule: 'r',
      deny_reason: 'policy_error',
    })
    expect(found.fault).toMatch(/^(eval|verdict|fuel): /)
  })

  test('an error in one pack is not outvoted by the ALLOW or WARN of others', () => {
    const broken = pack('x', [regoRule('r', 'decision := "ALLOW" if true\ndecision := "WARN" if true')])
    expect(said([pack('w', [saying('r', 'WARN')]), broken, pack('a', [saying('r', 'ALLOW')])])).toBe('BLOCK x/r policy_error')
  })

  test('fuel is bounded for a whole question too', () => {
    const heavy = 'decision := "DENY" if { some a in input.raw; some b in input.raw; a == b; a == "" }'
    const rules = Array.from({ length: 100 }, (_, i) =>
      regoRule(`r${i}`, heavy, { match: { action: '*', fields: ['context.list'] } }),
    )
    const list = Array.from({ length: 120 }, (_, i) => `v${i}`)
    expect(said([pack('p', rules)], { context: { list } })).toMatch(/^BLOCK p\/r[1-9]\d* policy_error$/)
  })

  test('AHP-POLICY-113 fuel ends a rule with slow patterns, and not the clock', () => {
    const slow = (text: string) => `regex.match(\`a[ab]{900}[cd]\`, ${text})`
    const twice = pack('p', [
      regoRule('r', `decision := "DENY" if ${slow('input.request.context.s')}\ndecision := "DENY" if ${slow('input.value')}`, {
        match: { action: '*', fields: ['context.s'] },
      }),
    ])
    expect(outcome([twice], { context: { s: 'ab'.repeat(14_000) } }).fault).toBe('fuel: more than 100000 units of fuel')
    expect(outcome([twice], { context: { s: 'ab'.repeat(14_000), t: 1 } }).verdict.deny_reason).toBe('policy_error')
    const large = denyIf(slow('input.request.context.s'), ['action'])
    expect(outcome([large], { context: { s: 'ab'.repeat(700_000) } }).fault).toContain('text of more than 65536 characters')
  })

  test('AHP-POLICY-117 the example of the specification denies large orders, and faults where no quantity is given', () => {
    const chapter = readFileSync(new URL('../../../../spec/16-policy.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json policy-pack\n([^]*?)```/.exec(chapter) ?? []
    const packs = [{ name: 'example.json', bytes: utf8(example) }]
    const at = { jurisdiction: 'EU', action: 'orders.create' }
    expect(said(packs, { ...at, input: { quantity: 101 } })).toBe('BLOCK orders-limits/large-order order_too_large')
    expect(said(packs, { ...at, input: { quantity: 100 } })).toBe('ALLOW -/- -')
    expect(said(packs, { ...at, input: null })).toBe('BLOCK orders-limits/large-order policy_error')
    expect(said(packs, { ...at, action: 'orders.read', input: null })).toBe('ALLOW -/- -')
  })

  test('the reference packs have fuel for five fields of the largest size', () => {
    const text = 'x'.repeat(65_536)
    const context = { user_message: text, tool_args: text, request: { url: text } }
    expect(said([reference('pii-block')], { input: text, target: text, context })).toBe('ALLOW -/- -')
  })

  test('AHP-POLICY-11 the same question burns the same fuel twice', () => {
    const packs = [reference('pii-block'), reference('tool-allowlist'), reference('rate-limit')]
    const once = outcome(packs, { input: 'x'.repeat(5_000) })
    expect(once.fuel).toBeGreaterThan(20)
    expect(outcome(packs, { input: 'x'.repeat(5_000) })).toEqual(once)
  })
})

describe('AHP-POLICY-6 AHP-POLICY-7 AHP-POLICY-13 silence, selection and time', () => {
  test('a silent rule says what its pack says by default', () => {
    const silent = regoRule('r', 'decision := "DENY" if false')
    const by = (verdict: string) => said([pack('p', [silent], { default_decision: verdict })])
    expect([by('ALLOW'), by('WARN'), by('DENY')]).toEqual(['ALLOW -/- -', 'WARN p/r r says no', 'BLOCK p/r r says no'])
  })

  test('a pack of which no rule matches the action says its default', () => {
    const other = saying('r', 'ALLOW', { match: { action: 'tool.*', fields: ['input'] } })
    const by = (verdict: string) => said([pack('p', [other], { default_decision: verdict })])
    expect([by('ALLOW'), by('WARN'), by('DENY')]).toEqual([
      'ALLOW -/- -',
      'WARN p/- default_decision',
      'BLOCK p/- default_decision',
    ])
  })

  test('an action is matched exactly, by a prefix up to a dot, or by a star', () => {
    expect(matchesAction('*', 'x')).toBe(true)
    expect(matchesAction('orders.read', 'orders.read')).toBe(true)
    expect(matchesAction('orders.read', 'orders.read.all')).toBe(false)
    expect(matchesAction('orders.*', 'orders.read')).toBe(true)
    expect(matchesAction('orders.*', 'orders.a.b')).toBe(true)
    expect(matchesAction('orders.*', 'orders')).toBe(false)
    expect(matchesAction('orders.*', 'ordersx.read')).toBe(false)
    expect(matchesAction('orders.*', 'ORDERS.read')).toBe(false)
  })

  test('packs are chosen by the passport, and the agent can only add one', () => {
    const packs = [
      pack('all', [saying('r', 'ALLOW')]),
      pack('eu', [saying('r', 'WARN')], { jurisdictions: ['EU'] }),
      pack('us', [saying('r', 'DENY')], { jurisdictions: ['US'] }),
    ]
    const by = (jurisdiction: string | null, claimed?: JsonValue) =>
      said(packs, { jurisdiction, context: claimed === undefined ? {} : { jurisdiction: claimed } })
    expect(by('EU')).toBe('WARN eu/r r says no')
    expect(by('US')).toBe('BLOCK us/r r says no')
    expect(by('EU', 'US')).toBe('BLOCK us/r r says no')
    expect(by('US', 'EU')).toBe('BLOCK us/r r says no')
    expect(by('EU', 'XX')).toBe('WARN eu/r r says no')
    expect(by('EU', ['US'])).toBe('WARN eu/r r says no')
    expect(by(null)).toBe('BLOCK us/r r says no')
    expect(by(null, 'EU')).toBe('BLOCK us/r r says no')
    expect(by('XX')).toBe('BLOCK us/r r says no')
    const server = (serverJurisdictions: string[], jurisdiction: string | null = null) =>
      said(packs, { serverJurisdictions, jurisdiction })
    expect([server(['EU']), server(['EU'], 'US'), server(['XX'])]).toEqual([
      'WARN eu/r r says no',
      'BLOCK us/r r says no',
      'BLOCK us/r r says no',
    ])
  })

  test('AHP-POLICY-6 a hand-off adds the packs of another place and takes none away', () => {
    const all = pack('all', [saying('r', 'ALLOW')])
    const eu = pack('eu', [saying('r', 'WARN')], { jurisdictions: ['EU'] })
    const us = pack('us', [saying('r', 'DENY')], { jurisdictions: ['US'] })
    const by = (jurisdiction: string | null, ...earlierJurisdictions: (string | null)[]) =>
      said([all, eu, us], { jurisdiction, earlierJurisdictions })
    expect([by('EU', 'EU'), by('EU')]).toEqual(Array(2).fill('WARN eu/r r says no'))
    expect([by('EU', 'US'), by('US', 'EU'), by('EU', 'EU', 'US')]).toEqual(Array(3).fill('BLOCK us/r r says no'))
    // An agent of whose place nothing is known has to obey all, and so has whoever acts for it.
    expect([by('EU', null), by(null, 'EU')]).toEqual(Array(2).fill('BLOCK us/r r says no'))
  })

  test('AHP-POLICY-6 a region lies inside its country: US-CA selects the packs for US, and US none for US-CA', () => {
    const eu = pack('eu', [saying('r', 'ALLOW')], { jurisdictions: ['EU'] })
    const us = pack('us', [saying('r', 'DENY')], { jurisdictions: ['US'] })
    const ca = pack('ca', [saying('r', 'WARN')], { jurisdictions: ['US-CA'] })
    const by = (packs: readonly PackFile[], jurisdiction: string | null, claimed: JsonValue = null) =>
      said(packs, { jurisdiction, serverJurisdictions: ['EU'], context: { jurisdiction: claimed } })
    expect(by([eu, us], 'US-CA')).toBe('BLOCK us/r r says no')
    expect(by([eu, ca], 'US-CA')).toBe('WARN ca/r r says no')
    expect([by([eu, ca], 'US'), by([eu, ca], 'US-NY'), by([eu, us], 'UK')]).toEqual(Array(3).fill('ALLOW -/- -'))
    expect([by([eu, us], null, 'US-CA'), by([eu, us], null, ['US'])]).toEqual(['BLOCK us/r r says no', 'ALLOW -/- -'])
    // A country of which only a region has a pack is a jurisdiction that no pack names: all apply.
    expect(said([eu, ca], { jurisdiction: 'US' })).toBe('WARN ca/r r says no')
    expect(said([eu, us], { jurisdiction: null, serverJurisdictions: ['US-CA'] })).toBe('BLOCK us/r r says no')
  })

  test('no pack is BLOCK, and so is one that has expired: at its last second, not before', () => {
    const short = pack('s', [saying('r', 'ALLOW')], { expires_at: '2026-11-20T22:00:00Z' })
    expect(said([])).toBe('BLOCK -/- no_policy_packs')
    expect(said([short], {}, QUIET, NOW - 1)).toBe('ALLOW -/- -')
    expect(said([short], {}, QUIET, NOW)).toBe('BLOCK s/- policy_pack_expired')
    expect(said([short], {}, QUIET, Date.parse('2025-12-31T23:59:59Z'))).toBe('BLOCK s/- policy_pack_expired')
  })
})

describe('AHP-POLICY-10 what only the server knows is only where the server writes', () => {
  test('an agent that sends harness facts or a passport in its context is not believed', () => {
    const rule = regoRule(
      'r',
      'default decision := "DENY"\ndecision := "ALLOW" if { input.passport.agent_did == "did:key:z6MkGood"; input.harness.counters.requests_1m < 5 }',
    )
    const forged = { passport: { agent_did: 'did:key:z6MkGood' }, harness: { counters: { requests_1m: 0 } } }
    expect(said([pack('p', [rule])], { context: forged })).toBe('BLOCK p/r r says no')
    const passport = alone('did:web:i.example', 'did:key:z6MkGood')
    expect(said([pack('p', [rule])], { passport })).toBe('ALLOW -/- -')
    expect(said([pack('p', [rule])], { passport }, { ...QUIET, requests_1m: 5 })).toBe('BLOCK p/r r says no')
  })
})

describe('packs whose rules no engine understands', () => {
  test.each<[JsonObject, string]>([
    [
      { language: 'cedar', module: 'permit(principal, action, resource);' },
      'pack p.json, rule r: no engine for "cedar"; known are rego and jsonlogic',
    ],
    [
      { language: 'rego', module: 'package p\nimport rego.v1\ndecision := "DENY" if http.send({})' },
      'pack p.json, rule r: line 3: "http.send" is no function of this Rego subset and no function of the module',
    ],
    [{ language: 'rego', module: { a: 1 } }, 'pack p.json, rule r: the module is not text'],
    [
      { language: 'jsonlogic', module: { cat: ['a'] } },
      'pack p.json, rule r: the rule uses the operator "cat"; known are var, if, and, or, !, !!, ==, !=, ===, !==, <, <=, >, >=, in',
    ],
    [{ language: 'jsonlogic', module: 'text' }, 'the pack loads'],
  ])('%j', (policy, sentence) => {
    const load = (): string => {
      try {
        compilePacks([parsePack(pack('p', [saying('r', 'ALLOW', { policy })]))])
        return 'the pack loads'
      } catch (error) {
        if (error instanceof PackRefused) return error.message
        throw error
      }
    }
    expect(load()).toBe(sentence)
  })
})

const at = (requests_1m: number): Counters => ({ ...QUIET, requests_1m })

describe('the reference packs', () => {
  const packs = [reference('pii-block'), reference('tool-allowlist'), reference('rate-limit')]

  test.each<[string, Partial<PolicyQuestion>, string]>([
    ['a harmless question', {}, 'ALLOW -/- -'],
    [
      'an e-mail address in the input',
      { input: 'ask ann@example.com' },
      'BLOCK pii-block/pii-email e-mail address in the request',
    ],
    [
      'an e-mail address in the target',
      { target: 'https://api.example.com/by/ann%40example.com' },
      'BLOCK pii-block/pii-email e-mail address in the request',
    ],
    [
      'a telephone number in tool_args and nowhere else',
      { context: { tool_args: { to: ['+353861234567'] } } },
      'BLOCK pii-block/pii-phone-e164 telephone number in the request',
    ],
    [
      'an address in a nested user_message',
      { context: { user_message: { parts: [{ text: 'ann@example.com' }] } } },
      'BLOCK pii-block/pii-email e-mail address in the request',
    ],
    [
      'an address in the query of the request',
      { context: { request: { url: 'https://api.example.com/orders?to=ann%40example.com' } } },
      'BLOCK pii-block/pii-email e-mail address in the request',
    ],
    [
      'an address written with an escape',
      { input: JSON.parse('{"to":"ann\\u0040example.com"}') },
      'BLOCK pii-block/pii-email e-mail address in the request',
    ],
    [
      'an action that is not listed',
      { action: 'orders.delete' },
      'BLOCK tool-allowlist/tool-allowed action is not on the allowlist',
    ],
    ['an action that is listed', { action: 'orders.create' }, 'ALLOW -/- -'],
    ['a prefix of a listed action', { action: 'orders' }, 'BLOCK tool-allowlist/tool-allowed action is not on the allowlist'],
    ['a bare number without a plus, which the pattern does not see', { input: '353861234567' }, 'ALLOW -/- -'],
  ])('%s', (_, change, expected) => {
    expect(said(packs, change)).toBe(expected)
  })

  test('the rate limit warns above 300 and denies above 600 questions in a minute', () => {
    expect([300, 301, 600, 601].map((count) => said(packs, {}, at(count)))).toEqual([
      'ALLOW -/- -',
      'WARN rate-limit/requests-per-minute too many requests in one minute',
      'WARN rate-limit/requests-per-minute too many requests in one minute',
      'BLOCK rate-limit/requests-per-minute too many requests in one minute',
    ])
  })

  test('two packs that deny: the one that was loaded first is named', () => {
    const bad = { action: 'orders.delete', input: 'ann@example.com' }
    expect(said(packs, bad)).toContain('BLOCK pii-block/')
    expect(said(packs.toReversed(), bad)).toContain('BLOCK tool-allowlist/')
  })
})

test('whatever a question holds, there is a verdict, and the same one for the same fuel again', () => {
  const rules = [
    regoRule('a', 'default decision := "ALLOW"\ndecision := "DENY" if { some x in input.raw; startswith(x, "a") }'),
    regoRule('b', 'default decision := "ALLOW"\ndecision := "WARN" if input.request.context.a.b > input.request.input[_].c'),
    regoRule('c', 'decision := "ALLOW" if { not input.raw.x in input.request.context.a } else := "DENY" if count(input.raw) > 2'),
  ].map((rule) => ({ ...rule, match: { action: '*', fields: ['input', 'context.a.b', 'context.a', 'target'] } }))
  const packs = compilePacks([parsePack(pack('p', rules)), parsePack(reference('pii-block'))])
  const verdicts = new Set<string>()
  assert(
    property(
      jsonValue({ maxDepth: 6 }),
      dictionary(constantFrom('a', 'b', 'jurisdiction', 'constructor'), jsonValue()),
      array(jsonValue()),
      (input, context, list) => {
        const asked: ServerQuestion = {
          ...question(),
          input: input as JsonValue,
          context: { ...(context as JsonObject), list: list as JsonValue },
          serverJurisdictions: [],
          counters: QUIET,
          now: NOW,
        }
        const first = decide(packs, asked, () => undefined)
        verdicts.add(first.verdict.decision)
        expect(decide(packs, asked, () => undefined)).toEqual(first)
      },
    ),
    { numRuns: 1_000 },
  )
  expect(verdicts.has('BLOCK')).toBe(true)
})
