import { describe, expect, test } from 'vitest'
import { Fuel, PolicyFault } from '../../../src/policy/fault.ts'
import { fires, run } from './run.ts'

function fault(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof PolicyFault) return error.code
    throw error
  }
  return 'none'
}

function used(module: string, change: Parameters<typeof run>[1]): number {
  const fuel = new Fuel(1_000_000)
  run(module, change, { fuel })
  return fuel.used
}

function list(size: number): Parameters<typeof run>[1] {
  return { raw: Array.from({ length: size }, (_, i) => `v${i}`) }
}

describe('modules as they are published', () => {
  const v0 = `default decision := "ALLOW"
decision := "DENY" {
  re_match(\`[a-z.]+@[a-z.]+\\.[a-z]{2,}\`, input.value)
}`
  const v1 = `import rego.v1
default decision := "ALLOW"
decision := "DENY" if regex.match(\`[a-z.]+@[a-z.]+\\.[a-z]{2,}\`, input.value)`

  test.each([
    ['v0', v0],
    ['v1', v1],
  ])('%s: an e-mail address is denied, other text and an absent field are not', (_, module) => {
    expect(run(module, { value: 'write to ann@example.com' })).toBe('DENY')
    expect(run(module, { value: 'write to ann' })).toBe('ALLOW')
    expect(run(module, { value: null })).toBe('ALLOW')
  })

  test('an allowlist in v0 and v1, as a set, as an array, with a helper', () => {
    const modules = [
      'default decision = "DENY"\nallowed = {"orders.read", "http.get"}\ndecision = "ALLOW" { allowed[input.action] }',
      'default decision = "DENY"\ndecision = "ALLOW" { ["orders.read", "http.get"][_] == input.action }',
      'default decision := "DENY"\ndecision := "ALLOW" if input.action in ["orders.read", "http.get"]',
      'default decision := "DENY"\ndecision := "ALLOW" if known(input.action)\nknown(a) if {\n  some x in {"orders.read"}\n  x == a\n}',
      'default decision := "DENY"\ndecision := "ALLOW" if not bad\nbad if not input.action in {"orders.read"}',
      'decision := "ALLOW" if { input.action == "orders.read" } else := "DENY"',
    ]
    for (const module of modules) {
      expect([module, run(module), run(module, { action: 'orders.delete' })]).toEqual([module, 'ALLOW', 'DENY'])
    }
  })

  test('a rate limit over counters of the server, with else', () => {
    const module = `decision := "DENY" if { input.harness.counters.requests_1m > 10 } else := "WARN" if { input.harness.counters.requests_1m > 5 }`
    const at = (requests_1m: number) =>
      run(module, {
        harness: {
          now: '',
          jurisdiction: null,
          counters: { requests_1m, requests_1h: 0, action_requests_1m: 0, action_requests_1h: 0 },
          pack_id: '',
          rule_id: '',
        },
      })
    expect([at(5), at(6), at(10), at(11)]).toEqual([undefined, 'WARN', 'WARN', 'DENY'])
  })
})

