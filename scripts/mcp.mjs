// Installs what examples/mcp needs, into its own folder and as its own lock file has it, and runs it. Needs a build.
// Exit codes: those of the example; 3 when it could not be installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../examples/mcp/', import.meta.url))
const stamp = `${folder}node_modules/.aiegis-lock`
const lock = createHash('sha256')
  .update(readFileSync(`${folder}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', ['ci', ...options], { cwd: folder, stdio: ['ignore', 'ignore', 2] })
  if (status !== 0) {
    console.error('What examples/mcp needs could not be installed.')
    process.exit(3)
  }
  writeFileSync(stamp, lock)
}
const { status } = spawnSync(process.execPath, [`${folder}main.mjs`], { stdio: 'inherit' })
process.exit(status ?? 1)
