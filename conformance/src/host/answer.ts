/** Carries out what a resource is told to do, down to its bytes. @module */
import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { gzippedZeros } from '../bytes.ts'
import type { Behaviour, Instruction } from './behaviour.ts'

/** What a resource is when it behaves. */
export interface Resource {
  readonly type: string
  readonly bytes: Uint8Array
  /** How it is served where no case says otherwise, as cases write it. */
  readonly behaviour?: readonly unknown[]
}

/** What a script needs to know of its resource. */
export interface Moment {
  /** How often the resource was asked for since the script was given, this time not counted. */
  readonly asked: number
  readonly secondsSince: number
  /** The content of another resource. */
  readonly find: (path: string) => Resource | undefined
}

interface Answer {
  status: number
  headers: [string, string][]
  bytes: Uint8Array
  delay: number
  trickle: readonly [number, number] | undefined
  /** Content ends here: `truncate` in good order, `reset` not. */
  stop: { readonly after: number; readonly reset: boolean } | undefined
  hang: boolean
}

/** Answers one request. A resource that is unknown and has no script is 404. */
export async function answer(
  response: ServerResponse,
  resource: Resource | undefined,
  behaviour: Behaviour,
  moment: Moment,
): Promise<void> {
  const plan = planOf(resource)
  apply(plan, behaviour, moment)
  if (plan.hang) return
  // Nobody waits for an answer that is no longer wanted: no pause keeps the process alive.
  if (plan.delay > 0) await pause(plan.delay, undefined, UNHELD)
  response.writeHead(plan.status, [...plan.headers, ['Content-Length', String(plan.bytes.length)] as const].flat())
  response.flushHeaders()
  const end = plan.stop?.after ?? plan.bytes.length
  const step = plan.trickle?.[0] ?? plan.bytes.length
  for (let at = 0; at < end && !response.destroyed; at += step) {
    response.write(plan.bytes.subarray(at, Math.min(at + step, end)))
    if (plan.trickle) await pause(plan.trickle[1], undefined, UNHELD)
  }
  if (plan.stop === undefined) return void response.end()
  // What was written has to be on its way first.
  await pause(20)
  if (plan.stop.reset) response.socket?.resetAndDestroy()
  else response.socket?.destroySoon()
}

const UNHELD = { ref: false }

function planOf(resource: Resource | undefined): Answer {
  const base = { headers: [] as [string, string][], delay: 0, trickle: undefined, stop: undefined, hang: false }
  if (resource === undefined) return { ...base, status: 404, bytes: new Uint8Array() }
  return { ...base, status: 200, headers: [['Content-Type', resource.type]], bytes: resource.bytes }
}

function apply(plan: Answer, behaviour: Behaviour, moment: Moment): void {
  for (const instruction of behaviour) follow(plan, instruction, moment)
}

function follow(plan: Answer, instruction: Instruction, moment: Moment): void {
  if ('status' in instruction) plan.status = instruction.status
  else if ('header' in instruction) setHeader(plan, ...instruction.header)
  else if ('delay' in instruction) plan.delay += instruction.delay
  else if ('trickle' in instruction) plan.trickle = instruction.trickle
  else if ('truncate' in instruction) plan.stop = { after: instruction.truncate, reset: false }
  else if ('reset' in instruction) plan.stop = { after: instruction.reset, reset: true }
  else if ('hang' in instruction) plan.hang = true
  else followContent(plan, instruction, moment)
}

function followContent(plan: Answer, instruction: Instruction, moment: Moment): void {
  if ('redirect' in instruction) {
    plan.status = 302
    setHeader(plan, 'Location', instruction.redirect)
    plan.bytes = new Uint8Array()
  } else if ('size' in instruction) setContent(plan, new Uint8Array(instruction.size).fill(0x20))
  else if ('gzipbomb' in instruction) setCoded(plan, gzippedZeros(instruction.gzipbomb))
  else if ('gzip' in instruction) setCoded(plan, gzipSync(plan.bytes))
  else if ('body' in instruction) setContent(plan, Buffer.from(instruction.body))
  else if ('resource' in instruction) {
    const other = moment.find(instruction.resource)
    plan.status = other === undefined ? 404 : 200
    if (other) setHeader(plan, 'Content-Type', other.type)
    plan.bytes = other?.bytes ?? new Uint8Array()
  } else if ('sequence' in instruction) {
    const at = Math.min(moment.asked, instruction.sequence.length - 1)
    apply(plan, instruction.sequence[at] ?? [], moment)
  } else if ('until' in instruction) {
    const [seconds, before, after] = instruction.until
    apply(plan, moment.secondsSince < seconds ? before : after, moment)
  }
}

function setContent(plan: Answer, bytes: Uint8Array): void {
  if (plan.status === 404) plan.status = 200
  plan.bytes = bytes
}

function setCoded(plan: Answer, bytes: Uint8Array): void {
  setContent(plan, bytes)
  setHeader(plan, 'Content-Encoding', 'gzip')
}

function setHeader(plan: Answer, name: string, value: string): void {
  plan.headers = [...plan.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase()), [name, value]]
}
