// Runs the receivers of the READMEs on Express, Fastify, NestJS, Koa and Hono, and the handler for Next as Next calls it, and sends each an order that was decided, the
// same again, and one without evidence. Needs a build. Exit codes: 0 each answered as it must, 1 one did not.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { telling, useReceiver } from './packages-receiver.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
// Below the repository, so that its packages are found as if they were installed.
const folder = `${root}.runtimes/frameworks`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}/package.json`, '{"type":"module"}')

let failed = 0
for (const [framework, file, says] of [
  ['Express', 'receiver.js'],
  ['Fastify', 'fastify.js'],
  ['NestJS', 'nest.js'],
  ['Koa', 'koa.js', '"by":"did:key:'], // without a body parser
  ['Hono', 'hono.js'],
]) {
  const text = readFileSync(`${root}examples/dist/receiver/${file}`, 'utf8')
  say(framework, await useReceiver(root, folder, [[file, telling(text), says]]))
}
say('Next', await useNext())
rmSync(folder, { recursive: true })
console.log(failed === 0 ? '\nEvery framework answered as it must.' : '\nSomething was answered otherwise than it must.')
process.exit(failed === 0 ? 0 : 1)

function say(framework, problems) {
  console.log(
    `  ${problems.length === 0 ? 'as said ' : 'SURPRISE'}  ${framework}: one order is served once, and none without evidence`,
  )
  for (const problem of problems) console.log(`            ${problem}`)
  failed += problems.length
}

/** The route handler with requests as Next makes them. */
async function useNext() {
  const { createClock, createMockHarness, withLine } = await import(`${root}packages/testing/dist/index.js`)
  const { ordersRoute } = await import(`${root}examples/dist/receiver/next.js`)
  const harness = createMockHarness({ logSize: 20, clock: createClock(Date.now()) })
  const [issuer] = harness.trust().issuers
  const trust = harness.trust({ issuers: [{ ...issuer, status: 'unrevocable' }] })
  const handler = ordersRoute(trust, memoryAsRedis())
  const headers = { contentType: 'application/json', content: '{"item":"book"}' }
  const wanted = { method: 'POST', url: 'https://api.example.com/orders', action: 'orders.create', ...headers }
  const order = harness.mint(wanted, { passport: ({ credentialStatus: _none, ...vc }) => vc })
  const answer = async ({ target, lines, body }) => {
    const all = new Headers()
    for (const [name, value] of lines) all.append(name, value)
    const response = await handler(new Request(`https://api.example.com${target}`, { method: 'POST', headers: all, body }), {
      params: Promise.resolve({}),
    })
    const { code } = await response.json()
    return code ?? response.status
  }
  const all = [await answer(order), await answer(order), await answer(withLine(order, 'X-AEGIS-Token'))]
  const expected = [201, 'token_replayed', 'token_missing']
  return all.join() === expected.join() ? [] : [`${all.join(', ')} instead of ${expected.join(', ')}`]
}

/** What the store asks of Redis, in memory: this process is the only one. */
function memoryAsRedis() {
  const records = new Map()
  return {
    async set(key, value) {
      if (records.has(key)) return null
      records.set(key, value)
      return 'OK'
    },
    info: async () => 'role:master\r\nmaxmemory_policy:noeviction\r\n',
  }
}
