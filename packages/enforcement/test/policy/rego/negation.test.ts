import { describe, expect, test } from 'vitest'
import { fires, refusal } from './run.ts'

// What OPA does: calls and references that are arguments are evaluated before `not`; `==` keeps a reference inside.
describe('AHP-POLICY-111 negation evaluates arguments first, as OPA does', () => {
  const helpers = [
    'f(x) := x',
    'is_safe(x) if startswith(x, "/safe")',
    'yes := true',
    'no := false',
    'absent := true if false',
    'five := 5',
    'names contains "a"',
  ].join('\n')

  test.each<[string, Record<string, string | number | boolean | null | string[]>, boolean]>([
    // A call with a reference that has no value: undefined, the rule does not fire.
    ['not startswith(input.request.context.target, "/safe")', {}, false],
    ['not startswith(input.request.context.target, "/safe")', { target: '/other' }, true],
    ['not startswith(input.request.context.target, "/safe")', { target: '/safe/x' }, false],
    ['not is_safe(input.request.context.target)', {}, false],
    ['not is_safe(input.request.context.target)', { target: '/other' }, true],
    ['not is_safe(input.request.context.target)', { target: '/safe/x' }, false],
    ['not f(is_safe(input.request.context.target))', { target: '/other' }, false],
    ['not contains(lower(input.request.context.target), "a")', {}, false],
    ['not contains(lower(input.request.context.target), "a")', { target: 'B' }, true],
    ['not regex.match("a", input.request.context.target)', {}, false],
    ['not regex.match("a", input.request.context.target)', { target: 'b' }, true],
    // Null makes the call itself undefined, inside the `not`.
    ['not startswith(input.request.context.target, "/safe")', { target: null }, true],
    // `==` alone keeps its references inside.
    ['not input.request.context.x == 1', {}, true],
    ['not input.request.context.x == 1', { x: 2 }, true],
    ['not input.request.context.x == 1', { x: 1 }, false],
    ['not input.request.context.x = 1', {}, true],
    ['not lower(input.request.context.x) == "a"', {}, false],
    ['not [input.request.context.x] == [1]', {}, false],
    // Other operators are calls.
    ['not input.request.context.x != 1', {}, false],
    ['not input.request.context.x > 1', {}, false],
    ['not input.request.context.x > 1', { x: 1 }, true],
    ['not "a" in input.request.context.xs', {}, false],
    ['not "a" in input.request.context.xs', { xs: ['b'] }, true],
    ['not input.request.context.x in ["a"]', {}, false],
    // A reference alone is inside.
    ['not input.request.context.x', {}, true],
    ['not input.request.context.x', { x: false }, true],
    ['not input.request.context.x', { x: null }, false],
    ['not input.request.context.xs[input.request.context.i]', { xs: ['a'] }, false],
    ['not input.request.context.xs[input.request.context.i]', { xs: ['a'], i: 3 }, true],
    // Rules are references.
    ['not yes', {}, false],
    ['not no', {}, true],
    ['not absent', {}, true],
    ['not absent == true', {}, true],
    ['not f(absent)', {}, false],
    ['not five > 5', {}, true],
    ['not names["b"]', {}, true],
    ['not names["a"]', {}, false],
    ['not (input.request.context.x == 1)', {}, true],
    ['not false', {}, true],
    ['x := input.request.context.x; not x == 1', { x: 2 }, true],
  ])('%s with %j → %s', (body, context, expected) => {
    expect(fires(body, context, helpers)).toBe(expected)
  })

  test.each([
    ['not input.request.context.xs[_] == "a"', 'line 4: "not" cannot iterate over "_"; move the iteration into a helper rule'],
    ['not f(input.request.context.xs[i])', 'line 4: "not" cannot iterate over "i"; move the iteration into a helper rule'],
    ['not x == 1', 'line 4: "x" has no value here; assign it first or give a rule that name'],
    ['not some x in [1]', 'line 4: "some" cannot follow "not"; move it into a helper rule'],
    ['not not true', 'line 4: "not" cannot follow "not"; move it into a helper rule'],
    ['not x := 1', 'line 4: "not" cannot hold an assignment'],
  ])('%s is refused', (statement, sentence) => {
    expect(refusal(`package p\nf(x) := x\ndecision := "DENY" if {\n${statement}\n}`)).toBe(sentence)
  })
})
