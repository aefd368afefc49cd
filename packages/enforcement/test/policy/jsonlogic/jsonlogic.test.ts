import type { JsonValue } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import type { RuleInput } from '../../../src/policy/facts.ts'
import { Fuel, PolicyFault } from '../../../src/policy/fault.ts'
import { compileJsonLogic } from '../../../src/policy/jsonlogic/check.ts'
import { evaluateJsonLogic } from '../../../src/policy/jsonlogic/evaluate.ts'
import { LogicRefused } from '../../../src/policy/jsonlogic/refused.ts'
import { ruleInput } from '../rule-input.ts'

function run(rule: JsonValue, context: RuleInput['request']['context'] = {}, fuel = new Fuel(10_000)): JsonValue | undefined {
  return evaluateJsonLogic(compileJsonLogic(rule), ruleInput({ request: { input: null, context } }), fuel)
}

function outcome(rule: JsonValue, context: RuleInput['request']['context'] = {}): JsonValue | undefined {
  try {
    return run(rule, context)
  } catch (error) {
    if (error instanceof PolicyFault) return `fault ${error.code}`
    throw error
  }
}

function refusal(rule: JsonValue): string {
  try {
    compileJsonLogic(rule)
  } catch (error) {
    if (error instanceof LogicRefused) return error.message
    throw error
  }
  throw new Error('the rule loads')
}

const x = { var: 'request.context.x' }

function nest(depth: number): JsonValue {
  return depth === 0 ? true : { '!': [nest(depth - 1)] }
}

function wide(count: number): JsonValue {
  return { in: [x, Array.from({ length: count }, (_, i) => i)] }
}

describe('AHP-POLICY-116 the operators mean what JSONLogic says, without its conversions', () => {
  test('a rate limit', () => {
    const rule = {
      if: [
        { '>': [{ var: 'harness.counters.requests_1m' }, 120] },
        'DENY',
        { '>': [{ var: 'harness.counters.requests_1m' }, 60] },
        'WARN',
        'ALLOW',
      ],
    }
    expect(run(rule)).toBe('ALLOW')
    expect(run({ if: [{ '>=': [{ var: 'harness.counters.requests_1m' }, 1] }, 'WARN'] })).toBe('WARN')
    expect(run({ if: [{ '>': [{ var: 'harness.counters.requests_1m' }, 1] }, 'WARN'] })).toBeUndefined()
  })

  test.each<[JsonValue, JsonValue, JsonValue]>([
    [{ '===': [x, 1] }, 1, true],
    [{ '===': [x, 1] }, '1', false],
    [{ '!==': [x, 1] }, '1', true],
    [{ '==': [x, 'a'] }, 'a', true],
    [{ '==': [x, null] }, null, true],
    [{ '!=': [x, null] }, 'a', true],
    [{ '<': [1, x, 3] }, 2, true],
    [{ '<': [1, x, 3] }, 3, false],
    [{ '<=': [1, x, 3] }, 3, true],
    [{ '<': [x, 'b'] }, 'a', true],
    [{ in: [x, ['a', 'b']] }, 'b', true],
    [{ in: [x, ['a', 'b']] }, 'c', false],
    [{ in: ['el', x] }, 'hello', true],
    [{ in: ['el', x] }, null, false],
    [{ and: [true, x] }, 'last', 'last'],
    [{ and: [0, x] }, 'last', 0],
    [{ or: [0, x] }, 'last', 'last'],
    [{ '!': x }, '', true],
    [{ '!!': [x] }, '0', true],
    [{ '!!': [x] }, [], false],
    [{ var: ['request.context.y', 'fallback'] }, 1, 'fallback'],
    [{ if: [false, 'a', { '===': [x, 1] }, 'b', 'c'] }, 1, 'b'],
  ])('%j with x = %j → %j', (rule, value, expected) => {
    expect(run(rule, { x: value })).toEqual(expected)
  })

  test('AHP-POLICY-117 a variable that does not exist cannot be compared: it is a fault and never false', () => {
    for (const op of ['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in']) {
      expect([op, outcome({ [op]: [x, 60] }), outcome({ [op]: [60, x] })]).toEqual([op, 'fault eval', 'fault eval'])
    }
    expect(outcome({ '!': x })).toBe(true)
    expect(outcome({ if: [x, 'DENY', 'ALLOW'] })).toBe('ALLOW')
    expect(outcome({ '>': [{ var: ['request.context.x', 0] }, 60] })).toBe(false)
  })

  test('what another type would convert is a fault', () => {
    const orders = ['999', true, [100], { n: 100 }, null].map((value) => outcome({ '>': [x, 60] }, { x: value }))
    expect(orders).toEqual(Array(5).fill('fault eval'))
    expect(outcome({ '==': [x, 1] }, { x: '1' })).toBe('fault eval')
    expect(outcome({ '===': [x, 1] }, { x: [1] })).toBe('fault eval')
    expect(outcome({ in: [x, 'abc'] }, { x: 1 })).toBe('fault eval')
    expect(outcome({ in: ['a', x] }, { x: { a: 1 } })).toBe('fault eval')
    expect(outcome({ in: [x, ['a']] }, { x: ['a'] })).toBe('fault eval')
  })

  test('AHP-POLICY-114 only own members are read', () => {
    for (const name of ['constructor', 'toString', 'length', 'hasOwnProperty']) {
      const found = [
        run({ '!!': { var: `request.context.${name}` } }),
        run({ '!!': { var: `request.context.x.${name}` } }, { x: {} }),
      ]
      expect([name, ...found]).toEqual([name, false, false])
    }
  })

  test('AHP-POLICY-123 a name through a scalar or into a list is a fault, also where another value stands beside it', () => {
    const names = { var: ['request.context.user.name', 'nobody'] }
    for (const user of ['root', 7, true, [{ name: 'root' }], []]) {
      expect([user, outcome({ if: [{ '===': [names, 'root'] }, 'DENY', 'ALLOW'] }, { user })]).toEqual([
        user,
        expect.stringMatching(/^fault (eval|field)$/),
      ])
    }
    expect([{}, null].map((user) => outcome(names, { user }))).toEqual(['nobody', 'nobody'])
    expect(outcome(names)).toBe('nobody')
    for (const index of ['00', '-1', '1e0', 'length', 'a'])
      expect([index, outcome({ var: `request.context.x.${index}` }, { x: ['a'] })]).toEqual([index, 'fault field'])
  })

  test('AHP-POLICY-9 elements of a list are reached by their decimal index, as in the fields of a pack', () => {
    const at = (index: string): JsonValue | undefined =>
      run({ if: [{ var: `request.context.items.${index}.admin` }, 'DENY', 'ALLOW'] }, { items: [{}, { admin: true }] })
    expect(['0', '1', '2'].map(at)).toEqual(['ALLOW', 'DENY', 'ALLOW'])
    expect(run({ '===': [{ var: 'request.context.items.0' }, 'a'] }, { items: ['a'] })).toBe(true)
  })

  test('the same rule burns the same fuel twice, and too little fuel is a fault', () => {
    const rule = { or: Array.from({ length: 30 }, (_, i) => ({ in: [x, [`a${i}`, `b${i}`]] })) }
    const used = () => {
      const fuel = new Fuel(10_000)
      run(rule, { x: 'z' }, fuel)
      return fuel.used
    }
    expect(used()).toBe(used())
    expect(() => run(rule, { x: 'z' }, new Fuel(used() - 1))).toThrow(PolicyFault)
    expect(run(rule, { x: 'z' }, new Fuel(used()))).toBe(false)
  })
})

