/** Every test that test/README.md names exists, under its title and in its file. @module */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { read, ROOT } from './repository.ts'

interface Row {
  readonly id: string
  readonly shown: readonly { readonly path: string; readonly titles: readonly string[] }[]
}

const rows: readonly Row[] = [...read('test/README.md').matchAll(/^\| ([TKCRBFL]\d\d) \|.*\| ([^|]*) \|$/gm)].map(
  ([, id = '', cell = '']) => ({
    id,
    shown: [...cell.matchAll(/`([^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)].map(([, path = '', titles = '']) => ({
      path,
      titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
    })),
  }),
)

const numbered = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => letter + String(at + 1).padStart(2, '0'))

describe('the list of what others got wrong', () => {
  test('has each row once, in order', () => {
    const counts = { T: 15, K: 13, C: 4, R: 10, B: 13, F: 11, L: 20 }
    expect(rows.map(({ id }) => id)).toEqual(Object.entries(counts).flatMap(([letter, count]) => numbered(letter, count)))
  })

  test.each(rows)('$id names tests that exist', ({ id, shown }) => {
    expect(shown.length, `${id} names no test`).toBeGreaterThan(0)
    expect(shown.map(({ path }) => path).filter((path) => !path.endsWith('.test.ts') || !existsSync(ROOT + path))).toEqual([])
    const lost = shown.flatMap(({ path, titles }) =>
      titles.filter((title) => !isTitle(read(path), title)).map((title) => `${path}: ${title}`),
    )
    expect(lost).toEqual([])
  })

  test('reads all that the rows say: no quotation mark or path stands outside of what is looked up', () => {
    const looked = rows.flatMap(({ shown }) => shown.flatMap(({ path, titles }) => [path, ...titles]))
    const cells = [...read('test/README.md').matchAll(/^\| [TKCRBFL]\d\d \|.*\| ([^|]*) \|$/gm)].map(([, cell = '']) => cell)
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`|"([^"]+)"/g)].map(([, path, title]) => path ?? title))
    expect(named).toEqual(looked)
  })
})

/** True when a string of the source begins with `title` and goes on with nothing but what a template fills in. */
function isTitle(source: string, title: string): boolean {
  return ["'", '"', '`'].some((mark) => source.includes(mark + title + mark) || source.includes(`${mark}${title} \${`))
}
