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
