/** Keeps which agents and tasks are suspended, over restarts and crashes (spec chapter 15.9). @module */
import { existsSync } from 'node:fs'
import { isObject, Malformed, membersOf, Refusal, type AgentName, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { MAX_REASON, readInterrupted } from './agent-bodies.ts'
import { replaceFile } from './durable-file.ts'
import { readStateFile } from './state-file.ts'

/** An agent, named by issuer and DID together, or a task. */
export type Interrupted = { readonly agent: AgentName } | { readonly task: string }

/** Something that is suspended. */
export interface Interrupt {
  readonly what: Interrupted
  /** The operator's words. */
  readonly reason: string | null
  /** Epoch seconds. */
  readonly since: number
}

/** What is suspended. */
export interface Interrupts {
  /**
   * Suspends at once here and durably when it returns; false when it was suspended before, which changes neither reason nor time.
   * Throws `overloaded` when there is no room, and what the system throws when it cannot be stored: then it ends with this process.
   */
  suspend(interrupt: Interrupt): boolean
  /** False when it was not suspended. Throws what the system throws when it cannot be stored: then it stays suspended. */
  resume(what: Interrupted): boolean
  list(): readonly Interrupt[]
  /** Why an agent with this path and task gets BLOCK, or `undefined`. */
  reasonFor(path: readonly AgentName[], task: string | undefined): 'agent_suspended' | 'task_suspended' | undefined
}

/** The file is written whole at each act: at most 4.4 MB, when every character of every reason is escaped. */
const MAX_INTERRUPTS = 2_000
const member = membersOf('ask_malformed')
const LIMITS = { maxBytes: 8_388_608, maxMembers: 20_000 }

/** Makes the file of a server whose operator has not interrupted anything yet; one that is there stays. */
export function createInterruptsFile(file: string): void {
  if (!existsSync(file)) replaceFile(file, format([]))
}

/** Reads the file. Throws `UsageError` when it is lost or damaged: then nobody knows who was suspended. */
export function openInterrupts(file: string): Interrupts {
  const lost = 'so that suspended agents would go on; put it back, or write {"interrupts":[]} into it to begin without interrupts'
  let all = new Map(readStateFile(file, lost, LIMITS, parse).map((interrupt) => [nameOf(interrupt.what), interrupt]))

  return {
    suspend(interrupt) {
      const name = nameOf(interrupt.what)
      const isNew = !all.has(name)
      if (isNew && all.size >= MAX_INTERRUPTS) throw new Refusal('overloaded', `${all.size} agents and tasks are suspended`)
      if (isNew) all.set(name, interrupt)
      // Also what is there already: it may not have been stored.
      replaceFile(file, format([...all.values()]))
      return isNew
    },
    resume(what) {
      const left = new Map(all)
      const was = left.delete(nameOf(what))
      if (was) replaceFile(file, format([...left.values()]))
      all = left
      return was
    },
    list: () => [...all.values()],
    reasonFor(path, task) {
      if (path.some((agent) => all.has(nameOf({ agent })))) return 'agent_suspended'
      return task !== undefined && all.has(nameOf({ task })) ? 'task_suspended' : undefined
    },
  }
}

/** No DID and no task has a space in it. */
function nameOf(what: Interrupted): string {
  return 'task' in what ? what.task : `${what.agent.issuer} ${what.agent.did}`
}

/** As it is shown and stored. */
export function showInterrupt({ what, reason, since }: Interrupt): JsonObject {
  return { ...('task' in what ? { task: what.task } : { agent: { ...what.agent } }), reason, since }
}

function format(interrupts: readonly Interrupt[]): string {
  return `${JSON.stringify({ interrupts: interrupts.map(showInterrupt) })}\n`
}

function parse(value: JsonValue): readonly Interrupt[] {
  const interrupts = isObject(value) ? value['interrupts'] : undefined
  if (!Array.isArray(interrupts)) throw new Malformed('"interrupts" is no list')
  if (interrupts.length > MAX_INTERRUPTS) throw new Malformed(`more than ${MAX_INTERRUPTS}`)
  return interrupts.map((one: JsonValue) => readInterrupt(one))
}

/** An interrupt in the form in which it is stored. Throws `ask_malformed`; whatever passes can be read again at the next start. */
export function readInterrupt(value: JsonValue): Interrupt {
  const stored = member.closed(value, 'an interrupt', ['reason', 'since'], ['agent', 'task'])
  const reason = member.textOrNull(stored, 'reason', MAX_REASON)
  return { what: readInterrupted(stored), reason, since: member.integer(stored, 'since', 0, Number.MAX_SAFE_INTEGER) }
}
