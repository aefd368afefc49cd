// Runs the engine checks on this Node and on the runtimes that are named (node bun deno workerd), by default Node 22, 24 and 26, with --all on
// every one, and compares every verdict. Needs a build. Reads VECTORS_DIR.
// Exit codes: 0 all agree, 1 a verdict is wrong or differs, 3 a runtime could not be installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUN, DENO, isRuntimeMachine, NODE, programOf, WORKERD } from './installed.mjs'
import { withWorker } from './workerd.mjs'

const OTHERS = { node: NODE, bun: [BUN], deno: [DENO], workerd: [WORKERD] }
const CHECKS = ['ed25519', 'text']
const root = fileURLToPath(new URL('..', import.meta.url))
const vectors = process.env.VECTORS_DIR

const asked = Object.keys(OTHERS).filter((name) => process.argv.includes(name) || process.argv.includes('--all'))
const wanted = (asked.length === 0 ? ['node'] : asked).flatMap((name) => OTHERS[name])
if (!isRuntimeMachine()) console.error('Only this Node is checked: the other runtimes are installed on Linux x64 only.')

const runtimes = [{ name: `node ${process.versions.node}` }, ...(isRuntimeMachine() ? wanted : [])]
const rows = []
for (const runtime of runtimes) rows.push(...(await (runtime === WORKERD ? inWorkerd(runtime) : run(runtime))))
const failures = rows.flatMap((row) => [...wrong(row), ...differs(row)])

printTable(rows)
for (const failure of failures) console.log(failure)
console.log(
  failures.length === 0 ? `\n${runtimes.length} runtimes agree on every verdict.` : `\n${failures.length} disagreements.`,
)
process.exit(failures.length === 0 ? 0 : 1)

/** One row per engine: { runtime, check, engine, cases, wrong: names, unguarded, digest }. */
function run(runtime) {
  const program = runtime.binary === undefined ? process.execPath : programOf(runtime)
  return CHECKS.flatMap((check) => {
    const { status, stdout } = spawnSync(program, [...(runtime.options ?? []), `${root}scripts/matrix-run.mjs`, check], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return status === 0 ? named(runtime, check, JSON.parse(stdout)) : [failed(runtime, check, `ended with ${status}`)]
  })
}

/** The same in a Worker. */
function inWorkerd(runtime) {
  return withWorker(`${root}scripts/matrix-worker.mjs`, async (url) => {
    const all = []
    for (const check of CHECKS) {
      const body = vectors === undefined || check !== 'ed25519' ? '' : readFileSync(join(vectors, 'wycheproof/ed25519_test.json'))
      const response = await fetch(url + check, { method: 'POST', body })
      all.push(...(response.ok ? named(runtime, check, await response.json()) : [failed(runtime, check, await response.text())]))
    }
    return all
  })
}

function named({ name }, check, all) {
  return all.map((row) => ({ runtime: name, check, ...row }))
}

function failed({ name }, check, why) {
  return { runtime: name, check, engine: '-', cases: 0, wrong: [`the program ${why}`], digest: '' }
}

function wrong(row) {
  const more = row.wrong.length > 5 ? ` and ${row.wrong.length - 5} more` : ''
  return row.wrong.length === 0 ? [] : [`${row.runtime} ${row.engine}: wrong: ${row.wrong.slice(0, 5).join('; ')}${more}`]
}

function differs(row) {
  const first = rows.find(({ check }) => check === row.check)
  return row.digest === first.digest ? [] : [`${row.runtime} ${row.engine}: other verdicts than ${first.runtime} ${first.engine}`]
}

function printTable(all) {
  const head = ['runtime', 'check', 'engine', 'cases', 'wrong', 'wrong without our checks', 'verdicts']
  const lines = all.map((row) => [
    row.runtime,
    row.check,
    row.engine,
    row.cases,
    row.wrong.length,
    row.unguarded ?? '-',
    row.digest.slice(0, 16),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => String(line[column]).length)))
  for (const line of [head, widths.map((width) => '-'.repeat(width)), ...lines]) {
    console.log(line.map((cell, column) => String(cell).padEnd(widths[column])).join('  '))
  }
}
