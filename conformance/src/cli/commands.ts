/** What each command does; resolves to the exit code. @module */
import { resolve } from 'node:path'
import type { Terminal } from '../report/terminal.ts'
import { choose, includes, LEVELS, misnamed, readCatalogue } from '../run/plan.ts'
import { readKills } from '../run/kills.ts'
import { originOf, writeSetup, type Setup } from '../run/setup.ts'
import { FOLDER, UsageError, type Arguments } from './arguments.ts'

/** Exit codes (FORMATS): the same for every tool of this project. */
export const EXIT = { ok: 0, nonconformant: 1, usage: 2, unreachable: 3, fault: 4 } as const

/** What the process around the commands gives them. */
export interface Surroundings {
  /** Results that a program reads. */
  readonly out: (text: string) => void
  /** Progress, for people. */
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Called with what has to be undone when the process is told to end. */
  readonly onStop: (undo: () => Promise<void>) => void
  /** Aborted when the process is told to end. */
  readonly stopping: AbortSignal
}

export const HOST_PORT = 7357

export async function init(asked: Arguments, { out }: Surroundings): Promise<number> {
  const { url, level = 'basic', seed = 'aiegis', hostPort = HOST_PORT, folder = FOLDER, json } = asked
  if (url === undefined)
    throw new UsageError('init: write --url with the origin of the receiver, for example --url http://127.0.0.1:3000')
  const setup: Setup = { url: originOf(url), level, seed, hostPort }
  const paths = writeSetup(folder, setup, Date.now)
  const trust = resolve(paths.trust)
  if (json) out(`${JSON.stringify({ trust, setup: resolve(paths.setup) })}\n`)
  else
    out(
      `The trust bundle for level ${level} is ${trust}\nLoad it in your receiver: AIEGIS_TRUST=${trust}\nThen: npm run conformance -- run${folder === FOLDER ? '' : ` --in ${folder}`}\n`,
    )
  return EXIT.ok
}

export async function list({ level = 'full', only, json }: Arguments, { out }: Surroundings): Promise<number> {
  const all = readCatalogue().cases
  const wrong = misnamed(all, only)
  if (wrong !== undefined) throw new UsageError(wrong)
  const cases = choose(all, only)
    .filter((each) => includes(level, each.level))
    .toSorted((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level))
  if (cases.length === 0) throw new UsageError('list: no case fits')
  const killed = readKills()
  const rows = cases.map(({ id, group, title, level: own, must, side }) => {
    return { id, group, level: own, side, must, title, kills: killed.get(id) ?? [] }
  })
  out(
    json
      ? `${JSON.stringify(rows)}\n`
      : rows.map(({ id, level: own, side, title }) => `${id.padEnd(40)} ${own.padEnd(8)} ${side.padEnd(6)} ${title}\n`).join(''),
  )
  return EXIT.ok
}
