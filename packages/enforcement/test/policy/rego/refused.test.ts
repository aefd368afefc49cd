import { array, assert, constantFrom, nat, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRego } from '../../../src/policy/rego/compile.ts'
import { RegoRefused } from '../../../src/policy/rego/refused.ts'
import { refusal } from './run.ts'

function loadsOrIsRefused(source: string): boolean {
  try {
    compileRego(source)
    return true
  } catch (error) {
    return error instanceof RegoRefused
  }
}

const module = (rest: string) => `package p\nimport rego.v1\n${rest}\n`

describe('AHP-POLICY-3 AHP-POLICY-100 what the subset does not have is refused when the module loads', () => {
  test.each([
    ['decision := "DENY" if { every x in input.raw { x == 1 } }', '"every" is not part'],
    ['decision := "DENY" if input.value == "x" with input as {}', '"with" is not part'],
    ['xs := [x | some x in input.raw]\ndecision := "DENY"', 'comprehensions'],
    ['decision := "DENY" if count(input.raw) + 1 > 2', 'arithmetic'],
    ['decision := "DENY" if data.other.rule', '"data" is not part'],
    ['import data.other\ndecision := "DENY"', '"import data.other" on line 3 is not part'],
    ['decision := "DENY" if http.send({"url": "http://x"})', '"http.send" is no function'],
    ['decision := "DENY" if opa.runtime()', '"opa.runtime" is no function'],
    ['decision := "DENY" if rand.intn("x", 5) == 1', '"rand.intn" is no function'],
    ['decision := "DENY" if time.now_ns() > 0', '"time.now_ns" is no function'],
    ['decision := sprintf("%999999999d", [1])', '"sprintf" is no function'],
    ['decision := "DENY" if re_match("a", input.value)', '"re_match" is v0 only; write "regex.match"'],
    ['decision { true }', 'v1 rules have "if" before their body'],
    ['deny[x] { x := 1 }\ndecision := "DENY"', 'write "deny contains x if …"'],
    ['allow := true', 'the module has no rule "decision"'],
    ['decision := "DENY" if lower("a", "b") == "a"', '"lower" takes 1 arguments'],
    ['a := 1\na contains 1\ndecision := "DENY"', '"a" is a complete rule and a set rule'],
    ['f(x) := x\nf(x, y) := y\ndecision := "DENY"', '"f" is defined with 1 and with 2 parameters'],
    ['default a := 1\ndefault a := 2\ndecision := "DENY"', '"a" has two defaults'],
    ['default a := input.value\ndecision := "DENY"', 'the default of "a" is not a literal value'],
    ['default f(x) := 1\ndecision := "DENY"', 'default functions'],
    ['a.b := 1\ndecision := "DENY"', 'has a path for a name'],
    ['decision := "DENY" if {}', 'a body is empty'],
    ['decision := "DENY" if 1 < 2 < 3', 'operators do not chain'],
    ['decision := "DENY" if { input.value == "a" input.value == "b" }', 'expected a new line'],
    ['decision := "DENY" if [a, b] := [1, 2]', 'the left side of ":=" is one name'],
    ['decision := $"x{1}"', 'string interpolation'],
    ['decision := "DENY" if input.raw == {"a": 1, "a": 2}', 'stands twice in one object'],
    ['decision := "DENY" if input.raw == {"__proto__": 1}', '"__proto__" is not a key'],
    ['decision := "DENY" if 9007199254740993 > 1', 'more digits than can be compared exactly'],
    ['decision := "DENY" if 1e9 > 1', 'exponents'],
    ['decision := "DENY" if 01 > 1', 'starts with a zero'],
    ['decision := "DENY', 'a string is not closed'],
    ['decision := `DENY', 'a raw string is not closed'],
    ['decision := "\\x"', 'escape'],
    ['decision := "\\ud800"', 'surrogate'],
    ['décision := 1', 'character U+00E9'],
    ['decision := "DENY"\u00a0', 'character U+00A0'],
    ['decision := "DENY"\0', 'character U+0000'],
    ['decision := "DENY" decision := "WARN"', 'expected a new line after a rule'],
    ['package q\ndecision := "DENY"', 'a module has one package'],
    ['decision := "DENY" if true else := "ALLOW" else := "WARN"', '"else" follows a body'],
    ['decision := "DENY" if { true } { false }', 'a second body'],
    ['decision', 'a rule has a value or a body'],
  ])('%s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  test.each([
    ['decision := x if { x := 1; x := 2 }', '"x" already has a value'],
    ['decision := x', '"x" has no value here'],
    ['decision := "DENY" if x == 1', '"x" has no value here'],
    ['decision := "DENY" if { some x }', '"some x" declares a variable that is never used'],
    ['f(input) := 1\ndecision := "DENY"', '"input" cannot be the name of a parameter'],
    ['count := 1\ndecision := "DENY"', 'a rule cannot have the name "count"'],
    ['input := 1\ndecision := "DENY"', 'a rule cannot have the name "input"'],
  ])('AHP-POLICY-103 names: %s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  test.each([
    ['decision := decision', '"decision" depends on itself'],
    ['decision := "DENY" if a\na if b\nb if not a', '"a" depends on itself'],
    ['decision := f(1)\nf(x) := g(x)\ng(x) := f(x)', '"f" depends on itself'],
  ])('AHP-POLICY-104 recursion: %s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  test.each([
    ['decision := "DENY" if input.valeu == "x"', '"input" has no member "valeu"'],
    ['decision := "DENY" if input.harness.counters.requests > 5', '"input.harness.counters" has no member "requests"'],
    ['decision := "DENY" if input.value.x', '"input.value" has no members'],
    [
      'decision := "DENY" if input.passport.claims.rsik == "high"',
      '"input.passport.claims" has no member "rsik"; it has attestations',
    ],
    [
      'decision := "DENY" if input.passport.claims.attestations.hardware.garde == "none"',
      '"input.passport.claims.attestations.hardware" has no member "garde"',
    ],
    ['decision := "DENY" if input.passport.claims.attestations.human.jkt == "x"', 'has no member "jkt"'],
    ['decision := "DENY" if input.passport.claims.attestations[_].garde == "none"', 'attestations[_]" has no member "garde"'],
    ['decision := "DENY" if input.passport.claims.mission[_].actoin == "*"', 'mission[_]" has no member "actoin"'],
    ['decision := "DENY" if input.passport.claims.mission.action == "*"', 'mission" is a list; its elements are numbered'],
    ['decision := "DENY" if input.passport.path[_].ddi == "x"', 'path[_]" has no member "ddi"'],
    ['decision := "DENY" if { c := input.harness.counters; c.request_1m > 0 }', 'counters" has no member "request_1m"'],
    ['decision := "DENY" if { c = input.harness.counters; c.request_1m > 0 }', 'counters" has no member "request_1m"'],
    ['c := input.harness.counters\ndecision := "DENY" if c.request_1m > 0', 'counters" has no member "request_1m"'],
    ['h := input.harness\nc := h.counters\ndecision := "DENY" if { d := c; d.request_1m > 0 }', 'has no member "request_1m"'],
    ['decision := "DENY" if { i := input; i.valeu == null }', '"input" has no member "valeu"'],
    ['decision := "DENY" if { some m in input.passport.claims.mission; m.actoin == "*" }', 'mission[_]" has no member "actoin"'],
    ['decision := "DENY" if input.harness[input.raw].requests == 1', 'has no member "requests"'],
  ])('AHP-POLICY-105 facts: %s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  // Behind these nobody could tell which fact it is.
  test.each([
    ['f(c) if c.request_1m > 0\ndecision := "DENY" if f(input.harness.counters)', '"input.harness.counters" cannot be passed on'],
    [
      'c := input.harness.counters if true\ndecision := "DENY" if c.request_1m > 0',
      '"input.harness.counters" cannot be passed on',
    ],
    ['default c := {}\nc := input.harness.counters\ndecision := "DENY" if c.request_1m > 0', 'cannot be passed on'],
    ['f(_) := input.harness.counters\ndecision := "DENY" if f(1).request_1m > 0', 'cannot be passed on'],
    ['decision := "DENY" if { o := {"c": input}; o.c.valeu == 1 }', '"input" cannot be passed on'],
    ['decision := "DENY" if { o := [input.passport.claims.mission]; o[0][0].x == 1 }', 'cannot be passed on'],
  ])('AHP-POLICY-124 parts of input: %s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  test('AHP-POLICY-105 facts that exist are read through the same names', () => {
    const bodies = [
      'input.passport.claims.attestations[_].grade == "none"',
      'some kind, a in input.passport.claims.attestations; kind == "human"; a.id == "did:web:i.example"',
      'input.passport.claims.mission[0].action == "*"',
      'some a in input.passport.path; a.issuer == "did:web:i.example"; input.passport.depth == 1',
      'c := input.harness.counters; c.requests_1m > 0',
      'i := input; i.request.context.anything.at[0].all == 1',
      'f(input.raw, input.request.input, input.passport.claims.harness)',
      'count(input.passport.claims.mission) == 1; input.passport == null',
      'count(input.harness.counters) == 4',
    ]
    for (const body of bodies) {
      expect(compileRego(module(`f(x, y, z) if x.a == y.b\ndecision := "DENY" if { ${body} }`)).decision).toBe(1)
    }
  })

  test.each([
    ['decision := "DENY" if regex.match(input.value, "a")', 'is a string literal here'],
    ['decision := "DENY" if regex.match("(a)\\\\1", input.value)', 'is no RE2 expression'],
    ['decision := "DENY" if regex.match("a(?=b)", input.value)', 'is no RE2 expression'],
    ['decision := "DENY" if regex.match("a{2000}", input.value)', 'is no RE2 expression'],
    [
      'decision := "DENY" if regex.match("[\\\\p{L}]{900}[\\\\p{L}]{900}[\\\\p{L}]{900}", input.value)',
      'the pattern of "regex.match"',
    ],
    ['decision := "deny"', '"decision" is "deny"; it is "ALLOW", "WARN" or "DENY"'],
    ['decision := true', '"decision" is true'],
    ['default decision := {"a": 1}', '"decision" is {"a":1}'],
    ['decision contains "DENY"', '"decision" is one value'],
    ['decision(x) := "DENY"', '"decision" is one value'],
    ['decision := "DENY" if lower(1) == "a"', 'argument 1 of "lower" is no string'],
    ['decision := "DENY" if count(1) == 1', 'argument 1 of "count" is no collection'],
    ['decision := "DENY" if regex.match("a", 1)', 'argument 2 of "regex.match" is no string'],
  ])('AHP-POLICY-106 literals: %s', (rest, sentence) => {
    expect(refusal(module(rest))).toContain(sentence)
  })

  test('the line of the construct is named', () => {
    expect(refusal('package p\n\n# a comment\ndecision := "DENY" if {\n  true\n  every x in [1] { x }\n}\n')).toMatch(
      /^line 6: "every"/,
    )
  })

  test.each([
    ['', 'a module starts with "package"'],
    ['\uFEFFpackage p\ndecision := "DENY"', 'character U+FEFF'],
    ['package system.authz\ndecision := "DENY"', 'the package "system" is reserved'],
    ['package p', 'the module has no rules'],
    ['package p decision := "DENY"', 'expected a new line after "p"'],
    ['package p["x"]\ndecision := "DENY"', 'expected a new line after "p"'],
  ])('a whole module %j', (source, sentence) => {
    expect(refusal(source)).toContain(sentence)
  })

  test('lines may end as Windows ends them', () => {
    expect(compileRego('package p\r\ndecision := "DENY" if {\r\n  true\r\n}\r\n').version).toBe('v1')
  })

  test('AHP-POLICY-101 v0 alone has bodies without "if" and re_match; keywords must be imported there', () => {
    expect(compileRego('package p\ndecision = "DENY" { re_match("a", input.value) }').version).toBe('v0')
    expect(compileRego('package p\nimport future.keywords.if\ndecision = "DENY" if { re_match("a", input.value) }').version).toBe(
      'v0',
    )
    expect(refusal('package p\ndecision = "DENY" { x in [1] }', 'v0')).toContain('line 2')
    expect(refusal('package p\ndecision = "DENY" { true }', 'v1')).toContain('v1 rules have "if"')
  })
})

