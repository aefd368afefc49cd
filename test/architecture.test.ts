/** The import law and the size of files: what may know of what (CONTRIBUTING.md). @module */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, packageNames, read } from './repository.ts'

/** Which packages of this repository a package may import. Nothing else may. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  verifier: ['protocol'],
  ledger: ['protocol'],
  agent: ['protocol'],
  enforcement: ['protocol', 'verifier', 'ledger'],
  express: ['verifier'],
  koa: ['verifier'],
  fetch: ['verifier'],
  gate: ['verifier'],
  testing: ['protocol', 'verifier', 'ledger', 'agent', 'enforcement', 'express', 'koa', 'fetch', 'gate'],
}

/** Dependencies that belong to some packages only. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@noble/ed25519': ['protocol'],
  '@noble/hashes': ['protocol'],
  jose: ['verifier', 'enforcement', 'agent', 'testing'],
  'did-resolver': ['verifier', 'enforcement', 'agent', 'testing'],
  undici: ['verifier', 'enforcement', 'agent', 'testing'],
  re2js: ['enforcement'],
  '@photostructure/sqlite': ['ledger'],
}

const ADAPTERS = ['express', 'koa', 'fetch']
const MAX_LINES = 300
const MAX_ADAPTER_LINES = 80

interface Import {
  readonly from: string
  readonly specifier: string
}

const sources = packageNames().flatMap((name) =>
  filesBelow(`packages/${name}/src`)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ name, path, text: read(path) })),
)

describe('packages', () => {
  test('are read: the search for imports finds each of its forms', () => {
    const text =
      "import { a } from './a.ts'\nimport type {\n  B,\n} from 'b'\nexport * from './c.ts'\nimport 'd'\nconst e = await import('e')\n// import 'f'\n"
    expect(importsOf('', text).map(({ specifier }) => specifier)).toEqual(['./a.ts', 'b', './c.ts', 'd', 'e'])
  })

  test('are all named in the import law', () => {
    expect(packageNames().filter((name) => MAY_IMPORT[name] === undefined)).toEqual([])
  })

  test('import only the packages that the law allows', () => {
    const broken = sources.flatMap(({ name, path, text }) =>
      importsOf(path, text)
        .filter(({ specifier }) => specifier.startsWith('@aiegis/'))
        .filter(({ specifier }) => !MAY_IMPORT[name]?.includes(specifier.split('/')[1] ?? ''))
        .map(show),
    )
    expect(broken).toEqual([])
  })

  test('import only dependencies that they declare, each where it belongs', () => {
    const broken = sources.flatMap(({ name, path, text }) => {
      const declared = dependenciesOf(name)
      return importsOf(path, text)
        .filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier))
        .filter(({ specifier }) => {
          const dependency = packageOf(specifier)
          return !declared.includes(dependency) || ONLY_IN[dependency]?.includes(name) === false
        })
        .map(show)
    })
    expect(broken).toEqual([])
  })

  test('declare only dependencies that the law allows', () => {
    const broken = packageNames().flatMap((name) =>
      dependenciesOf(name)
        .filter((dependency) =>
          dependency.startsWith('@aiegis/')
            ? !MAY_IMPORT[name]?.includes(dependency.slice('@aiegis/'.length))
            : ONLY_IN[dependency]?.includes(name) === false,
        )
        .map((dependency) => `${name} declares ${dependency}`),
    )
    expect(broken).toEqual([])
  })

  test('have relative imports that stay inside the package and name the file with its extension', () => {
    const broken = sources.flatMap(({ name, path, text }) =>
      importsOf(path, text)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter((found) => !resolve(found).startsWith(`packages/${name}/src/`) || !/\.(ts|json)$/.test(found.specifier))
        .map(show),
    )
    expect(broken).toEqual([])
  })

  test('have no import cycles; types, which are gone at run time, may refer to each other', () => {
    const graph = new Map(
      sources.map(({ path, text }) => [
        path,
        importsOf(path, withoutTypes(text))
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(resolve),
      ]),
    )
    expect([...graph.keys()].flatMap((path) => cycleFrom(graph, path))).toEqual([])
  })

  test('protocol imports nothing of Node, verifier only below src/node, and fetch only in src/hono-node.ts', () => {
    const mayNot = { protocol: '', verifier: 'packages/verifier/src/node/', fetch: 'packages/fetch/src/hono-node.ts' }
    const broken = sources
      .filter(({ name, path }) =>
        Object.entries(mayNot).some(([own, but]) => own === name && (but === '' || !path.startsWith(but))),
      )
      .flatMap(({ path, text }) =>
        importsOf(path, text)
          .filter(({ from, specifier }) => isBuiltin(specifier) || isBelowNode(from, specifier))
          .map(show),
      )
    expect(broken).toEqual([])
  })
})

describe('source files', () => {
  test('begin with a sentence that says what they decide', () => {
    const broken = sources.filter(
      ({ text }) => text.trim() !== 'export {}' && !/^\/\*\*(?!\/)[^]{10,400}?@module \*\//.test(text),
    )
    expect(broken.map(({ path }) => path)).toEqual([])
  })

  test(`have at most ${MAX_LINES} lines`, () => {
    const broken = sources.filter(({ path, text }) => !path.endsWith('.gen.ts') && linesOf(text) > MAX_LINES)
    expect(broken.map(({ path, text }) => `${path}: ${linesOf(text)}`)).toEqual([])
  })

  test(`of adapters have less than ${MAX_ADAPTER_LINES} lines: what decides is in verifier`, () => {
    const broken = sources.filter(({ name, text }) => ADAPTERS.includes(name) && linesOf(text) >= MAX_ADAPTER_LINES)
    expect(broken.map(({ path, text }) => `${path}: ${linesOf(text)}`)).toEqual([])
  })

  test('read the environment only where a process starts, or where the trust bundle and the state of a receiver are found', () => {
    const broken = sources.filter(
      ({ path, text }) =>
        /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/.test(withoutComments(text)) &&
        !/^packages\/verifier\/src\/node\/(?:load-trust|state-directory)\.ts$/.test(path) &&
        !path.endsWith('/main.ts'),
    )
    expect(broken.map(({ path }) => path)).toEqual([])
  })

  test('never build a regular expression at run time: data could choose one that takes for ever', () => {
    const broken = sources.filter(({ text }) => /(?<![\w.])RegExp\s*\(/.test(withoutComments(text)))
    expect(broken.map(({ path }) => path)).toEqual([])
  })
})

/** The suite judges receivers, ours among them: what it shared with them, it could not find wrong. */
describe('the conformance suite', () => {
  const suite = filesBelow('conformance/src')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: read(path) }))
  const imports = suite.flatMap(({ path, text }) => importsOf(path, text))

  test('imports nothing of ours, and of others only what does arithmetic and HTTP', () => {
    const allowed = ['@noble/ed25519', '@noble/hashes', 'undici']
    const broken = imports.filter(
      ({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier) && !allowed.includes(packageOf(specifier)),
    )
    expect(broken.map(show)).toEqual([])
    const manifest: { readonly dependencies: object } = JSON.parse(read('conformance/package.json'))
    expect(Object.keys(manifest.dependencies).toSorted()).toEqual(allowed)
  })

  test('stays in its folder, names files with their extension, and has no cycles', () => {
    const relative = imports.filter(({ specifier }) => specifier.startsWith('.'))
    const broken = relative.filter((found) => !resolve(found).startsWith('conformance/src/') || !found.specifier.endsWith('.ts'))
    expect(broken.map(show)).toEqual([])
    const graph = new Map(
      suite.map(({ path, text }) => [
        path,
        importsOf(path, withoutTypes(text))
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(resolve),
      ]),
    )
    expect([...graph.keys()].flatMap((path) => cycleFrom(graph, path))).toEqual([])
  })

  test('reads no file of packages or spec at run time, and takes the registry from its own frozen copy', () => {
    const broken = suite.filter(({ text }) => /['"`][^'"`\n]*(?:packages|spec)\//.test(withoutComments(text)))
    expect(broken.map(({ path }) => path)).toEqual([])
  })

  test('verifies signatures by its own arithmetic: of noble it takes hashes and points alone', () => {
    const broken = suite.filter(({ text }) =>
      /\b(?:verifyAsync|signAsync|createVerify|createSign|createPublicKey|subtle)\b/.test(text),
    )
    expect(broken.map(({ path }) => path)).toEqual([])
    const taken = suite.flatMap(({ text }) =>
      [...text.matchAll(/import \{([^}]*)\} from '@noble\/ed25519'/g)].map(([, names = '']) => names.trim()),
    )
    expect([...new Set(taken)]).toEqual(['Point'])
  })

  test('has files of one idea, each with its sentence; its stubs know nothing of ours either', () => {
    const stubs = filesBelow('conformance/stubs').filter((path) => path.endsWith('.ts'))
    const all = [...suite, ...stubs.map((path) => ({ path, text: read(path) }))]
    const broken = all.filter(
      ({ text }) => linesOf(text) > MAX_LINES || !/^(?:#![^\n]*\n)?\/\*\*(?!\/)[^]{10,400}?@module \*\//.test(text),
    )
    expect(broken.map(({ path, text }) => `${path}: ${linesOf(text)}`)).toEqual([])
    const ours = all
      .flatMap(({ path, text }) => importsOf(path, text))
      .filter(({ specifier }) => specifier.startsWith('@aiegis/'))
    expect(ours.map(show)).toEqual([])
    const environment = suite.filter(
      ({ path, text }) => /\bprocess\s*\.\s*env\b/.test(withoutComments(text)) && !path.endsWith('/main.ts'),
    )
    expect(environment.map(({ path }) => path)).toEqual([])
  })
})

/** `import … from`, `export … from`, `import '…'` and `import('…')`. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*(?:\{[^}]*\}[^'"\n;]*)?from\s*['"]([^'"\s]+)['"]|(?:^|\n)\s*import\s+['"]([^'"\s]+)['"]|(?<!['"\w])import\s*\(\s*['"]([^'"\s]+)['"]/g

function importsOf(path: string, text: string): readonly Import[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => ({
    from: path,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
  }))
}

/** Comments may show code. A `//` inside a string stays: only whole-line comments and blocks are taken away. */
function withoutComments(text: string): string {
  return text.replaceAll(/(?<=^|\n)\s*\/\/[^\n]*/g, '').replaceAll(/(?<=^|\n|\s)\/\*[^]*?\*\//g, '')
}

/** The parts of the verifier that need Node, by their name or their place. */
function isBelowNode(from: string, specifier: string): boolean {
  const isInside = specifier.startsWith('.') && resolve({ from, specifier }).startsWith('packages/verifier/src/node/')
  return isInside || specifier === '@aiegis/verifier/node'
}

/** Types are gone at run time. */
function withoutTypes(text: string): string {
  return text.replaceAll(/(?<=^|\n)(?:import|export) type \{[^}]*\} from [^\n]*/g, '')
}

function resolve({ from, specifier }: Import): string {
  return posix.join(posix.dirname(from), specifier)
}

function show({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function dependenciesOf(name: string): readonly string[] {
  const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(read(`packages/${name}/package.json`))
  return ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {}))
}

/** The way from `start` back to itself, if there is one. */
function cycleFrom(graph: ReadonlyMap<string, readonly string[]>, start: string): readonly string[] {
  const seen = new Set<string>()
  const walk = (path: string, way: readonly string[]): readonly string[] | undefined => {
    for (const next of graph.get(path) ?? []) {
      if (next === start) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      const found = walk(next, [...way, next])
      if (found) return found
    }
    return undefined
  }
  const cycle = walk(start, [start])
  return cycle ? [cycle.join(' → ')] : []
}

function linesOf(text: string): number {
  return text.split('\n').length - 1
}
