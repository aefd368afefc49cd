// Does what docs/adopt.md says, in a folder of its own and on free ports: no trust file, then a harness, a request without evidence, one with it.
// Needs a build. Exit codes: 0 all of it ended as the page says, 1 something did not.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// Below the repository, so that its packages are found as if they were installed.
const folder = `${root}.runtimes/adopt`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const { AIEGIS_TRUST: _trust, AIEGIS_STATE: _state, ...env } = process.env
const ports = { 3000: await freePort(), 18081: await freePort() }
for (const name of ['app', 'harness', 'agent']) {
  const text = readFileSync(`${root}examples/adopt/${name}.mjs`, 'utf8')
  writeFileSync(
    `${folder}/${name}.mjs`,
    text.replaceAll(/\b(3000|18081)\b/g, (port) => ports[port]),
  )
}
writeFileSync(`${folder}/package.json`, '{"type":"module"}')

const problems = []
const without = spawnSync(process.execPath, [`${folder}/app.mjs`], { cwd: folder, env, encoding: 'utf8', timeout: 30_000 })
expect('the API without a trust file', without.stderr, /create it/)
const programs = [await started('harness.mjs', 'the harness listens')]
try {
  programs.push(await started('app.mjs', 'the API listens'))
  const order = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"item":"book"}' }
  const bare = await fetch(`http://127.0.0.1:${ports[3000]}/orders`, order)
  expect('an order without evidence', `${bare.status} ${await bare.text()}`, /^401 .*"token_missing"/)
  const health = await fetch(`http://127.0.0.1:${ports[3000]}/health`)
  expect('the route above the check', await health.text(), /"up":true/)
  await sleep(6_500) // what the page says about the first seconds
  const agent = spawnSync(process.execPath, [`${folder}/agent.mjs`], { cwd: folder, env, encoding: 'utf8', timeout: 30_000 })
  expect('the order of an agent', agent.stdout + agent.stderr, /^201 .*"item":"book"/)
} finally {
  for (const program of programs) await ended(program)
  rmSync(folder, { recursive: true })
}
console.log(problems.length === 0 ? '\nAdopting ended as docs/adopt.md says.' : problems.join('\n'))
process.exit(problems.length === 0 ? 0 : 1)

function expect(what, said, wanted) {
  const isGood = wanted.test(said)
  console.log(`  ${isGood ? 'as said ' : 'SURPRISE'}  ${what}`)
  if (!isGood) problems.push(`${what}: ${said}`)
}

async function started(file, line) {
  const program = spawn(process.execPath, [`${folder}/${file}`], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (bytes) => (said += bytes))
  for (let tries = 0; tries < 600 && !said.includes(line) && program.exitCode === null; tries++) await sleep(50)
  if (!said.includes(line)) problems.push(`${file} did not start: ${said}`)
  return program
}

async function ended(program) {
  if (program.exitCode !== null) return
  const gone = once(program, 'exit')
  program.kill()
  await gone
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
