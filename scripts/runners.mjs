// Runs the receiver test of packages/testing/README.md under node:test and jest 29.7, and the handlers for msw with msw 3, from what is built.
// Installs jest and msw 3 into .runtimes. Exit codes: 0 all pass, 1 one fails, 3 a runner could not be installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { folderOf, installed, NODE, programOf } from './installed.mjs'

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
  const folder = installedWith('jest', ['jest@29.7.0', '@jest/globals@29.7.0'], 'jest/bin/jest.js')
  written('jest', '@jest/globals')
  const config = { testMatch: ['**/*.test.mjs'], transform: {}, testEnvironment: 'node' }
  const options = ['--config', JSON.stringify(config), '--rootDir', folder]
  const modules = ['--experimental-vm-modules', `${folder}/node_modules/jest/bin/jest.js`]
  return start([process.execPath, ...modules, ...options], folder)
}

function msw3() {
  const folder = installedWith('msw-3', ['msw@3.0.5'], 'msw/package.json')
  const file = `${folder}/handlers.mjs`
  writeFileSync(file, readFileSync(`${root}scripts/runners-msw.mjs`))
  return start([nodeOf22(), file], folder)
}

/** msw 3 needs Node 22.12; an older one borrows that of `npm run test:matrix`. */
function nodeOf22() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath
  return programOf(NODE[1])
}

/** Installed when `proof` is there. */
function installedWith(name, packages, proof) {
  return installed(name, packages, () => existsSync(`${folderOf(name)}/node_modules/${proof}`))
}

function start([command, ...options], cwd) {
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawnSync(command, options, { cwd, env, encoding: 'utf8' })
}
