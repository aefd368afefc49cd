// Runs on Bun, Deno and workerd what is to run there: the engines, the tests of protocol, verifier and fetch, and the table of the adapters.
// Needs a build. Installs the runtimes into .runtimes. Reads VECTORS_DIR.
// Exit codes: 0 all pass, 1 something fails or passes that is said to fail, 3 a runtime could not be installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUN, DENO, folderOf, isRuntimeMachine, programOf, WORKERD } from './installed.mjs'
import { failed, testsInWorkerd } from './units.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const VITEST = `${root}node_modules/vitest/vitest.mjs`

const FOLDERS = ['packages/protocol', 'packages/verifier', 'packages/fetch']

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
  [WORKERD.name]: {
    'verifyEd25519 two engines agree on thousands of random signatures, keys and mutations':
      'the test makes its random bytes with SHAKE256, which the imitation of node:crypto there lacks',
  },
}

if (!isRuntimeMachine()) {
  console.error('Nothing was run: the other runtimes are installed on Linux x64 only.')
  process.exit(0)
}
let failures = 0
failures += run('the engines', process.execPath, [`${root}scripts/matrix.mjs`, 'bun', 'deno', 'workerd'])
failures += judged(BUN, testsBy(BUN, [programOf(BUN), '--bun', VITEST]))
failures += judged(DENO, testsBy(DENO, [programOf(DENO), ...DENO.options, VITEST]))
const { rows, left } = await testsInWorkerd(FOLDERS, Object.keys(LEFT_OUT))
failures += judged(WORKERD, rows)
for (const [need, files] of left) console.log(`not run in a Worker: ${files} files, which need ${need}`)
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

/** The tests of the packages by vitest itself, run by another program than Node. */
function testsBy(runtime, [program, ...options]) {
  const report = `${folderOf(runtime.folder)}/tests.json`
  const without = Object.keys(LEFT_OUT).flatMap((pattern) => ['--exclude', pattern])
  const { status, stderr } = spawnSync(
    program,
    [...options, 'run', ...FOLDERS, ...without, '--reporter=json', '--outputFile', report],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0 && status !== 1) return [failed('vitest', `ended with ${status}\n${stderr}`)]
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  return testResults.flatMap(({ name, assertionResults, message }) => {
    const file = relative(root, name)
    return assertionResults.length > 0 ? assertionResults.map((test) => ({ ...test, file })) : [failed(file, message)]
  })
}

/** How many tests of the packages did not do there what is written here. */
function judged(runtime, tests) {
  const known = Object.keys(FAILS[runtime.name])
  const failing = tests.filter((test) => test.status === 'failed')
  const unknown = failing.filter(({ fullName }) => !known.includes(fullName))
  const gone = known.filter((title) => tests.some((test) => test.fullName === title && test.status === 'passed'))
  for (const { file, fullName, failureMessages } of unknown) console.log(`${file}: ${fullName}\n${failureMessages.join('\n')}`)
  for (const title of gone) console.log(`passes on ${runtime.name} and is said to fail: ${title}`)
  const count = (wanted) => tests.filter((test) => test.status === wanted).length
  console.log(
    `\nthe tests of the packages on ${runtime.name}: ${count('passed')} passed, ${failing.length - unknown.length} fail as written`,
  )
  return unknown.length + gone.length
}
