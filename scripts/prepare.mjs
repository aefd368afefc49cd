// Makes a fresh clone ready: installs what the lock file names when it is not installed yet, then builds what changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = `${root}node_modules/.aiegis-lock`
const tsc = `${root}node_modules/typescript/bin/tsc`
const lock = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || !existsSync(tsc) || readFileSync(stamp, 'utf8') !== lock) {
  run('npm', ['ci', '--no-fund', '--no-audit'])
  writeFileSync(stamp, lock)
}
run(process.execPath, [tsc, '-b'])

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
