/** Reads case files, strictly: what is not known, stands twice or says too much stops the run (conformance/schemas/case.schema.json). @module */
import { isList, isObject, parseJson, type Json, type JsonObject } from './json.ts'
import { takes } from './layers.ts'
import { RECIPES } from './recipes.ts'
import type { Case, CaseRequest, Change, Expectation, Level, Step } from './types.ts'

/** A case file that cannot be used; names file and case. */
export class CaseError extends Error {
  override readonly name = 'CaseError'
}

const OPS: readonly Change['op'][] = ['set', 'remove', 'add', 'text', 'bytes', 'flip', 'key', 'edit']
const LEVELS: readonly Level[] = ['basic', 'standard', 'full']
const NEEDS_VALUE: readonly Change['op'][] = ['set', 'add', 'text', 'bytes', 'flip', 'key']

/** The cases of one file. Throws `CaseError` with file and id. */
export function parseCases(text: string, file: string): readonly Case[] {
  const root = read(text, file)
  const of = new Reader(root, file)
  of.only(['group', 'title', 'cases', '$schema'])
  const group = of.text('group', /^[a-z][a-z0-9-]{1,31}$/)
  of.text('title', /^[^\n]{8,200}$/)
  const cases = of.list('cases').map((json) => caseOf(json, file, group))
  const twice = cases.find(({ id }, index) => cases.findIndex((other) => other.id === id) !== index)
  if (twice !== undefined) throw new CaseError(`${file}: ${twice.id} stands twice`)
  return cases
}

function read(text: string, file: string): Json {
  try {
    return parseJson(text)
  } catch (error) {
    throw new CaseError(`${file}: ${error instanceof Error ? error.message : 'not JSON'}`, { cause: error })
  }
}

function caseOf(json: Json, file: string, group: string): Case {
  const id = isObject(json) && typeof json['id'] === 'string' ? json['id'] : 'a case without id'
  const of = new Reader(json, `${file}: ${id}`)
  of.only(['id', 'title', 'level', 'must', 'side', 'base', 'change', 'expect', 'why', 'steps', 'bundle', 'only'])
  const side = of.one('side', ['serve', 'refuse'] as const)
  const why = of.optional('why', /^[^\n]{8,400}$/)
  if (of.has('bundle')) return bundleCase(of, group, side)
  const steps = of.has('steps') ? of.list('steps').map((step) => stepOf(step, of)) : undefined
  if (steps !== undefined && ['base', 'change', 'expect'].some((name) => of.has(name)))
    of.fail('has steps, so no base, change or expect')
  const request = steps === undefined ? requestOf(of) : firstRequest(steps, of)
  const expect = steps === undefined ? expectationOf(of.member('expect'), of) : firstExpectation(steps, of)
  if (steps === undefined && 'echo' in expect !== (side === 'serve'))
    of.fail('expects an echo where it serves, and a code where it refuses')
  if (side === 'refuse' && steps === undefined && request.change.filter(({ coupled }) => coupled !== true).length !== 1) {
    of.fail('has exactly one change that is not coupled')
  }
  if ('anyOf' in expect && why === undefined) of.fail('says in "why" that several codes are right')
  return {
    ...headOf(of, group, side),
    ...request,
    expect,
    ...(why === undefined ? {} : { why }),
    ...(steps === undefined ? {} : { steps }),
  }
}

/** A case about a bundle sends nothing but its steps: where it has none, what stands for its request is never used. */
function bundleCase(of: Reader, group: string, side: Case['side']): Case {
  if (['base', 'change', 'expect', 'why'].some((name) => of.has(name)))
    of.fail('has a bundle, so no request but those of its steps')
  const bundle = of.list('bundle').map((change) => changeOf(change, of))
  if (bundle.some(({ at }) => !at.startsWith('bundle'))) of.fail('changes a bundle and nothing else')
  if (of.has('steps')) return settingsCase(of, group, side, bundle)
  if (side === 'refuse' && bundle.filter(({ coupled }) => coupled !== true).length !== 1)
    of.fail('has exactly one change that is not coupled')
  return {
    ...headOf(of, group, side),
    base: 'plain',
    change: [],
    expect: side === 'serve' ? { echo: {} } : { framing: true },
    steps: [],
    bundle,
  }
}