describe('AHP-POLICY-115 what the closed list does not have is refused at load', () => {
  test.each<[JsonValue, string]>([
    [{ cat: ['a', 'b'] }, 'the rule uses the operator "cat"; known are var, if, and'],
    [{ merge: [1] }, 'uses the operator "merge"'],
    [{ map: [1] }, 'uses the operator "map"'],
    [{ log: 'x' }, 'uses the operator "log"'],
    [{ method: ['x', 'constructor'] }, 'uses the operator "method"'],
    [{ constructor: ['x'] }, 'uses the operator "constructor"'],
    [{ toString: ['x'] }, 'uses the operator "toString"'],
    [{ __defineGetter__: [{ var: 'value' }] }, 'uses the operator "__defineGetter__"'],
    [{ '>': [1, 2], '<': [1, 2] }, 'the rule is an object with several members or none'],
    [{}, 'several members or none'],
    [{ if: [{ '>': [1] }, 'DENY'] }, '"if.0.>" takes 2 arguments'],
    [{ '<': [1, 2, 3, 4] }, '"<" takes 2 to 3 arguments'],
    [{ '!': [1, 2] }, '"!" takes 1 arguments'],
    [{ in: [1, [{ var: 'value' }]] }, 'has an operation inside a list'],
    [{ in: [1, [[1]]] }, 'has a list inside a list'],
    [{ var: [] }, '"var" takes a dotted name'],
    [{ var: 0 }, '"var" takes a dotted name'],
    [{ var: '' }, 'is not a dotted name'],
    [{ var: 'request..x' }, 'is not a dotted name'],
    [{ var: 'request.context.__proto__' }, 'is not a dotted name'],
    [{ var: 'valeu' }, 'names no fact: "input" has no member "valeu"'],
    [
      { '>': [{ var: 'harness.counters.requests' }, 60] },
      '">.0.var" names no fact: "input.harness.counters" has no member "requests"',
    ],
    [{ var: 'passport.claims.rsik' }, 'has no member "rsik"'],
    [{ var: 'passport.claims.mission.action' }, 'is a list; its elements are numbered'],
    [{ var: 'passport.claims.mission.0.actoin' }, 'has no member "actoin"'],
    [{ var: { var: 'value' } }, '"var" takes a dotted name'],
  ])('%j', (rule, sentence) => {
    expect(refusal(rule)).toContain(sentence)
  })

  test('depth and size are bounded', () => {
    expect(compileJsonLogic(nest(24)).kind).toBe('operation')
    expect(refusal(nest(25))).toBe('the rule is nested more than 24 deep')
    expect(refusal(nest(3_000))).toContain('nested more than 24 deep')
    expect(compileJsonLogic(wide(3_990)).kind).toBe('operation')
    expect(refusal(wide(4_000))).toBe('the rule has more than 4000 parts')
  })
})
