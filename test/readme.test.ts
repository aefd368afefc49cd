/** The README shows code that compiles and paths that exist. @module */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { filesBelow, packageNames, read } from './repository.ts'

const readme = read('README.md')

describe('README', () => {
  test('shows the receiver that is compiled with the examples, in fifteen lines', () => {
    const [, shown = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
    expect(shown).toBe(read('examples/receiver/receiver.ts'))
    expect(shown.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(15)
  })

  test.each([...readme.matchAll(/`((?:packages|examples|bench|spec)\/[\w/.-]*)`/g)].map(([, path]) => path ?? ''))(
    'names %s, which exists',
    (path) => {
      expect(existsSync(path)).toBe(true)
    },
  )
})

/** Blocks of code in other documents, each of which is a file that is compiled or run. */
const BLOCKS: readonly (readonly [document: string, fence: string, file: string])[] = [
  ['packages/express/README.md', 'ts', 'examples/receiver/receiver.ts'],
  ['packages/express/README.md', 'ts', 'examples/receiver/fastify.ts'],
  ['packages/express/README.md', 'ts', 'examples/receiver/nest.ts'],
  ['packages/express/README.md', 'ts', 'examples/receiver/routes.ts'],
  ['packages/express/README.md', 'ts', 'examples/receiver/rollout.ts'],
  ['packages/koa/README.md', 'ts', 'examples/receiver/koa.ts'],
  ['packages/fetch/README.md', 'ts', 'examples/receiver/hono.ts'],
  ['packages/fetch/README.md', 'ts', 'examples/receiver/next.ts'],
  ['packages/fetch/README.md', 'ts', 'examples/workers/worker.ts'],
  ['packages/gate/README.md', 'nginx', 'examples/nginx/redirect.conf'],
  ['packages/gate/README.md', 'nginx', 'examples/nginx/subrequest.conf'],
  ['packages/gate/README.md', 'ts', 'examples/nginx/service.ts'],
  ['packages/gate/README.md', 'ts', 'examples/nginx/gate.ts'],
  ['packages/testing/README.md', 'js', 'examples/receiver/orders.test.mjs'],
  ['packages/testing/README.md', 'ts', 'examples/receiver/msw.ts'],
  ['packages/protocol/README.md', 'ts', 'examples/packages/protocol.ts'],
  ['packages/verifier/README.md', 'ts', 'examples/packages/verifier.ts'],
  ['packages/agent/README.md', 'ts', 'examples/packages/agent.ts'],
  ['packages/enforcement/README.md', 'ts', 'examples/packages/enforcement.ts'],
  ['packages/ledger/README.md', 'ts', 'examples/packages/ledger.ts'],
  ['docs/adopt.md', 'js', 'examples/adopt/app.mjs'],
  ['docs/adopt.md', 'js', 'examples/adopt/harness.mjs'],
  ['docs/adopt.md', 'js', 'examples/adopt/agent.mjs'],
  ['docs/report-only.md', 'ts', 'examples/receiver/rollout.ts'],
  ['docs/testing-routes.md', 'js', 'examples/receiver/every-route.test.mjs'],
  ['docs/testing-routes.md', 'js', 'examples/receiver/orders.test.mjs'],
  ['docs/harness-down.md', 'ts', 'examples/harness-down/emergency.ts'],
  ['docs/mcp.md', 'js', 'examples/mcp/server.mjs'],
  ['docs/mcp.md', 'js', 'examples/mcp/client.mjs'],
  ['docs/mcp.md', 'rego', 'examples/mcp/policy.rego'],
  ['docs/observing.md', 'ts', 'examples/observing/observed.ts'],
  ['docs/observing.md', 'ts', 'examples/observing/pino.ts'],
]

test.each(BLOCKS)('%s shows as %s what is in %s', (document, fence, file) => {
  expect(read(document)).toContain(`\`\`\`${fence}\n${read(file)}\`\`\``)
})

test.each(packageNames())('the README of %s shows no code that is not compiled', (name) => {
  const document = `packages/${name}/README.md`
  const shown = [...read(document).matchAll(/```(?:ts|js|tsx|jsx|nginx)\n/g)]
  expect(shown.length).toBeGreaterThan(0)
  expect(shown).toHaveLength(BLOCKS.filter(([own]) => own === document).length)
})

test.each(filesBelow('docs'))('%s shows no code that is not compiled or run', (document) => {
  const shown = [...read(document).matchAll(/```(?:ts|js|tsx|jsx|nginx|rego)\n/g)]
  expect(shown).toHaveLength(BLOCKS.filter(([own]) => own === document).length)
})

test('the index of the guides has each of them', () => {
  const index = read('docs/README.md')
  const guides = filesBelow('docs').map((path) => path.slice('docs/'.length))
  expect(guides.filter((guide) => guide !== 'README.md' && !index.includes(`(${guide})`))).toEqual([])
})

test('guides name codes of the registry, with their status', () => {
  const { reasons }: { readonly reasons: readonly { code: string; public: string; status: number }[] } = JSON.parse(
    read('spec/registry/reasons.json'),
  )
  const named = filesBelow('docs').flatMap((document) =>
    [...read(document).matchAll(/\b([45]\d\d)( `[a-z_]+`(?:,? (?:or )?`[a-z_]+`)*)/g)].flatMap(([, status, codes = '']) =>
      [...codes.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => ({ document, status: Number(status), code })),
    ),
  )
  expect(named.length).toBeGreaterThan(30)
  const wrong = named.filter(
    ({ status, code }) => !reasons.some((row) => (row.code === code || row.public === code) && row.status === status),
  )
  expect(wrong).toEqual([])
})

test('the test of a receiver has twenty-five lines', () => {
  const lines = read('examples/receiver/orders.test.mjs').split('\n')
  expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(25)
})

test('evidence from scratch is made without a line of ours: only its receiver imports packages of this repository', () => {
  const parts = filesBelow('examples/scratch').filter((path) => path !== 'examples/scratch/receiver.ts')
  expect(parts.length).toBeGreaterThan(4)
  expect(parts.filter((path) => read(path).includes('@aiegis/'))).toEqual([])
})

describe.each([...packageNames().map((name) => `packages/${name}`), 'conformance'])('what is published of %s', (folder) => {
  const { name } = JSON.parse(read(`${folder}/package.json`))
  const text = existsSync(`${folder}/README.md`) ? read(`${folder}/README.md`) : ''

  test('has a README that says how to install it, what it does not do, and where every rule is', () => {
    expect(text.startsWith('# ')).toBe(true)
    expect(text).toMatch(new RegExp(`npm install (--save-dev )?${name}\\b|npx ${name}\\b`))
    expect(text).toMatch(/^## What it does not do$/m)
    expect(text).toContain('../spec/')
  })

  test('has the license of the repository, byte for byte', () => {
    expect(read(`${folder}/LICENSE`)).toBe(read('LICENSE'))
  })
})
