/** What a case file may say, and that whatever is not known stops the suite (conformance/schemas/case.schema.json). @module */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { build, CaseError, ChangeError, parseCases, type Change, type World } from '../src/build/index.ts'

const schema = JSON.parse(readFileSync(new URL('../schemas/case.schema.json', import.meta.url), 'utf8')) as object
const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema)
const folder = new URL('../cases/', import.meta.url)
const world: World = {
  seed: 's',
  url: new URL('http://127.0.0.1:3000'),
  level: 'standard',
  hostUrl: null,
  skew: 5,
  now: () => 1_795_212_000_123,
}

const good = {
  id: 'some-case',
  title: 'A case of a test',
  level: 'basic',
  must: ['AHP-BIND-1'],
  side: 'refuse',
  base: 'plain',
  change: [{ at: 'fields', op: 'remove', path: '/X-AEGIS-Token' }],
  expect: { code: 'token_missing' },
}

const right = { send: { base: 'plain' }, expect: { echo: {} } }
const refused = { send: { base: 'post' }, expect: { code: 'content_too_large' } }
const { base: _base, change: _change, expect: _expect, ...rest } = good
const settings = {
  ...rest,
  bundle: [{ at: 'bundle', op: 'set', path: '/limits/bodyBytes', value: 9 }],
  steps: [right, refused],
}

function file(item: object): string {
  return JSON.stringify({ group: 'test', title: 'Cases of a test', cases: [item] })
}

describe('case files', () => {
  test.each(readdirSync(folder))('%s is of the schema', (name) => {
    validate(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
    expect(validate.errors ?? []).toEqual([])
  })

  test('have byte sequences that every reader of RFC 8941 takes, where a request must be served', () => {
    const served = readdirSync(folder)
      .flatMap((name) => parseCases(readFileSync(new URL(name, folder), 'utf8'), name))
      .filter(({ side }) => side === 'serve')
    const texts = served.flatMap((each) =>
      [...JSON.stringify(each).matchAll(/=:([A-Za-z0-9+/=]*):/g)].map(([, text = '']) => text),
    )
    expect(texts.length).toBeGreaterThan(5)
    for (const text of texts) expect(Buffer.from(text, 'base64').toString('base64')).toBe(text)
  })

  test('are read', () => {
    expect(parseCases(file(good), 'a.json')).toMatchObject([
      { group: 'test', id: 'some-case', side: 'refuse', expect: { code: 'token_missing' } },
    ])
    expect(validate(JSON.parse(file(good)))).toBe(true)
    expect(parseCases(file(settings), 'a.json')).toMatchObject([{ base: 'plain', expect: { code: 'content_too_large' } }])
    expect(validate(JSON.parse(file(settings)))).toBe(true)
  })

  test.each([
    ['an unknown member', { ...good, note: 'x' }, true],
    ['no title', { ...good, title: undefined }, true],
    ['no requirement', { ...good, must: [] }, true],
    ['an unknown side', { ...good, side: 'both' }, true],
    ['an unknown level', { ...good, level: 'core' }, true],
    ['an unknown operation', { ...good, change: [{ at: 'fields', op: 'delete', path: '/x' }] }, true],
    ['an unknown member of a change', { ...good, change: [{ ...good.change[0], note: 'x' }] }, true],
    ['an unknown expectation', { ...good, expect: { status: 401 } }, true],
    ['steps beside a base', { ...good, steps: [{ wait: 1 }] }, true],
    [
      'a step that is two',
      { ...good, base: undefined, change: undefined, expect: undefined, steps: [{ wait: 1, host: {} }] },
      true,
    ],
    ['a bundle and steps that begin with a refusal', { ...settings, steps: [refused] }, false],
    ['a bundle and steps that wait', { ...settings, steps: [right, { wait: 1 }] }, false],
    ['a bundle and no steps', { ...settings, steps: [] }, true],
    ['an unknown base', { ...good, base: 'nothing' }, false],
    ['an unknown layer', { ...good, change: [{ at: 'ticket', op: 'remove', path: '/x' }] }, false],
    ['an operation that its layer does not take', { ...good, change: [{ at: 'token.sign', op: 'remove', path: '/x' }] }, false],
    ['a change without its path', { ...good, change: [{ at: 'fields', op: 'remove' }] }, false],
    ['a change without its value', { ...good, change: [{ at: 'token.claims', op: 'set', path: '/x' }] }, false],
    ['no change where one is refused', { ...good, change: [] }, false],
    ['two changes of which neither is coupled', { ...good, change: [good.change[0], good.change[0]] }, false],
    ['several codes and no reason', { ...good, expect: { anyOf: ['token_missing'] } }, false],
    ['an echo where it refuses', { ...good, expect: { echo: {} } }, false],
  ])('with %s are refused; by the schema: %s', (_what, item, bySchema) => {
    expect(() => parseCases(file(item), 'a.json')).toThrow(CaseError)
    expect(() => parseCases(file(item), 'a.json')).toThrow(/^a\.json/)
    expect(!validate(JSON.parse(file(item)))).toBe(bySchema)
  })

  test('in which something stands twice are refused', () => {
    expect(() => parseCases(file(good).replace('"level"', '"side":"serve","level"'), 'a.json')).toThrow(CaseError)
    const twice = JSON.stringify({ group: 'test', title: 'Cases of a test', cases: [good, good] })
    expect(() => parseCases(twice, 'a.json')).toThrow('a.json: some-case stands twice')
    expect(() => parseCases('{', 'a.json')).toThrow(CaseError)
  })
})

describe('changes', () => {
  const make = (change: Change): unknown => build(world, 'plain', [change], { caseId: 'c', run: 1 })

  test.each<[string, Change]>([
    ['a path that is not there', { at: 'token.claims', op: 'remove', path: '/nothing' }],
    ['a text that is not there', { at: 'token.compact', op: 'text', find: ' ', value: '' }],
    ['a member that is there already', { at: 'token.claims', op: 'add', path: '/iss', value: 'x' }],
    ['a value that nothing makes', { at: 'token.claims', op: 'set', path: '/exp', value: { tomorrow: 1 } }],
    ['a value that is made otherwise', { at: 'token.claims', op: 'set', path: '/exp', value: { now: 1, times: 2 } }],
    ['a label of nobody', { at: 'token.claims', op: 'set', path: '/iss', value: { did: 'somebody' } }],
    ['an edit that there is not', { at: 'token.compact', op: 'edit', edit: 'improve' }],
    ['a signature edit that there is not', { at: 'token.sign', op: 'edit', edit: 'improve' }],
    ['a delegation where there is none', { at: 'delegation[0].claims', op: 'set', path: '/depth', value: 2 }],
    ['a field that is not there', { at: 'fields', op: 'remove', path: '/X-Nothing' }],
    ['a bit beyond the end', { at: 'token.sign', op: 'flip', value: 512 }],
    ['a place beyond the end', { at: 'token.compact', op: 'edit', edit: 'splice', value: { at: 99_999 } }],
  ])('for %s are refused', (_what, change) => {
    expect(() => make(change)).toThrow(ChangeError)
  })

  test('and no change give the same bytes for the same arguments, and others for another run, case, session and time', () => {
    const bytes = (options: object): unknown => build(world, 'plain', [], { caseId: 'c', run: 1, ...options })
    expect(bytes({})).toEqual(bytes({}))
    for (const other of [{ run: 2 }, { caseId: 'd' }, { session: 's' }, { at: 1_795_212_001_123 }]) {
      expect(bytes(other)).not.toEqual(bytes({}))
    }
  })
})