describe('values and truth', () => {
  test('AHP-POLICY-107 only false and the absence of a value fail a statement', () => {
    expect(['null', '0', '""', '[]', '{}', 'set()', 'true'].map((value) => fires(value))).toEqual(Array(7).fill(true))
    expect(fires('false')).toBe(false)
    expect(fires('input.request.context.x')).toBe(false)
    expect(fires('input.request.context.x', { x: false })).toBe(false)
    expect(fires('input.request.context.x', { x: null })).toBe(true)
  })

  test('AHP-POLICY-108 equality is by content, across types it is false', () => {
    expect(fires('input.request.context.x == {"a": [1, 2.0]}', { x: { a: [1, 2] } })).toBe(true)
    expect(fires('input.request.context.x == 1', { x: '1' })).toBe(false)
    expect(fires('input.request.context.x != 1', { x: '1' })).toBe(true)
    expect(fires('{1, 2} == {2, 1, 1}')).toBe(true)
    expect(fires('{"a", [1, {"b": 2}]} == {[1, {"b": 2}], "a"}')).toBe(true)
    expect(fires('{1} == [1]')).toBe(false)
    expect(fires('{"a": 1} == {"a": 1, "b": 1}')).toBe(false)
  })

  test('AHP-POLICY-114 members are own members: what every object inherits does not exist', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'length']) {
      const found = [
        `input.request.context.${name}`,
        `input.request.context["${name}"]`,
        `"${name}" in input.request.context`,
      ].map((body) => fires(body))
      expect([name, ...found]).toEqual([name, false, false, false])
    }
    expect(fault(() => fires('input.request.context.xs.length', { xs: [1] }))).toBe('eval')
    expect(fault(() => fires('input.request.context.xs["0"]', { xs: [1] }))).toBe('eval')
    expect(fires('input.request.context.xs[0] == 1', { xs: [1] })).toBe(true)
    expect(fires('input.request.context.xs[-1]', { xs: [1] })).toBe(false)
  })

  test('AHP-POLICY-108 an order exists between numbers and between texts; anything else is a fault', () => {
    expect(fires('input.request.context.n > 60', { n: 61 })).toBe(true)
    expect(fires('input.request.context.n > 60', { n: 60 })).toBe(false)
    expect(fires('input.request.context.n > 60')).toBe(false)
    expect(fires('"b" > "a"')).toBe(true)
    expect(fires('"\uFFFD" < "\u{1F600}"')).toBe(true)
    for (const n of ['999', null, true, [61], { n: 61 }])
      expect(fault(() => fires('input.request.context.n > 60', { n }))).toBe('eval')
  })

  test('AHP-POLICY-109 a built-in on null has no value; on any other wrong type it is a fault, so that a list cannot pass for nothing', () => {
    const body = 'startswith(input.request.context.path, "/admin")'
    expect(fires(body, { path: '/admin/x' })).toBe(true)
    expect(fires(body, { path: null })).toBe(false)
    expect(fires(body)).toBe(false)
    for (const path of [['/admin'], { a: '/admin' }, 1, true]) expect(fault(() => fires(body, { path }))).toBe('eval')
    expect(fault(() => fires('regex.match("a", input.request.context.path)', { path: ['a'] }))).toBe('eval')
    expect(fault(() => fires('count(input.request.context.path) > 0', { path: 5 }))).toBe('eval')
  })

  test('text built-ins', () => {
    expect(fires('endswith("abc", "bc"); contains("abc", "b"); not contains("abc", "x")')).toBe(true)
    expect(fires('lower("ÀB") == "àb"; upper("àb") == "ÀB"')).toBe(true)
    expect(
      fires('count("a\u{1F600}") == 2; count([1, 2]) == 2; count({"a": 1}) == 1; count({1, 1}) == 1; count(set()) == 0'),
    ).toBe(true)
    // By code point and without context: no final sigma, no sharp s to SS, the dotted I without its dot.
    expect(fires('lower("ΑΣ") == "ασ"; upper("ß") == "ß"; lower("İ") == "i"')).toBe(true)
  })
})

describe('iteration', () => {
  const context = { xs: ['a', 'b'], o: { k: 1, l: 2 }, deep: [{ tags: ['t', 'u'] }, { tags: ['v'] }] }

  test.each([
    ['some x in input.request.context.xs; x == "b"', true],
    ['some x in input.request.context.xs; x == "c"', false],
    ['some i, x in input.request.context.xs; i == 1; x == "b"', true],
    ['some i, x in input.request.context.xs; i == 0; x == "b"', false],
    ['some k, v in input.request.context.o; k == "l"; v == 2', true],
    ['some v in input.request.context.o; v == "k"', false],
    ['some x in {"a", "z"}; x == input.request.context.xs[_]', true],
    ['input.request.context.xs[_] == "b"', true],
    ['input.request.context.xs[i] == "b"; i == 1', true],
    ['some i; input.request.context.xs[i] == "b"; i == 0', false],
    ['input.request.context.deep[_].tags[_] == "v"', true],
    ['input.request.context.deep[i].tags[j] == "v"; i == 1; j == 0', true],
    ['input.request.context.deep[i].tags[i] == "u"', false],
    ['x := input.request.context.xs[_]; x == "b"', true],
    ['x = input.request.context.xs[_]; "b" = x', true],
    ['some _ in input.request.context.xs', true],
    ['some _ in input.request.context.none', false],
    ['count(input.request.context.deep[_].tags) == 1', true],
    ['some x in null', false],
  ])('%s → %s', (body, expected) => {
    expect(fires(body, context)).toBe(expected)
  })

  test('AHP-POLICY-110 iterating text is a fault: one who sends "shell" for ["shell"] is not overlooked', () => {
    expect(fault(() => fires('some t in input.request.context.tools; t == "shell"', { tools: 'shell' }))).toBe('eval')
    expect(fault(() => fires('input.request.context.tools[_] == "shell"', { tools: 'shell' }))).toBe('eval')
    expect(fault(() => fires('"shell" in input.request.context.tools', { tools: 'shell' }))).toBe('eval')
    expect(fires('"shell" in input.request.context.tools', { tools: null })).toBe(false)
  })

  test('set rules collect, functions answer, and both are found under their names', () => {
    const helpers =
      'deny contains r if { some r in input.request.context.xs }\ndeny contains "always"\ndouble(x) := [x, x]\nis_b(x) if x == "b"'
    expect(fires('count(deny) == 3; "a" in deny; deny["b"]; not deny["c"]; deny[x]; x == "always"', context, helpers)).toBe(true)
    expect(fires('double(1) == [1, 1]; double("a")[0] == "a"; is_b("b"); not is_b("c")', context, helpers)).toBe(true)
    expect(run('deny[msg] { msg := "x" }\ndecision = "DENY" { count(deny) > 0 }', {}, { version: 'v0' })).toBe('DENY')
  })
})

