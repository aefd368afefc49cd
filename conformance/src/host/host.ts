/** The suite host: one process that plays every peer of a receiver, notes who asked for what, and has doors that nobody may knock at. @module */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { createServer as createTrap, type Server as Trap } from 'node:net'
import type { HostControl } from '../run/bench.ts'
import { SECURE, SECURE_OFFSET } from '../build/index.ts'
import { answer, type Resource } from './answer.ts'
import type { Certificate } from './certificates.ts'
import { BehaviourError, parseBehaviour, type Behaviour } from './behaviour.ts'

/** One request that the host got. */
export interface Hit {
  /** Epoch milliseconds. */
  readonly at: number
  readonly method: string
  readonly path: string
}

export interface Host extends HostControl {
  readonly origin: string
  readonly hits: readonly Hit[]
  close(): Promise<void>
}

export interface HostOptions {
  /** Port of the host; the ports after it are traps. 0 for any. */
  readonly port: number
  /** What the host serves where no script says otherwise: DID documents, status lists, tiles. */
  readonly resources: (path: string) => Resource | undefined
  /** Served over TLS at the ports after the traps, one each. */
  readonly certificates?: readonly Certificate[]
}

/** How many ports after that of the host must never be asked. */
export const TRAPS = 3
/** All ports of the host, its own first. */
export const HOST_PORTS: number = 1 + TRAPS + SECURE.length
const MAX_HITS = 100_000

interface Script {
  readonly behaviour: Behaviour
  readonly since: number
  asked: number
}

/** Starts the host on loopback. Rejects when a port is in use. */
export async function startHost({ port, resources, certificates = [] }: HostOptions): Promise<Host> {
  const hits: Hit[] = []
  const trespasses: string[] = []
  const scripts = new Map<string, Script>()
  const note = ({ method = '', url = '' }: IncomingMessage): void => {
    if (hits.length < MAX_HITS) hits.push({ at: Date.now(), method, path: url })
  }
  const handle: RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    note(request)
    const script = scripts.get(path)
    const moment = { asked: script?.asked ?? 0, secondsSince: (Date.now() - (script?.since ?? 0)) / 1000, find: resources }
    if (script) script.asked += 1
    const resource = resources(path)
    const behaviour = script?.behaviour ?? parseBehaviour(resource?.behaviour ?? [], path)
    answer(response, resource, behaviour, moment).catch(() => response.destroy())
  }
  const opened: (Server | Trap)[] = []
  const open = async <T extends Server | Trap>(made: T, at: number, name: string): Promise<T> => {
    await listen(made, at, name)
    opened.push(made)
    return made
  }
  const close = async (): Promise<void> => {
    for (const each of opened) if ('closeAllConnections' in each) each.closeAllConnections()
    await Promise.all(opened.map((each) => new Promise((resolve) => each.close(resolve))))
  }
  let own = port
  try {
    own = portOf(await open(createServer(handle), port, '127.0.0.1'))
    // Where there is no IPv6, `localhost` is the other one.
    await open(createServer(handle), own, '::1').catch(() => undefined)
    for (const trap of port === 0 ? [] : Array.from({ length: TRAPS }, (_, at) => own + 1 + at))
      await open(
        createTrapAt(() => trespasses.push(`somebody connected to port ${trap}, where nobody may be asked`)),
        trap,
        '127.0.0.1',
      )
    // Over TLS the name of this machine is asked for at both of its addresses too.
    for (const [at, certificate] of certificates.entries()) {
      const secure = own + SECURE_OFFSET + at
      await open(createSecure(certificate, handle), secure, '127.0.0.1')
      await open(createSecure(certificate, handle), secure, '::1').catch(() => undefined)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    origin: `http://localhost:${own}`,
    hits,
    script(caseId, script) {
      for (const [path, value] of Object.entries(script)) {
        if (!path.startsWith('/')) throw new BehaviourError(`${caseId}: host: a path begins with /, unlike ${path}`)
        scripts.set(path.replaceAll('{case}', caseId), {
          behaviour: parseBehaviour(value, `${caseId}: host ${path}`),
          since: Date.now(),
          asked: 0,
        })
      }
    },
    hitsOf: (path) => hits.filter((hit) => hit.path === path).length,
    takeTrespasses: () => trespasses.splice(0),
    close,
  }
}

/** A server that answers nothing and tells when somebody comes. */
function createTrapAt(onVisit: () => void): Trap {
  return createTrap((socket) => {
    onVisit()
    socket.destroy()
  })
}

function listen(server: Server | Trap, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
