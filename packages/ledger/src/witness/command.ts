/** What the command `aiegis-witness` does: runs a witness for the logs that it is told (spec chapter 17.8). @module */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { defaultCrypto, Malformed, parseVkey } from '@aiegis/protocol'
import { loadWitnessKey } from './key.ts'
import { serveWitness } from './server.ts'
import { openWitnessStore } from './store.ts'
import { createWitness } from './witness.ts'

/** The address where it listens unless told otherwise. */
const PORT = 18_086
const HOST = '127.0.0.1'

const USAGE = `usage: aiegis-witness --name NAME --log VKEY [--log VKEY ...] [--state .aiegis] [--port ${PORT}]
       [--host ${HOST}]

NAME is in every signature of the witness: by custom an URL without scheme, such as
witness.example. VKEY is the verifier key of a log whose heads are signed; its name is the
origin. The directory of the state has the key and what was signed; it is made when it is not
there. Never restore it from an old copy.
Exit code 1: refused, 2: wrong call, 4: own fault.`

/** A witness that runs. */
export interface RunningWitness {
  readonly port: number
  readonly vkey: string
  close(): Promise<void>
}

/** Where a command writes. */
export interface WitnessPorts {
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Starts the witness, or resolves to the exit code. Rejects only for defects. */
export async function startWitness(args: readonly string[], ports: WitnessPorts): Promise<RunningWitness | 1 | 2> {
  const call = readCall(args)
  if (call === undefined) {
    ports.complain(USAGE)
    return 2
  }
  try {
    const running = await start(call, ports)
    ports.print(running.vkey)
    ports.print(`witness ${call.name} listens on ${call.host}:${running.port}; state in ${call.state}`)
    return running
  } catch (error) {
    const isExpected = error instanceof TypeError || error instanceof Malformed
    if (
      !isExpected &&
      !(error instanceof Error && /^ledger: |EADDRINUSE|EADDRNOTAVAIL|EACCES|EEXIST|ENOTDIR|ENOTFOUND/.test(error.message))
    )
      throw error
    ports.complain(error.message)
    return 1
  }
}

async function start({ name, logs, state, port, host }: Call, { complain }: WitnessPorts): Promise<RunningWitness> {
  const crypto = defaultCrypto()
  const keys = logs.map((log) => parseVkey(log, crypto))
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const [keyFile, file] = [join(state, 'witness.key'), join(state, 'witness.db')]
  // With the key and without its memory it would sign anything once more. The memory is made first, so a key never comes before it.
  if (existsSync(keyFile) && !(existsSync(file) && statSync(file).size > 0))
    throw new Error(
      `ledger: ${file} is missing or empty, and its key would sign what it refused before; put it back, or remove ${keyFile} for a new key`,
    )
  const store = await openWitnessStore(file)
  try {
    const signer = loadWitnessKey(keyFile, name, true)
    const witness = createWitness({ name, signer, logs: keys, store, crypto, now: Date.now })
    const onFault = (error: unknown): void => complain(error instanceof Error ? error.message : String(error))
    const server = await serveWitness(witness, { port, host, onFault })
    return {
      port: server.port,
      vkey: witness.vkey,
      async close() {
        await server.close()
        store.close()
      },
    }
  } catch (error) {
    store.close()
    throw error
  }
}

interface Call {
  readonly name: string
  readonly logs: readonly string[]
  readonly state: string
  readonly port: number
  readonly host: string
}

function readCall(args: readonly string[]): Call | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        name: { type: 'string' },
        log: { type: 'string', multiple: true },
        state: { type: 'string', default: '.aiegis' },
        port: { type: 'string', default: String(PORT) },
        host: { type: 'string', default: HOST },
      },
    })
    const { name, log, state, port, host } = values
    const isPort = /^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535
    return name === undefined || log === undefined || !isPort ? undefined : { name, logs: log, state, port: Number(port), host }
  } catch (error) {
    // parseArgs throws TypeError for what it does not know.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