/** How requests are judged under a bundle that is right: each setting of it counts. */
function settingsCase(of: Reader, group: string, side: Case['side'], bundle: readonly Change[]): Case {
  const steps = of.list('steps').map((step) => stepOf(step, of))
  const [first] = steps
  if (!steps.every((step) => 'send' in step && !('concurrent' in step)))
    of.fail('has a bundle, so steps that send and nothing else')
  if (first === undefined || !('send' in first) || !('echo' in first.expect)) of.fail('begins with a request that is served')
  return { ...headOf(of, group, side), ...firstRequest(steps, of), expect: firstExpectation(steps, of), steps, bundle }
}

/** What every case says of itself. */
function headOf(
  of: Reader,
  group: string,
  side: Case['side'],
): Pick<Case, 'id' | 'group' | 'title' | 'level' | 'must' | 'side' | 'only'> {
  return {
    id: of.text('id', /^[a-z][a-z0-9-]{2,79}$/),
    group,
    title: of.text('title', /^[^\n]{8,200}$/),
    level: of.one('level', LEVELS),
    must: of.texts('must', /^AHP-[A-Z]+-\d+$/),
    side,
    ...(of.has('only') ? { only: of.yes('only') } : {}),
  }
}

function requestOf(of: Reader): CaseRequest {
  const base = of.text('base', /^[a-z0-9-]+$/)
  if (RECIPES[base] === undefined) of.fail(`there is no base ${base}`)
  return { base, change: of.has('change') ? of.list('change').map((change) => changeOf(change, of)) : [] }
}

