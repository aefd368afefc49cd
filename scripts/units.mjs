// Runs the tests of the packages in workerd, but for those that ask for more than a Worker has.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withWorker } from './workerd.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What the text of a test shows that needs more, and what it needs. */
const NEEDS = [
  [/import \{[^}]*\bvi\b[^}]*\} from 'vitest'/, 'a process of vitest, whose clock or modules they change'],
  [
    /from '(?:node:(?:fs|http|https|http2|net|cluster)|express4?|\.\/vectors\.ts)'|exampleOf/,
    'files, servers or other processes',
  ],
  [/createMockHarness|createMemoryReplayStore/, 'a memory of used tokens, which no Worker may have'],
]
/** Longest that one file may take. */
const FILE_MS = 60_000

/**
 * Rows of `{ file, fullName, status, failureMessages }`, as the JSON report of vitest has them, and `left`: by what they need, how many files
 * were left out. `without` says which run on Node alone: names, or folders with a star behind.
 */
export async function testsInWorkerd(folders, without) {
  const left = new Map()
  const files = folders.flatMap(testsBelow).filter((file) => {
    if (without.some((one) => file === one || (one.endsWith('*') && file.startsWith(one.replace(/\*+$/, ''))))) return false
    const [, need] = NEEDS.find(([sign]) => sign.test(readFileSync(join(root, file), 'utf8'))) ?? []
    if (need !== undefined) left.set(need, (left.get(need) ?? 0) + 1)
    return need === undefined
  })
  const runAll = async (url) => {
    const rows = []
    for (const file of files) rows.push(...(await testsIn(file, url)))
    return { rows, left }
  }
  return withWorker(`${root}scripts/units-worker.mjs`, runAll, {
    plugins: [listOf(files)],
    transform: { define: { 'import.meta.url': '"file:///worker.js"' } },
    resolve: {
      alias: { vitest: `${root}scripts/units-vitest.mjs` },
      conditionNames: ['@aiegis/source', 'import', 'default'],
      mainFields: ['module', 'main'],
    },
  })
}

async function testsIn(file, url) {
  try {
    const response = await fetch(url, { method: 'POST', body: file, signal: AbortSignal.timeout(FILE_MS) })
    if (!response.ok) return [failed(file, await response.text())]
    return (await response.json()).map((row) => ({ ...row, file }))
  } catch (error) {
    return [failed(file, String(error))]
  }
}

/** The row of a file that could not be run. */
export function failed(file, message) {
  return { file, fullName: 'the file', status: 'failed', failureMessages: [message] }
}

function testsBelow(folder) {
  return readdirSync(join(root, folder, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/test/${file}`)
    .toSorted()
}

/** The module that has the tests, each behind a function that imports it. */
function listOf(files) {
  const name = 'the tests'
  const lines = files.map((file) => `${JSON.stringify(file)}: () => import(${JSON.stringify(join(root, file))})`)
  return {
    name,
    resolveId: (id) => (id === name ? id : undefined),
    load: (id) => (id === name ? `export const FILES = {\n${lines.join(',\n')}\n}` : undefined),
  }
}
