// Runs on Bun, Deno and workerd what is to run there: the engines, the tests of protocol, verifier and fetch, and the table of the adapters.
// Needs a build. Installs the runtimes into .runtimes. Reads VECTORS_DIR.
// Exit codes: 0 all pass, 1 something fails or passes that is said to fail, 3 a runtime could not be installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUN, DENO, folderOf, isRuntimeMachine, programOf } from './installed.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const VITEST = `${root}node_modules/vitest/vitest.mjs`

/** Tests that are not run elsewhere than on Node. */
const LEFT_OUT = {
  'packages/verifier/test/node/**':
    'what is below src/node is for Node: did:web refuses to start where a connection does not ask its lookup',
  'packages/verifier/test/web-did-resolver.test.ts':
    'compares with a library for development, whose TLS certificate it sets as Node wants it',
}

/** Tests that fail there, and why that is no matter. One that passes again is to be taken out. */
const FAILS = {
  [BUN.name]: {
    'AHP-BIND-19 on Node a client that closes its side before the verdict runs no handler':
      "Bun's imitation of Node's server does not tell; the adapter for Node is for Node, and Bun.serve has a Request",
    'another implementation of RFC 9421 as oracle what it signs we find, cover and verify':
      'the other implementation cannot be imported there',
    'another implementation of RFC 9421 as oracle what we sign it verifies, and not for another method':
      'the other implementation cannot be imported there',
    'getting with fetch rejects a host that sends an encoding, and leaves no connection':
      'it rejects, and the connection stays open for a while',
  },
  [DENO.name]: {
    'getting with fetch rejects a host that sends an encoding, and leaves no connection':
      'it rejects, and the connection stays open for a while',
  },
}

if (!isRuntimeMachine()) {
  console.error('Nothing was run: the other runtimes are installed on Linux x64 only.')
  process.exit(0)
}
let failures = 0
failures += run('the engines', process.execPath, [`${root}scripts/matrix.mjs`, 'bun', 'deno', 'workerd'])
failures += packagesOn(BUN, [programOf(BUN), '--bun', VITEST])
failures += packagesOn(DENO, [programOf(DENO), ...DENO.options, VITEST])
failures += run('the table of the adapters', process.execPath, [
  VITEST,
  'run',
  '--config',
  `${root}test/runtimes/vitest.config.ts`,
])
console.log(failures === 0 ? '\nEverything holds on Bun, Deno and workerd.' : `\n${failures} failures.`)
process.exit(failures === 0 ? 0 : 1)

function run(what, program, options) {
  console.log(`\n${what}`)
  return spawnSync(program, options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0 ? 0 : 1
}

/** How many tests of the packages did not do there what is written here. */
function packagesOn(runtime, [program, ...options]) {
  const report = `${folderOf(runtime.folder)}/tests.json`
  const files = ['packages/protocol', 'packages/verifier', 'packages/fetch']
  const without = Object.keys(LEFT_OUT).flatMap((pattern) => ['--exclude', pattern])
  const { status, stderr } = spawnSync(
    program,
    [...options, 'run', ...files, ...without, '--reporter=json', '--outputFile', report],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  if (status !== 0 && status !== 1) {
    console.log(`the tests of the packages on ${runtime.name} ended with ${status}\n${stderr}`)
    return 1
  }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const tests = testResults.flatMap(({ name, assertionResults, message }) =>
    assertionResults.length > 0
      ? assertionResults.map((test) => ({ ...test, file: relative(root, name) }))
      : [{ file: relative(root, name), fullName: 'the file', status: 'failed', failureMessages: [message] }],
  )
  const known = Object.keys(FAILS[runtime.name])
  const failed = tests.filter((test) => test.status === 'failed')
  const unknown = failed.filter(({ fullName }) => !known.includes(fullName))
  const gone = known.filter((title) => tests.some((test) => test.fullName === title && test.status === 'passed'))
  for (const { file, fullName, failureMessages } of unknown) console.log(`${file}: ${fullName}\n${failureMessages.join('\n')}`)
  for (const title of gone) console.log(`passes on ${runtime.name} and is said to fail: ${title}`)
  const count = (wanted) => tests.filter((test) => test.status === wanted).length
  console.log(
    `\nthe tests of the packages on ${runtime.name}: ${count('passed')} passed, ${failed.length - unknown.length} fail as written`,
  )
  return unknown.length + gone.length
}
