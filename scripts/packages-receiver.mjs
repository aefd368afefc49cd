// Runs receivers of the READMEs and sends them requests: that of Express where it was installed from tarballs, as an ES module and in CommonJS
// (scripts/packages.mjs), and those of other frameworks (scripts/frameworks.mjs).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** What is not as it should be; nothing when each variant (file, text, what it answers to an order) serves what has evidence and refuses the rest. */
export async function useReceiver(
  root,
  place,
  variants = variantsOf(readFileSync(`${root}examples/receiver/receiver.ts`, 'utf8')),
) {
  const { createClock, createMockHarness, problemOf, sendRaw, withLine } = await import(`${root}packages/testing/dist/index.js`)
  const harness = createMockHarness({ logSize: 20, clock: createClock(Date.now()) })
  const [issuer] = harness.trust().issuers
  // Nothing is asked of a network: the issuer has no list. No skew, so that a token of the next second but one is good.
  const trust = harness.trust({ issuers: [{ ...issuer, status: 'unrevocable' }], time: { skewSeconds: 0 } })
  writeFileSync(`${place}/aiegis-trust.json`, JSON.stringify(trust), { mode: 0o644 })
  const problems = []
  for (const [file, text, says = '"item":"book"'] of variants) {
    writeFileSync(`${place}/${file}`, text)
    const { port, stop, said } = await startIn(place, file)
    if (port === undefined) problems.push(`${file} of its README does not start: ${said()}`)
    else problems.push(...(await judge(port, says)).map((problem) => `${file} of its README: ${problem}`))
    await stop()
  }
  return problems

  async function judge(port, says) {
    await wait(2100)
    harness.clock.advance(Math.floor(Date.now() / 1000) - harness.clock.seconds())
    const content = '{"item":"book"}'
    const wanted = {
      method: 'POST',
      url: 'https://api.example.com/orders',
      action: 'orders.create',
      contentType: 'application/json',
      content,
    }
    const order = harness.mint(wanted, { passport: ({ credentialStatus: _none, ...vc }) => vc })
    const served = await sendRaw(port, order)
    const replayed = await sendRaw(port, order)
    const bare = await sendRaw(port, withLine(order, 'X-AEGIS-Token'))
    return [
      ...(served.status === 201 && served.text.includes(says) ? [] : [`a good order is ${served.status} ${served.text}`]),
      ...(problemOf(replayed).code === 'token_replayed' ? [] : [`the same order again is ${replayed.status} ${replayed.text}`]),
      ...(problemOf(bare).code === 'token_missing' ? [] : [`an order without a token is ${bare.status} ${bare.text}`]),
    ]
  }
}

/** The example is plain JavaScript; it listens on a free port and says which. */
export function telling(example) {
  return example
    .replace(
      "await app.listen(18082, '127.0.0.1')",
      "await app.listen(0, '127.0.0.1').then((server) => console.log('port', server.address().port))",
    )
    .replace(
      "await app.listen({ port: 18082, host: '127.0.0.1' })",
      "await app.listen({ port: 0, host: '127.0.0.1' }).then((address) => console.log('port', new URL(address).port))",
    )
    .replace(
      "app.listen(18082, '127.0.0.1')",
      "const server = app.listen(0, '127.0.0.1', () => console.log('port', server.address().port))",
    )
    .replace(
      "port: 18082, hostname: '127.0.0.1' })",
      "port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log('port', port))",
    )
}

function variantsOf(example) {
  const told = telling(example)
  const required = told.replaceAll(/^import (.+) from ('.+')$/gm, 'const $1 = require($2)')
  return [
    ['receiver.mjs', told],
    ['receiver.cjs', required],
  ]
}

async function startIn(place, file) {
  const { AIEGIS_TRUST: _trust, AIEGIS_STATE: _state, ...env } = process.env
  const child = spawn(process.execPath, [`${place}/${file}`], { cwd: place, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  const ended = once(child, 'exit')
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (out += text))
  for (let tries = 0; tries < 200 && !/port \d+/.test(out) && child.exitCode === null; tries++) await wait(50)
  const port = /port (\d+)/.exec(out)?.[1]
  return {
    port: port === undefined ? undefined : Number(port),
    said: () => out,
    stop: async () => {
      child.kill()
      await ended
    },
  }
}
