/** The README shows code that compiles and paths that exist. @module */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { read } from './repository.ts'

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
  ['packages/testing/README.md', 'js', 'examples/receiver/orders.test.mjs'],
  ['packages/testing/README.md', 'ts', 'examples/receiver/msw.ts'],
]

test.each(BLOCKS)('%s shows as %s what is in %s', (document, fence, file) => {
  expect(read(document)).toContain(`\`\`\`${fence}\n${read(file)}\`\`\``)
})

test('the test of a receiver has twenty-five lines', () => {
  const lines = read('examples/receiver/orders.test.mjs').split('\n')
  expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(25)
})
