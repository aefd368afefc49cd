// Runs workerd, the runtime of Cloudflare Workers, by itself: a Worker is one file, and a configuration embeds it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { programOf, WORKERD } from './installed.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Writes `file` with everything that `entry` imports, as the tools of Workers do before they publish one. */
export async function bundle(entry, file, options = {}) {
  const made = await rolldown({ input: entry, platform: 'neutral', external: [/^node:/, /^cloudflare:/], ...options })
  await made.write({ file, format: 'esm', codeSplitting: false })
  await made.close()
}

/**
 * Starts workerd with a configuration that has the named sockets, which listen on port 0. Gives the port of each by its name, and `end`,
 * which resolves when the program is gone. Rejects when workerd ends at once; what it complains of is on standard error.
 */
export async function serve(config, sockets, options = []) {
  const command = ['serve', '--control-fd=3', ...options, config]
  const child = spawn(programOf(WORKERD), command, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const gone = once(child, 'exit')
  const end = async () => {
    child.kill()
    await gone
  }
  const ports = {}
  for await (const line of createInterface({ input: child.stdio[3] })) {
    const { event, socket, port } = JSON.parse(line)
    if (event === 'listen') ports[socket] = port
    if (sockets.every((name) => name in ports)) return { ports, end }
  }
  const [status] = await gone
  throw new Error(`workerd ended with ${status}`)
}

/** What `work` makes of the URL at which the Worker of `entry` answers, and nothing else does; the program is gone afterwards. */
export async function withWorker(entry, work, options = {}) {
  await bundle(entry, `${folder}dist/worker.js`, options)
  const { ports, end } = await serve(`${folder}worker.capnp`, ['http'])
  try {
    return await work(`http://127.0.0.1:${ports.http}/`)
  } finally {
    await end()
  }
}
