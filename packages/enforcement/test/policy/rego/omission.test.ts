import { describe, expect, test } from 'vitest'
import { compilePacks } from '../../../src/policy/evaluate.ts'
import { parsePack } from '../../../src/policy/pack.ts'
import { compileRego } from '../../../src/policy/rego/compile.ts'
import { reference } from '../packs.ts'
import { refusal, run } from './run.ts'

const HELPERS = `
path := input.request.context.path
lowered := lower(input.value)
flag := startswith(input.request.context.path, "/safe")
ok(x) if x == true
is_false(x) if x == false
is_other(x) if not startswith(x, "/safe")
path_of(x) := x.path
is_elsewhere(x) if not startswith(x.path, "/safe")
other if input.request.context.path != "/safe"
not_evil if not startswith(input.value, "/evil")
problems contains "x" if input.request.context.path != "/safe"
safe if startswith(input.request.context.path, "/safe")
not_bad if input.request.context.path != "/bad"
missing contains "x" if not startswith(input.value, "/safe")`

const denying = (body: string): string => `package p\nimport rego.v1\ndecision := "DENY" if {\n${body}\n}${HELPERS}`
const allowing = (body: string, helper = ''): string =>
  `package p\nimport rego.v1\ndefault decision := "DENY"\ndecision := "ALLOW" if {\n${body}\n}\n${helper}`

const CONTEXT = 'input.request.context.path'

