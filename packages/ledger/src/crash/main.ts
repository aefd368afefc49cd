/** `npm run crash -- --count N [--store sqlite | thread | tiles] [--json]`: kills a process that appends to a log N times and counts what is lost. @module */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isCrashStore, type CrashStore } from './load.ts'
import { LogLost } from './published.ts'
import { crashRounds } from './rounds.ts'

const USAGE =
  'usage: npm run crash -- [--count N] [--store sqlite | thread | tiles] [--json]      N rounds, 20 unless said otherwise; in SQLite unless said otherwise'

process.exitCode = await main(process.argv.slice(2))

/** 0 when nothing was lost, 1 when something was, 2 for a wrong call, 4 when the test itself failed. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    console.error(USAGE)
    return 2
  }
  const directory = await mkdtemp(join(tmpdir(), 'aiegis-crash-'))
  try {
    const child = fileURLToPath(new URL('child.js', import.meta.url))
    const result = await crashRounds({ count: options.count, store: options.store, directory, child, random: Math.random })
    const { rounds, released, missing, inconsistent } = result
    console.log(
      options.json
        ? JSON.stringify(result)
        : `rounds ${rounds}, released ${released}, missing ${missing}, inconsistent ${inconsistent}`,
    )
    const lost = missing + inconsistent > 0
    if (lost) console.error(`the log is kept in ${directory}`)
    else await rm(directory, { recursive: true })
    return lost ? 1 : 0
  } catch (error) {
    console.error(error)
    console.error(`the log is kept in ${directory}`)
    return error instanceof LogLost ? 1 : 4
  }
}

function readOptions(
  args: readonly string[],
): { readonly count: number; readonly store: CrashStore; readonly json: boolean } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '20' },
        store: { type: 'string', default: 'sqlite' },
        json: { type: 'boolean', default: false },
      },
    })
    const { count, store, json } = values
    return /^[1-9][0-9]{0,5}$/.test(count) && isCrashStore(store) ? { count: Number(count), store, json } : undefined
  } catch (error) {
    // parseArgs throws TypeError for what it does not know.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
