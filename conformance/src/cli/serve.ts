/** `serve`: the suite host alone, to look at what a receiver fetches. @module */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { readSetup, worldOf } from '../run/setup.ts'
import { openHost } from './open-host.ts'
import { FOLDER, UsageError, type Arguments } from './arguments.ts'
import { EXIT, type Surroundings } from './commands.ts'

const POLL_MS = 250

/** Serves until the process is told to end, and writes a line for every request. */
export async function serve(
  { folder = FOLDER, level, url, seed, hostPort }: Arguments,
  { out, terminal, stopping }: Surroundings,
): Promise<number> {
  if (level !== undefined || url !== undefined || seed !== undefined || hostPort !== undefined)
    throw new UsageError('serve: the setup says all this; write --in with its folder')
  const setup = readSetup(folder)
  if (setup.level === 'basic') throw new UsageError('serve: level basic needs no host')
  const host = await openHost(worldOf(setup, Date.now), setup.hostPort)
  terminal.write(`The suite host is at ${host.origin}; end it with Ctrl-C\n`)
  let shown = 0
  while (!stopping.aborted) {
    for (const { at, method, path } of host.hits.slice(shown)) out(`${new Date(at).toISOString()} ${method} ${path}\n`)
    shown = host.hits.length
    await Promise.race([pause(POLL_MS), once(stopping, 'abort')])
  }
  await host.close()
  return EXIT.ok
}