describe('AHP-POLICY-112 rules of one name', () => {
  test('definitions that agree are one value; definitions that differ are a fault', () => {
    expect(run('decision := "DENY" if true\ndecision := "DENY" if 1 == 1')).toBe('DENY')
    expect(fault(() => run('decision := "DENY" if true\ndecision := "WARN" if true'))).toBe('eval')
    expect(fault(() => run('decision := x if { some x in ["DENY", "WARN"] }'))).toBe('eval')
    expect(fault(() => run('decision := f(1)\nf(x) := "DENY" if x == 1\nf(x) := "WARN" if x > 0'))).toBe('eval')
    expect(run('decision := "ALLOW"\nunused := 1 if true\nunused := 2 if true')).toBe('ALLOW')
  })

  test('a default speaks only where no definition has a value; null and false are values', () => {
    expect(run('default decision := "DENY"\ndecision := "ALLOW" if false')).toBe('DENY')
    expect(run('default x := "d"\nx := null\ndecision := "ALLOW" if x == null')).toBe('ALLOW')
    expect(run('default x := true\nx := false\ndecision := "ALLOW" if x == false')).toBe('ALLOW')
    expect(run('decision := "ALLOW" if false')).toBeUndefined()
  })

  test('else is tried in order, and also when the value of an arm is absent', () => {
    const module = 'decision := input.request.context.a if { true } else := input.request.context.b if { true } else := "DENY"'
    const decide = (context: Record<string, string>) => run(module, { request: { input: null, context } })
    expect([decide({ a: 'ALLOW', b: 'WARN' }), decide({ b: 'WARN' }), decide({})]).toEqual(['ALLOW', 'WARN', 'DENY'])
  })

  test('a parameter hides a rule, and arguments that have no value make a call absent', () => {
    expect(run('x := 5\nf(x) := x\ndecision := "ALLOW" if { f(7) == 7; x == 5 }')).toBe('ALLOW')
    expect(run('f(x) := true\ndecision := "ALLOW" if f(input.request.context.none)')).toBeUndefined()
    expect(run('f(_, y) := y\ndecision := "ALLOW" if f(1, 2) == 2')).toBe('ALLOW')
  })
})

describe('AHP-POLICY-113 fuel', () => {
  const module = 'decision := "DENY" if { some x in input.raw; some y in input.raw; x == y; x == "never" }'

  test('the same input burns the same fuel twice, and a larger one burns more', () => {
    expect(used(module, list(50))).toBe(used(module, list(50)))
    expect(used(module, list(60))).toBeGreaterThan(used(module, list(50)))
  })

  test('loops, doubled collections and helper fan-out end with a fault, not with time', () => {
    const big = Array.from({ length: 1_000 }, (_, i) => i)
    expect(fault(() => run(module, { raw: big }))).toBe('fuel')
    const doubling = Array.from({ length: 40 }, (_, i) => `  a${i + 1} := [a${i}, a${i}]`).join('\n')
    expect(fault(() => run(`decision := "DENY" if {\n  a0 := [1, 1]\n${doubling}\n  count({a40}) == 1\n}`))).toBe('fuel')
    const fan = Array.from({ length: 30 }, (_, i) => `f${i}(x) := [f${i + 1}(x), f${i + 1}(x)]`).join('\n')
    expect(fault(() => run(`decision := "DENY" if count(f0(1)) > 2\n${fan}\nf30(x) := x`))).toBe('fuel')
  })

  test('text is paid for by its length', () => {
    const match = 'decision := "DENY" if regex.match("a@b", input.value)'
    expect(used(match, { value: 'x'.repeat(64_000) }) - used(match, { value: '' })).toBeGreaterThanOrEqual(60)
  })
})

test('AHP-POLICY-113 looking through a long list again and again is paid for, also when the first element is the one', () => {
  const raw = Array.from({ length: 50_000 }, () => 1)
  expect(fault(() => run('decision := "DENY" if { some x in input.raw; x in input.raw; x == 2 }', { raw }))).toBe('fuel')
  expect(
    fault(() =>
      run('decision := "DENY" if { some x in input.raw; lower(input.request.input) == "x"; x == 2 }', {
        raw,
        request: { input: 'X'.repeat(500_000), context: {} },
      }),
    ),
  ).toBe('fuel')
})
