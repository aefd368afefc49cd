// Finds an nginx with auth_request: on the path, or as the Debian package, which is unpacked into .runtimes/nginx and installed nowhere.
// Run as a program it prints the path, or runs the command that it is given with the path in AIEGIS_TEST_NGINX.
// Exit codes: that of the command, 0 without one, 3 when there is no nginx and none can be had (with a command only where CI is set).
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const runtimes = fileURLToPath(new URL('../.runtimes/', import.meta.url))
const folder = `${runtimes}nginx`
/** Starts what was unpacked, with the libraries that were unpacked beside it. */
const wrapper = `${folder}/nginx`

/** The path of the program. Throws `Error` with one sentence that says what to do. */
export function findNginx() {
  for (const program of ['nginx', wrapper]) if (works(program)) return program
  const problem = download()
  if (problem === undefined && works(wrapper)) return wrapper
  throw new Error(
    `nginx is not on the path and cannot be downloaded (${problem ?? 'it does not start'}); install it (Debian: apt-get install nginx), or set AIEGIS_TEST_NGINX to the path of one with auth_request`,
  )
}

function works(program) {
  const { status, stderr } = spawnSync(program, ['-V'], { encoding: 'utf8' })
  return status === 0 && stderr.includes('--with-http_auth_request_module')
}

/** Unpacks the package, and the libraries that it names where this machine lacks one. Returns what went wrong. */
function download() {
  mkdirSync(runtimes, { recursive: true })
  const place = mkdtempSync(`${runtimes}nginx-`)
  try {
    const problem = unpack(['nginx'], place)
    if (problem !== undefined) return problem
    const binary = 'usr/sbin/nginx'
    if (!existsSync(`${place}/${binary}`)) return 'the package nginx of this system holds no program'
    if (run('ldd', [`${place}/${binary}`], place).stdout.includes('not found')) {
      const missing = unpack(librariesOf(place), place)
      if (missing !== undefined) return missing
    }
    const libraries = ['usr/lib', 'lib'].flatMap((name) => [
      `${folder}/${name}/x86_64-linux-gnu`,
      `${folder}/${name}/aarch64-linux-gnu`,
    ])
    writeFileSync(`${place}/nginx`, `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}' exec '${folder}/${binary}' "$@"\n`)
    chmodSync(`${place}/nginx`, 0o755)
    rmSync(folder, { recursive: true, force: true })
    renameSync(place, folder)
    return undefined
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function unpack(packages, place) {
  const { status, stderr } = run('apt-get', ['download', ...packages], place)
  if (status !== 0) return stderr.trim().split('\n').at(-1) || 'there is no apt-get'
  for (const file of debs(place))
    if (run('dpkg-deb', ['-x', file, place], place).status !== 0) return `${file} cannot be unpacked`
  return undefined
}

/** `libc6 (>= 2.34), libpcre2-8-0 (>= 10.22), …` */
function librariesOf(place) {
  const [file = ''] = debs(place)
  const names = run('dpkg-deb', ['-f', file, 'Depends'], place)
    .stdout.split(/[,|]/)
    .map((text) => text.trim().split(/[ :(]/)[0])
  return names.filter((name) => /^(?:lib|zlib)/.test(name) && name !== 'libc6')
}

function debs(place) {
  return readdirSync(place).filter((name) => name.endsWith('.deb'))
}

function run(command, options, cwd) {
  const { status, stdout, stderr } = spawnSync(command, options, { cwd, encoding: 'utf8' })
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...rest] = process.argv.slice(2)
  try {
    const program = findNginx()
    if (command === undefined) console.log(program)
    else process.exitCode = started(command, rest, program)
  } catch (error) {
    console.error(error.message)
    // Who only looks at examples may do without; where everything must hold, what cannot be tried does not hold.
    process.exitCode = command === undefined || process.env.CI ? 3 : 0
  }
}

function started(command, rest, program) {
  const { status, error } = spawnSync(command, rest, { stdio: 'inherit', env: { ...process.env, AIEGIS_TEST_NGINX: program } })
  if (error) throw error
  return status ?? 1
}
