// Holds the receivers of this repository against its conformance suite, one after the other: npm run conformance:self [-- name …]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const suite = `${root}conformance/dist/cli/main.js`
const node = JSON.stringify(process.execPath)
const receivers = [
  { name: 'express', level: 'full', command: `exec ${node} conformance/receivers/dist/express/main.js` },
  { name: 'koa', level: 'full', command: `exec ${node} conformance/receivers/dist/koa/main.js` },
  { name: 'fetch', level: 'full', command: `exec ${node} conformance/receivers/dist/fetch/main.js` },
  { name: 'node', level: 'standard', command: `exec ${node} conformance/receivers/node/receiver.mjs` },
  { name: 'python', level: 'basic', command: 'exec python3 conformance/receivers/python/receiver.py' },
]

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !receivers.some((receiver) => receiver.name === name))
if (unknown !== undefined) {
  console.error(`No receiver is called ${unknown}; there are ${receivers.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
const chosen = receivers.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const failed = chosen.filter(({ name, level, command }) => {
  console.log(`\n${name}, level ${level}`)
  const { status } = spawnSync(process.execPath, [suite, 'run', '--level', level, '--exec', command], {
    cwd: root,
    stdio: 'inherit',
  })
  return status !== 0
})
console.log(failed.length === 0 ? '\nAll are conformant.' : `\nNot conformant: ${failed.map(({ name }) => name).join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1