describe('AHP-POLICY-102 a hostile module is refused by size, quickly', () => {
  test.each([
    ['20,000 parentheses', `decision := "DENY" if ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['brackets', `decision := "DENY" if ${'['.repeat(200_000)}`],
    ['braces', `decision := "DENY" if { x := ${'{'.repeat(9_000)}`],
    ['nested calls', `f(x) := x\ndecision := ${'f('.repeat(5_000)}1${')'.repeat(5_000)}`],
    ['nested references', `decision := ${'input.raw['.repeat(5_000)}1${']'.repeat(5_000)}`],
    ['20,000 rules', Array.from({ length: 20_000 }, (_, i) => `a${i} := 1`).join('\n')],
    ['5,000 else', `decision := "DENY" if false${' else := "WARN" if false'.repeat(4_000)}`],
    ['5,000 statements', `decision := "DENY" if {\n${'true\n'.repeat(5_000)}}`],
    [
      'a chain of 200 rules',
      `${Array.from({ length: 200 }, (_, i) => `a${i} := a${i + 1}`).join('\n')}\na200 := 1\ndecision := "DENY" if a0`,
    ],
    ['a long path', `decision := "DENY" if input.raw${'.a'.repeat(1_000)}`],
    ['a pattern of 4 KB', `decision := "DENY" if regex.match("${'a'.repeat(4_096)}", input.value)`],
    ['a module of 1 MB', `decision := "DENY" # ${'x'.repeat(1_000_000)}`],
    [
      'many variables',
      `decision := "DENY" if {\n${Array.from({ length: 60 }, () => `  input.raw${'[_]'.repeat(30)}`).join('\n')}\n}`,
    ],
  ])('%s', (_, rest) => {
    expect(refusal(module(rest))).toMatch(/^line \d+: /)
  })

  test('1,000 rules and 32 levels are within the limits', () => {
    const rules = Array.from({ length: 998 }, (_, i) => `a${i} := 1`).join('\n')
    expect(compileRego(module(`${rules}\ndecision := "DENY" if a7 == 1`)).rules).toHaveLength(999)
    expect(compileRego(module(`decision := "DENY" if ${'['.repeat(32)}1${']'.repeat(32)} == 1`)).decision).toBe(0)
    const chain = Array.from({ length: 30 }, (_, i) => `a${i} := a${i + 1}`).join('\n')
    expect(compileRego(module(`${chain}\na30 := 1\ndecision := "DENY" if a0`)).rules).toHaveLength(32)
  })

  test('AHP-POLICY-114 names of every object mean nothing to a module', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
      expect(refusal(module(`decision := "DENY" if ${name}`))).toContain(`"${name}" has no value here`)
      expect(refusal(module(`decision := "DENY" if ${name}(1)`))).toContain(`"${name}" is no function`)
      expect(compileRego(module(`${name} := 1\ndecision := "DENY" if ${name} == 1`)).rules).toHaveLength(2)
    }
  })

  test('whatever is done to a module, it loads or is refused: nothing else is ever thrown', () => {
    const base = module(
      'default decision := "ALLOW"\ndecision := "DENY" if {\n  some i, x in input.raw\n  not startswith(x, `a`)\n  f(x) in {1, "b", [null]}\n} else := "WARN" if count(xs) > 1.5\nxs contains {"k": input.request.input.y[_]}\nf(x) := lower(x) if x != ""',
    )
    const tokens = base.split(/(\s+|\b)/).filter((piece) => piece !== '')
    const edit = record({
      at: nat(tokens.length - 1),
      how: constantFrom('drop', 'double', 'swap', 'char'),
      other: nat(tokens.length - 1),
      char: string({ maxLength: 2 }),
    })
    assert(
      property(array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const pieces = [...tokens]
        for (const { at, how, other, char } of edits) {
          const old = pieces[at] ?? ''
          pieces[at] = how === 'drop' ? '' : how === 'double' ? old + old : how === 'swap' ? (pieces[other] ?? '') : old + char
        }
        return loadsOrIsRefused(pieces.join(''))
      }),
      { numRuns: 3_000 },
    )
  })
})
