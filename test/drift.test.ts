/** Specification, registry, schemas, generated files, code and tests say the same thing. @module */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { filesBelow, read, ROOT } from './repository.ts'

interface Reason {
  readonly code: string
  readonly public: string
  readonly stage: string
  readonly status: number
  readonly retry: string
  readonly executed: string
  readonly title: string
  readonly section: string
}

/** Codes that nothing throws yet, each with the reason. Shrinks; a line whose code is in use is refused. */
const UNUSED_CODES: Readonly<Record<string, string>> = {}

/** Requirements that no test names yet, each with the reason. Shrinks; a line whose requirement is covered is refused. */
const UNCOVERED: Readonly<Record<string, string>> = {}

/** Installed and used by nothing yet. */
const UNUSED_DEPENDENCIES: readonly string[] = []

const reasons: readonly Reason[] = JSON.parse(read('spec/registry/reasons.json')).reasons
const codes = reasons.map(({ code }) => code)
const chapters = filesBelow('spec').filter((path) => /^spec\/\d\d-[a-z-]+\.md$/.test(path))
const documents = filesBelow('').filter((path) => path.endsWith('.md'))
const sources = filesBelow('packages').filter((path) => /\/src\/.*\.ts$/.test(path) && !path.endsWith('.gen.ts'))
const tests = [...filesBelow('packages'), ...filesBelow('test'), ...filesBelow('examples')].filter(
  (path) => path.endsWith('.test.ts') && path !== 'test/drift.test.ts',
)
const requirements = chapters.flatMap((path) =>
  [...read(path).matchAll(/^\*\*(AHP-[A-Z]+-\d+)\*\* (.*)/gm)].map((match) => ({
    id: match[1] ?? '',
    text: match[2] ?? '',
    path,
  })),
)

describe('generated files', () => {
  test('are what the generator makes now', () => {
    expect(() => execFileSync(process.execPath, [`${ROOT}spec/generate.mjs`, '--check'], { stdio: 'pipe' })).not.toThrow()
  })
})

describe('the registry of refusals', () => {
  test('has each code once, in its form, with values that clients know', () => {
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
    expect(codes.filter((code) => !/^[a-z][a-z0-9_]{2,39}$/.test(code))).toEqual([])
    expect(reasons.filter(({ retry }) => !['same-token', 'new-token', 'never'].includes(retry))).toEqual([])
    expect(reasons.filter(({ executed }) => !['no', 'unknown'].includes(executed))).toEqual([])
    expect(reasons.filter(({ status }) => !Number.isInteger(status) || status < 400 || status > 599)).toEqual([])
  })

  test('shows codes that share a public code with one status, one retry and one effect', () => {
    const shared = reasons.filter((row) => row.public !== row.code)
    const differing = shared.filter((row) =>
      shared.some((other) => other.public === row.public && visible(other).toString() !== visible(row).toString()),
    )
    expect(differing.map(({ code }) => code)).toEqual([])
  })

  test('shows all untrusted evidence with the same words', () => {
    expect(new Set(reasons.filter((row) => row.public === 'untrusted').map(({ title }) => title)).size).toBe(1)
  })

  test('points for each code to the chapter that defines it', () => {
    const lost = reasons.filter(({ code, section }) => !chapterText(section).includes(`\`${code}\``))
    expect(lost.map(({ code, section }) => `${code} is not in chapter ${section}`)).toEqual([])
  })

  test('has the steps in the order and with the codes of the chapter about the road', () => {
    const rows = [...chapterText('10').matchAll(/^\| ([a-z]+) \| [^|]+\| [^|]+\| ([^|]*) \|$/gm)]
    const table = new Map(
      rows.map(([, step = '', list = '']) => [step, [...list.matchAll(/`([a-z_]+)`/g)].map((match) => match[1] ?? '')]),
    )
    const wrong = reasons
      .filter(({ stage }) => !['any', 'service', 'protect'].includes(stage))
      .filter(({ code, stage }) => !table.get(stage)?.includes(code))
    expect(wrong.map(({ code, stage }) => `${code} is not in the row of ${stage}`)).toEqual([])
    expect([...table.values()].flat().filter((code) => !codes.includes(code))).toEqual([])
  })

  test('holds only codes that some source throws or some test expects', () => {
    const text = [...sources, ...tests].map(read).join('\n')
    const unused = codes.filter((code) => !text.includes(`'${code}'`))
    expect(unused.filter((code) => UNUSED_CODES[code] === undefined)).toEqual([])
    expect(Object.keys(UNUSED_CODES).filter((code) => !unused.includes(code))).toEqual([])
  })
})