function changeOf(json: Json, parent: Reader): Change {
  const of = parent.below(json, 'change')
  of.only(['at', 'op', 'path', 'value', 'find', 'all', 'where', 'edit', 'coupled'])
  const [at, op] = [of.text('at', /^[a-z.[\]0-9]+$/), of.one('op', OPS)]
  if (!takes(at, op)) of.fail(`no layer ${at} takes ${op}`)
  if (NEEDS_VALUE.includes(op) && !of.has('value')) of.fail(`${op} needs a value`)
  if (['set', 'remove', 'add'].includes(op) && !of.has('path') && !at.endsWith('.length')) of.fail(`${op} needs a path`)
  if ((op === 'edit') !== of.has('edit')) of.fail('"edit" names the edit where op is edit')
  return {
    at,
    op,
    ...(of.has('path') ? { path: of.text('path', /^\//) } : {}),
    ...(of.has('value') ? { value: of.member('value') } : {}),
    ...(of.has('find') ? { find: of.text('find', /^[^]+$/) } : {}),
    ...(of.has('all') ? { all: of.yes('all') } : {}),
    ...(of.has('where') ? { where: of.one('where', ['append', 'prepend'] as const) } : {}),
    ...(of.has('edit') ? { edit: of.text('edit', /^[a-z0-9-]+$/) } : {}),
    ...(of.has('coupled') ? { coupled: of.yes('coupled') } : {}),
  }
}

function expectationOf(json: Json, parent: Reader): Expectation {
  const of = parent.below(json, 'expect')
  of.only(['code', 'anyOf', 'framing', 'routing', 'echo'])
  if (of.has('echo')) return { echo: of.object('echo') }
  if (of.has('code')) return { code: of.text('code', CODE) }
  if (of.has('anyOf')) {
    const framing = of.has('framing') ? { framing: of.yes('framing') } : {}
    return { anyOf: of.texts('anyOf', CODE), ...framing, ...(of.has('routing') ? { routing: of.yes('routing') } : {}) }
  }
  return { framing: of.yes('framing') }
}

const CODE = /^[a-z][a-z0-9_]{2,39}$/

function stepOf(json: Json, parent: Reader): Step {
  const of = parent.below(json, 'step')
  of.only(['send', 'make', 'as', 'again', 'change', 'concurrent', 'host', 'hits', 'least', 'most', 'wait', 'expect'])
  if (of.has('hits')) return { hits: of.text('hits', /^\/\S+$/), least: of.number('least'), most: of.number('most') }
  if (of.has('make')) {
    const made = new Reader(of.member('make'), of.place)
    made.only(['base', 'change'])
    return { make: requestOf(made), as: of.text('as', NAME) }
  }
  if (of.has('wait')) return { wait: of.number('wait') }
  if (of.has('host')) return { host: of.object('host') }
  if (of.has('again')) {
    const change = of.has('change') ? of.list('change').map((item) => changeOf(item, of)) : []
    return { again: of.text('again', NAME), change, expect: expectationOf(of.member('expect'), of) }
  }
  const request = new Reader(of.member('send'), of.place)
  request.only(['base', 'change'])
  const send = requestOf(request)
  if (!of.has('concurrent')) {
    const as = of.optional('as', NAME)
    return { send, ...(as === undefined ? {} : { as }), expect: expectationOf(of.member('expect'), of) }
  }
  const expect = of.below(of.member('expect'), 'expect')
  expect.only(['served', 'code'])
  if (expect.number('served') !== 1) expect.fail('of several copies one is served')
  return { concurrent: of.number('concurrent'), send, expect: { served: 1, code: expect.text('code', CODE) } }
}

const NAME = /^[a-z][a-z0-9-]{0,31}$/

function firstRequest(steps: readonly Step[], of: Reader): CaseRequest {
  const first = steps.find((step) => 'send' in step || 'make' in step)
  if (first === undefined) return of.fail('has steps, and none that sends')
  return 'send' in first ? first.send : first.make
}

function firstExpectation(steps: readonly Step[], of: Reader): Expectation {
  const last = steps.findLast((step) => 'expect' in step)
  if (last === undefined) return of.fail('expects nothing')
  return 'served' in last.expect ? { code: last.expect.code } : last.expect
}

/** Reads members of one object, and says which file and case it is in when one is not as it has to be. */
class Reader {
  readonly place: string
  private readonly value: JsonObject

  constructor(json: Json, place: string) {
    this.place = place
    if (!isObject(json)) throw new CaseError(`${place}: an object is needed`)
    this.value = json
  }

  fail(what: string): never {
    throw new CaseError(`${this.place}: ${what}`)
  }

  below(json: Json, name: string): Reader {
    return new Reader(json, `${this.place}, ${name}`)
  }

  only(names: readonly string[]): void {
    const other = Object.keys(this.value).find((name) => !names.includes(name))
    if (other !== undefined) this.fail(`there is no member ${JSON.stringify(other)}`)
  }

  has(name: string): boolean {
    return this.value[name] !== undefined
  }

  member(name: string): Json {
    return this.value[name] ?? (this.has(name) ? null : this.fail(`${name} is missing`))
  }

  text(name: string, form: RegExp): string {
    const value = this.member(name)
    if (typeof value !== 'string' || !form.test(value)) return this.fail(`${name} is not of the form ${form.source}`)
    return value
  }

  optional(name: string, form: RegExp): string | undefined {
    return this.has(name) ? this.text(name, form) : undefined
  }

  texts(name: string, form: RegExp): readonly string[] {
    const found = this.list(name)
    if (found.length === 0) this.fail(`${name} is empty`)
    return found.map((item) =>
      typeof item === 'string' && form.test(item) ? item : this.fail(`${name} is not of the form ${form.source}`),
    )
  }

  list(name: string): readonly Json[] {
    const value = this.member(name)
    return isList(value) ? value : this.fail(`${name} is not a list`)
  }

  object(name: string): JsonObject {
    const value = this.member(name)
    return isObject(value) ? value : this.fail(`${name} is not an object`)
  }

  number(name: string): number {
    const value = this.member(name)
    return typeof value === 'number' && value >= 0 && value <= 120 ? value : this.fail(`${name} is not a number from 0 to 120`)
  }

  one<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.member(name)
    return allowed.find((item) => item === value) ?? this.fail(`${name} is none of ${allowed.join(', ')}`)
  }

  yes(name: string): true {
    return this.member(name) === true ? true : this.fail(`${name} is true or not there`)
  }
}