describe('AHP-POLICY-122 leaving a fact out does not weaken a decision through a negation or an inequality', () => {
  test.each([
    ['a direct reference', 'not startswith(input.request.context.path, "/safe")', CONTEXT],
    ['null in an argument', 'not startswith(lower(input.value), "/safe")', 'input.value'],
    ['null beside ==', 'not lower(input.value) == "safe"', 'input.value'],
    ['null beside in', 'not lower(input.value) in {"a", "b"}', 'input.value'],
    ['null beside an order', 'not count(input.value) < 10', 'input.value'],
    ['a rule', 'not startswith(path, "/safe")', CONTEXT],
    ['a rule on null', 'not startswith(lowered, "/safe")', 'input.value'],
    ['a local', 'p := input.request.context.path; not startswith(p, "/safe")', CONTEXT],
    ['a local of a local', 'c := input.request.context; p := c.path; not p == "/safe"', CONTEXT],
    ['an array', 'not [input.request.context.path] == ["/safe"]', CONTEXT],
    ['a set', 'not {input.request.context.path} == {"/safe"}', CONTEXT],
    ['an object', 'not {"a": input.request.context.path} == {"a": "/safe"}', CONTEXT],
    ['an operator in an argument', 'not ok(input.request.context.path < "b")', CONTEXT],
    ['!=', 'input.request.context.path != "/safe"', CONTEXT],
    ['!= given a name', 'x := input.request.context.path != "/safe"; x', CONTEXT],
    ['!= in a rule', 'other', CONTEXT],
    ['!= in a set', 'count(problems) > 0', CONTEXT],
    ['not in a function', 'is_other(input.request.context.path)', CONTEXT],
    ['a member in a function', 'is_elsewhere(input.request.context)', 'input.request.context[…]'],
    ['a member that a function gives', 'not startswith(path_of(input.request.context), "/safe")', 'input.request.context[…]'],
    ['the same beside !=', 'path_of(input.request.context) != "/safe"', 'input.request.context[…]'],
    [
      'the guard of another member',
      'p := path_of(input.raw); p != null; not startswith(path_of(input.raw), "/safe")',
      'input.raw[…]',
    ],
    ['the guard of another key', 'p := input.raw[input.action]; p != null; not input.raw[input.target] > 5', 'input.raw[_]'],
    ['== false', 'startswith(input.request.context.path, "/safe") == false', CONTEXT],
    ['a function for == false', 'is_false(startswith(input.request.context.path, "/safe"))', CONTEXT],
    ['a rule beside false', 'flag == false', CONTEXT],
    ['false in', 'false in [startswith(input.request.context.path, "/safe")]', CONTEXT],
    ['the passport', 'not input.passport.issuer in {"did:web:i.example"}', 'input.passport'],
    ['a claim', 'not lower(input.passport.claims.risk) == "minimal"', 'input.passport'],
    ['a claim of some', 'input.passport.claims.attestations.human.id != "x"', 'input.passport.claims.attestations.human.id'],
    ['an agent that handed off', 'input.passport.path[1].did != "x"', 'input.passport.path[1].did'],
    ['the first agent', 'input.passport.path[0].did != "x"', 'input.passport'],
    ['the number of hand-offs', 'not input.passport.depth in {1}', 'input.passport'],
    ['an element', 'some x in input.raw; x != "a"', 'input.raw'],
    ['a member of an element', 'count(input.raw) > 0; some x in input.raw; not startswith(x.name, "a")', 'input.raw[_].name'],
    ['a key that is computed', 'not input.request.context[input.action] > 5', 'input.request.context[_]'],
    // What is there may still be null, and then the argument has no value.
    [
      'a guard against absence alone',
      'input.request.context.path; not startswith(lower(input.request.context.path), "/x")',
      CONTEXT,
    ],
    [
      'a comparison that may be false',
      'input.raw.x; (input.raw.x == "a") == false; not startswith(lower(input.raw.x), "/x")',
      'input.raw.x',
    ],
    ['null that is no absence', 'input.value; not startswith(lower(input.value), "/safe")', 'input.value'],
    ['a guard that comes after', 'not lower(input.value) == "a"; input.value != null', 'input.value'],
    ['a guard of another fact', 'input.raw.x != null; not startswith(input.raw.y, "/safe")', 'input.raw.y'],
  ])('%s: %s', (_, body, fact) => {
    expect(refusal(denying(body))).toMatch(/^line \d+: .* says nothing when the agent leaves out /)
    expect(refusal(denying(body))).toContain(`leaves out ${fact}; state before it that it is there, as in "${fact} != null"`)
  })

  test('what denies through two negations is judged too', () => {
    expect(refusal(denying('not not_evil'))).toContain('this "not" holds when the agent leaves out input.value')
  })

  test.each([
    ['holds without the fact', 'not input.request.context.path == "/safe"'],
    ['holds without the fact', 'not input.request.context.path'],
    ['holds on null', 'not startswith(input.value, "/safe")'],
    ['is true of null', 'input.value != "/safe"'],
    ['denies what it finds', 'startswith(input.request.context.path, "/admin")'],
    ['denies what is not known to be safe', 'not safe'],
    ['denies what is not known to be no evil', 'not not_bad'],
    ['counts what is missing', 'count(missing) > 0'],
    ['is over a fact of the server', 'not input.harness.counters.requests_1h > 9'],
    ['is over a fact that every question has', 'input.action != "orders.read"; not input.action in {"a"}'],
    ['is guarded', 'input.request.context.path != null; not startswith(lower(input.request.context.path), "/safe")'],
    ['is guarded by name', 'p := input.request.context.path; p != null; not startswith(p, "/safe")'],
    ['is guarded by the name of what a function gives', 'p := path_of(input.raw); p != null; not startswith(p, "/safe")'],
    ['is guarded by the name for a computed key', 'p := input.raw[input.action]; p != null; not startswith(lower(p), "/safe")'],
    ['is guarded through a rule', 'path != null; not startswith(path, "/safe")'],
    ['is guarded by a positive statement', 'startswith(input.request.context.path, "/"); input.request.context.path != "/safe"'],
    ['is guarded by a member', 'input.request.context.path.a == 1; input.request.context.path != 1'],
    ['is guarded by a negation', 'not input.value == null; not lower(input.value) == "a"'],
    ['is guarded by the passport', 'input.passport != null; not input.passport.issuer in {"x"}'],
    ['is guarded by a part of the passport', 'input.passport.issuer; not input.passport.agent_did in {"x"}'],
    ['is guarded by a count', 'count(input.raw) > 0; some x in input.raw; not x in {"a"}'],
    ['is guarded for the same element', 'some x in input.raw; x.name != null; not startswith(x.name, "a")'],
  ])('loads what %s: %s', (_, body) => {
    expect(compileRego(denying(body)).decision).toBe(0)
  })

  test.each([
    ['input.request.context.path != "/admin"', ''],
    ['input.value in {"a"}', ''],
    ['ok', 'ok if input.request.context.path != "/admin"'],
    ['not bad', 'bad if not input.action in {"orders.read"}'],
    ['input.value != null; not startswith(input.value, "/admin")', ''],
  ])('with the default DENY an ALLOW that is silent weakens nothing: %s', (body, helper) => {
    expect(
      run(allowing(body, helper).slice('package p\n'.length), { request: { input: null, context: {} }, value: null }),
    ).toMatch(/^(DENY|ALLOW)$/)
    expect(compileRego(allowing(body, helper)).decision).toBe(0)
  })

  test.each([
    ['not startswith(input.value, "/admin")', '', 'input.value'],
    ['not bad', 'bad if startswith(input.value, "/admin")', 'input.value'],
    ['ok', 'ok if not startswith(input.value, "/admin")', 'input.value'],
    ['not input.request.context.admin', '', 'input.request.context.admin'],
    // An agent may send null for it.
    ['not startswith(input.request.context.path, "/admin")', '', CONTEXT],
  ])('an ALLOW by negation that holds without the fact is refused: %s', (body, helper, fact) => {
    expect(refusal(allowing(body, helper))).toContain(`this "not" holds when the agent leaves out ${fact}, and may allow then`)
  })

  test('the cures deny where the fact is left out', () => {
    const left = { request: { input: null, context: {} }, value: null }
    const cures = [
      'default decision := "DENY"\ndecision := "ALLOW" if startswith(input.request.context.path, "/safe")',
      'decision := "DENY" if not safe\nsafe if startswith(input.request.context.path, "/safe")',
      'decision := "DENY" if { input.value != null; not lower(input.value) == "safe" }\ndecision := "DENY" if input.value == null',
    ]
    for (const cure of cures)
      expect([cure, compileRego(`package p\n${cure}`).warnings, run(cure, left)]).toEqual([cure, [], 'DENY'])
  })

  test('an order that says nothing without the fact loads, and its author is warned', () => {
    const { warnings } = compileRego(denying('input.request.context.age < 18'))
    expect(warnings).toEqual([
      'line 4: an order says nothing when the agent leaves out input.request.context.age; say in a rule of its own what shall happen then',
    ])
    expect(compileRego(denying('input.harness.counters.requests_1m > 5')).warnings).toEqual([])
  })

  test('the reference packs load without a warning', () => {
    for (const name of ['pii-block', 'tool-allowlist', 'rate-limit'] as const) {
      const [pack] = compilePacks([parsePack(reference(name))])
      expect(pack?.compiled.flatMap(({ run: { warnings } }) => warnings)).toEqual([])
    }
  })
})