describe('requirements', () => {
  test('are numbered in each file without gaps, each number once', () => {
    for (const path of chapters) {
      const own = requirements.filter((requirement) => requirement.path === path).map(({ id }) => id)
      const [prefix = '', first = '1'] = own[0]?.match(/^(.*-)(\d+)$/)?.slice(1) ?? []
      expect(own).toEqual(own.map((_, at) => `${prefix}${Number(first) + at}`))
    }
    const ids = requirements.map(({ id }) => id)
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
    expect(new Set(ids.map((id) => id.slice(0, id.lastIndexOf('-')))).size).toBe(23)
  })

  test('are the only sentences with MUST, and each has one', () => {
    expect(requirements.filter(({ id }) => !/\b(MUST|SHOULD|MAY)\b/.test(sectionOf(id)))).toEqual([])
    const stray = chapters.flatMap((path) =>
      read(path)
        .split('\n\n')
        .filter((block) => /\bMUST\b/.test(block) && !/^\*\*AHP-[A-Z]+-\d+\*\*/.test(block))
        .map((block) => `${path}: ${block.slice(0, 60)}`),
    )
    expect(stray).toEqual([])
  })

  test('name only codes of the registry', () => {
    const named = requirements.flatMap(({ id }) =>
      [...sectionOf(id).matchAll(/\((?:`[a-z][a-z0-9_]+`(?:, |; |\)))+/g)].flatMap(([group]) =>
        [...group.matchAll(/`([a-z0-9]+_[a-z0-9_]+)`/g)].map((match) => `${id} ${match[1]}`),
      ),
    )
    expect(named.filter((entry) => !codes.includes(entry.split(' ')[1] ?? ''))).toEqual([])
    expect(named.length).toBeGreaterThan(80)
  })

  test('are each named by the title of a test', () => {
    const named = new Set(tests.flatMap((path) => namedIn(read(path))))
    const known = requirements.map(({ id }) => id)
    const uncovered = known.filter((id) => !named.has(id))
    expect([...named].filter((id) => !known.includes(id))).toEqual([])
    expect(uncovered.filter((id) => UNCOVERED[id] === undefined)).toEqual([])
    expect(Object.keys(UNCOVERED).filter((id) => !uncovered.includes(id))).toEqual([])
  })
})

describe('schemas', () => {
  const files = filesBelow('spec/schemas')
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
  for (const path of files) ajv.addSchema(JSON.parse(read(path)))

  test.each(files)('%s compiles in strict mode under its own name', (path) => {
    const { $id, $schema } = JSON.parse(read(path))
    expect($schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect($id).toBe(posix.basename(path))
    expect(ajv.getSchema($id)).toBeTypeOf('function')
  })

  test('accept the examples of the chapters', () => {
    const examples = chapters.flatMap((path) =>
      [...read(path).matchAll(/^```json ([a-z-]+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => ({ path, name, text })),
    )
    for (const { path, name, text } of examples) {
      const validate = ajv.getSchema(`${name}.schema.json`)
      expect(validate, `${path}: there is no schema ${name}`).toBeTypeOf('function')
      expect(validate?.(JSON.parse(text)), `${path}: ${name}: ${ajv.errorsText(validate?.errors)}`).toBe(true)
    }
    expect(examples.length).toBeGreaterThanOrEqual(10)
  })
})

describe('the repository', () => {
  test('has no registry addresses in its lock file', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "http/)
  })

  test('says in CONTRIBUTING.md why each dependency is there', () => {
    const manifests = ['package.json', ...filesBelow('packages').filter((path) => /^packages\/[^/]+\/package\.json$/.test(path))]
    const dependencies = manifests.flatMap((path) => {
      const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(read(path))
      return ['dependencies', 'peerDependencies', 'devDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {}))
    })
    const reasoned = read('CONTRIBUTING.md')
    const silent = new Set(dependencies.filter((name) => !name.startsWith('@aiegis/') && !reasoned.includes(`\`${name}\``)))
    expect([...silent].filter((name) => !UNUSED_DEPENDENCIES.includes(name))).toEqual([])
  })

  test.each(documents)('%s links only to files and headings that exist', (path) => {
    const broken = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https:|mailto:)/.test(link))
      .filter((link) => {
        const [file = '', heading] = link.split('#')
        const target = file === '' ? path : posix.join(posix.dirname(path), file)
        return !existsSync(ROOT + target) || (heading !== undefined && !headingsOf(target).includes(heading))
      })
    expect(broken).toEqual([])
  })

  test('names no path of a machine', () => {
    const texts = filesBelow('').filter((path) => /\.(ts|mjs|js|json|md|rego)$/.test(path) && path !== 'package-lock.json')
    expect(texts.filter((path) => /(?<![\w.:/-])\/(?:work|root|home|Users)\/\w/.test(read(path)))).toEqual([])
  })
})

function visible(row: Reason): readonly unknown[] {
  return [row.status, row.retry, row.executed]
}

function chapterText(section: string): string {
  return chapters
    .filter((path) => path.startsWith(`spec/${section.padStart(2, '0')}-`))
    .map(read)
    .join('\n')
}

/** A requirement with everything up to the next one, the next heading or the next blank line. */
function sectionOf(id: string): string {
  const found = requirements.find((requirement) => requirement.id === id)
  const text = found === undefined ? '' : read(found.path)
  return text.slice(text.indexOf(`**${id}**`)).split(/\n\n/)[0] ?? ''
}

/** The requirements that a test file names, written out or as the number that a row of its table begins with. */
function namedIn(text: string): readonly string[] {
  const [, prefix] = /'(AHP-[A-Z]+-)%i/.exec(text) ?? []
  const numbers = prefix === undefined ? [] : [...text.matchAll(/^ +(?:\[(\d+), |(\d+),$)/gm)]
  return [...(text.match(/AHP-[A-Z]+-\d+/g) ?? []), ...numbers.map((match) => `${prefix}${match[1] ?? match[2]}`)]
}

/** A document without its code. */
function proseOf(path: string): string {
  return read(path)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
}

/** Anchors of a document as they are made from its headings. */
function headingsOf(path: string): readonly string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
