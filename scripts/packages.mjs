// Packs every package, looks at what it exports with publint, installs each tarball with those of its @aiegis dependencies in an empty folder, and
// uses it there: the README example from ES modules and CommonJS, every entry imported and required. Needs a build. Third-party packages come from
// the cache that npm ci has filled, as the lock file names them. Prints the sizes.
// Exit codes: 0 all is well, 1 something is not, 3 a package of others could not be installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { lockOf } from './packages-lock.mjs'
import { useReceiver } from './packages-receiver.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8'))
const folder = mkdtempSync(`${tmpdir()}/aiegis-packages-`)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const packages = readdirSync(`${root}packages`).map(pack)
const rows = []
for (const each of packages) rows.push({ ...each, problems: [...(await linted(each)), ...(await used(each))] })

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`
for (const { name, size, unpackedSize, files, problems } of rows) {
  console.log(
    `${problems.length === 0 ? 'ok   ' : 'wrong'}  ${name.padEnd(20)}  ${kilobytes(size).padStart(10)} packed  ${kilobytes(unpackedSize).padStart(10)} unpacked  ${String(files).padStart(4)} files`,
  )
  for (const problem of problems) console.log(`       ${problem}`)
}
process.exit(rows.every(({ problems }) => problems.length === 0) ? 0 : 1)

function pack(directory) {
  const path = `${root}packages/${directory}`
  const { stdout } = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], path)
  const [packed] = JSON.parse(stdout)
  const manifest = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'))
  const { name, size, unpackedSize, entryCount: files, filename, integrity } = packed
  return { name, path, manifest, size, unpackedSize, files, integrity, tarball: `${folder}/${filename}`, listed: packed.files }
}

async function linted({ manifest, tarball, listed }) {
  const { messages } = await publint({ strict: true, pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } })
  const strange = listed.filter(({ path: file }) => /(^|\/)(test|tests|\.env|.*\.test\.)|\.tsbuildinfo$/.test(file))
  const missing = ['README.md', 'LICENSE'].filter((wanted) => !listed.some(({ path: file }) => file === wanted))
  return [
    ...missing.map((file) => `${file} is not in the tarball`),
    ...messages.map((message) => `publint: ${formatMessage(message, manifest, { color: false })}`),
    ...strange.map(({ path: file }) => `${file} is in the tarball`),
  ]
}

/** Installs it in a folder of its own and uses it there. */
async function used({ name, manifest }) {
  const place = `${folder}/${name.replaceAll('/', '-')}`
  mkdirSync(place)
  const problem = install(name, place)
  if (problem !== undefined) return [problem]
  const problems = [...entries(name, manifest, place), ...bins(name, manifest, place)]
  if (name === '@aiegis/express') return [...problems, ...(await useReceiver(root, place))]
  if (name === '@aiegis/testing') return [...problems, ...testExample(place)]
  return problems
}

function install(name, place) {
  // The example of testing is a receiver on Express.
  const wanted = name === '@aiegis/testing' ? [name, '@aiegis/express'] : [name]
  const { manifest, lockfile } = lockOf(lock, wanted, packages)
  writeFileSync(`${place}/package.json`, JSON.stringify(manifest))
  writeFileSync(`${place}/package-lock.json`, JSON.stringify(lockfile))
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const offline = npm(['ci', '--offline', ...options], place)
  if (offline.status === 0) return undefined
  console.error(`${name}: a package of others is not in the cache of npm, so it is fetched`)
  const fetched = npm(['ci', '--prefer-offline', ...options], place)
  if (fetched.status === 0) return undefined
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|E5\d\d|ENOTCACHED/.test(fetched.stderr)) {
    console.error(`A package of others is neither in the cache of npm nor to be had:\n${fetched.stderr}`)
    process.exit(3)
  }
  return `it does not install: ${fetched.stderr.trim()}`
}

/** Every entry from an ES module and, as Node has it from 20.19 on, from CommonJS. */
function entries(name, { exports }, place) {
  const all = Object.keys(exports).filter((entry) => entry !== './package.json')
  return all.flatMap((entry) => {
    const specifier = name + entry.slice(1)
    const ways = {
      'entry.mjs': `const all = await import('${specifier}'); if (Object.keys(all).length === 0) throw new Error('exports nothing')`,
      'entry.cjs': `if (Object.keys(require('${specifier}')).length === 0) throw new Error('exports nothing')`,
    }
    return Object.entries(ways).flatMap(([file, text]) => {
      writeFileSync(`${place}/${file}`, text)
      const { status, stderr } = start([`${place}/${file}`], place)
      return status === 0 ? [] : [`${specifier} from ${file}: ${lastLine(stderr)}`]
    })
  })
}

/** A program says how it is called, and does not fail. */
function bins(name, { bin = {} }, place) {
  return Object.entries(bin).flatMap(([command, file]) => {
    const { status, stdout, stderr } = start([`${place}/node_modules/${name}/${file}`, '--help'], place)
    return status !== null && status <= 2 && /usage|flags/i.test(stdout + stderr)
      ? []
      : [`${command} --help: ${status} ${lastLine(stderr)}`]
  })
}

/** The test of its README, under node:test. */
function testExample(place) {
  const text = readFileSync(`${root}examples/receiver/orders.test.mjs`, 'utf8').replace("from 'vitest'", "from 'node:test'")
  writeFileSync(`${place}/orders.test.mjs`, text)
  const { status, stdout } = start(['--test', `${place}/orders.test.mjs`], place)
  return status === 0 ? [] : [`the test of its README fails: ${stdout.slice(-2000)}`]
}

function start(options, cwd) {
  return spawnSync(process.execPath, options, { cwd, encoding: 'utf8', timeout: 60_000 })
}

function npm(options, cwd) {
  return spawnSync('npm', options, { cwd, encoding: 'utf8', maxBuffer: 67_108_864 })
}

function lastLine(text) {
  return text.split('\n').find((line) => /error/i.test(line)) ?? text.trim().split('\n').at(-1)
}
