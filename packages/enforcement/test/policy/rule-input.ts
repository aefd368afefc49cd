/** A rule's input with harmless members, for tests of single rules. @module */
import type { RuleInput } from '../../src/policy/facts.ts'

/** The harmless input with `change` over it. */
export function ruleInput(change: Partial<RuleInput> = {}): RuleInput {
  return {
    value: 'hello',
    raw: 'hello',
    field: 'input',
    action: 'orders.read',
    target: 'https://api.example.com/orders/7',
    request: { input: 'hello', context: {} },
    passport: null,
    harness: {
      now: '2026-11-20T22:00:00.000Z',
      jurisdiction: null,
      counters: { requests_1m: 1, requests_1h: 1, action_requests_1m: 1, action_requests_1h: 1 },
      pack_id: 'p',
      rule_id: 'r',
    },
    ...change,
  }
}
