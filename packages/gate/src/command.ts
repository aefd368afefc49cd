/** What the command `aiegis-gate` does: starts a gate as its flags say, with the trust bundle of the machine (spec chapters 14.3 and 21). @module */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Actions } from '@aiegis/verifier'
import { contextKeyFile } from '@aiegis/verifier/node'
import { startGate, type Gate, type GateOptions } from './gate.ts'
import { PROXIES } from './original.ts'

const USAGE = `usage: aiegis-gate --proxy ${PROXIES.join('|')} [--port 18085 | --socket PATH] [--actions FILE]
                   [--context-key FILE --context-kid DID#NAME --context-audience NAME]

Asked by nginx or Envoy on this machine, it says which requests carry valid evidence. Whom it trusts is in the file that AIEGIS_TRUST names.
--actions: a JSON file such as { "POST /orders": "orders.create" }. --context-…: signs for the application who acts (off by default).
Exit code 1: it cannot start, and why. 2: wrong call. 4: own fault.`

/** Where a command writes, and where relative names of files begin. */
export interface CommandPorts {
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
  readonly directory: string
}

/** Starts the gate, or resolves to the exit code. Rejects only for defects. */
export async function runGate(args: readonly string[], ports: CommandPorts): Promise<Gate | 1 | 2> {
  const values = valuesIn(args)
  if (values === undefined) {
    ports.complain(USAGE)
    return 2
  }
  try {
    const gate = await startGate(optionsOf(values, ports))
    ports.print(`gate for ${values.proxy} listens on ${gate.address}`)
    return gate
  } catch (error) {
    const isExpected =
      error instanceof TypeError || (error instanceof Error && /EADDRINUSE|EADDRNOTAVAIL|EACCES|ENOENT/.test(error.message))
    if (!isExpected) throw error
    ports.complain(error.message)
    return 1
  }
}

type Values = Readonly<Record<string, string | undefined>>

const FLAGS = ['proxy', 'port', 'socket', 'actions', 'context-key', 'context-kid', 'context-audience'] as const
const CONTEXT = ['context-key', 'context-kid', 'context-audience'] as const

/** `undefined` for a call that cannot be meant. */
function valuesIn(args: readonly string[]): Values | undefined {
  try {
    const options = Object.fromEntries(FLAGS.map((name) => [name, { type: 'string' }] as const))
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false })
    const isProxy = PROXIES.some((proxy) => proxy === values['proxy'])
    const given = CONTEXT.filter((name) => values[name] !== undefined).length
    const isPlaced = values['port'] === undefined || (values['socket'] === undefined && /^[0-9]{1,5}$/.test(values['port']))
    return isProxy && isPlaced && (given === 0 || given === CONTEXT.length) ? values : undefined
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function optionsOf(values: Values, { directory, complain }: CommandPorts): GateOptions {
  const { proxy, port, socket, actions } = values
  const { 'context-key': key, 'context-kid': kid, 'context-audience': audience } = values
  const known = PROXIES.find((name) => name === proxy)
  if (known === undefined) throw new TypeError(`--proxy: write one of ${PROXIES.join(', ')}`)
  const isSigned = key !== undefined && kid !== undefined && audience !== undefined
  return {
    proxy: known,
    log: complain,
    ...(socket === undefined ? {} : { listen: { path: resolve(directory, socket) } }),
    ...(port === undefined ? {} : { listen: { port: Number(port) } }),
    ...(actions === undefined ? {} : { actions: actionsIn(resolve(directory, actions)) }),
    ...(isSigned ? { context: { signer: contextKeyFile(resolve(directory, key), kid), audience } } : {}),
  }
}

function actionsIn(path: string): Actions {
  const value = parsed(path)
  if (isActions(value)) return value
  throw new TypeError(`--actions ${path}: write an object, such as { "POST /orders": "orders.create" }`)
}

/** What an entry may say is looked at where the map is made. */
function isActions(value: unknown): value is Actions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((entry) => typeof entry === 'string' || (typeof entry === 'object' && entry !== null))
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new TypeError(`--actions ${path}: it cannot be read as JSON (${error instanceof Error ? error.message : ''})`, {
      cause: error,
    })
  }
}
