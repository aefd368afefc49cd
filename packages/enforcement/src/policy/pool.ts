/** Threads that evaluate packs: one question each at a time, a deadline, and a fresh thread after every breach (spec chapter 16). @module */
import { Refusal } from '@aiegis/protocol'
import { blocked, type LoadedPack, type Outcome } from './evaluate.ts'
import type { ServerQuestion } from './question.ts'
import { launch, type Thread, type ThreadOptions } from './thread.ts'

/** Milliseconds for one question; threads that run side by side. */
export interface PoolOptions extends ThreadOptions {
  readonly deadlineMs: number
  readonly threads: number
}

/** A set of threads with the same packs. */
export interface Pool {
  /** What the authors of the packs should look at. */
  readonly warnings: readonly string[]
  /**
   * Resolves always, but for `overloaded` when too many questions wait. One question without a passport is decided at a time, and only
   * when none with one waits: whoever asks without a signature costs nothing and must not delay those who sign.
   */
  decide(question: ServerQuestion): Promise<Outcome>
  /** Ends the threads once no question waits; those asked later are BLOCK. */
  close(): Promise<void>
}

interface Job {
  readonly question: ServerQuestion
  resolve(outcome: Outcome): void
}

interface Slot {
  thread: Thread
  readonly progress: Int32Array
  state: 'starting' | 'idle' | 'busy' | 'dead'
  job: Job | undefined
  timer: NodeJS.Timeout | undefined
}

const MAX_WAITING = 1_000
const MAX_UNSIGNED_WAITING = 250
const RESTART_MS = 1_000
/** Starts the threads and resolves when all have compiled the packs. Throws `PackRefused` when one cannot. */
export async function createPool(options: PoolOptions): Promise<Pool> {
  const signed: Job[] = []
  const unsigned: Job[] = []
  let closing = false
  let drained: (() => void) | undefined
  const slots = await startAll(options)

  function pump(): void {
    for (const slot of slots) {
      const job = slot.state === 'idle' ? nextJob() : undefined
      if (job !== undefined) run(slot, job)
    }
    if (closing && isEmpty() && slots.every(({ job }) => job === undefined)) drained?.()
  }

  function nextJob(): Job | undefined {
    const first = signed.shift()
    if (first !== undefined) return first
    // A thread that starts anew most likely broke over one of them: it is the one that they occupy.
    const occupied = slots.some(({ state, job }) => state === 'starting' || (job !== undefined && !isSigned(job)))
    return occupied ? undefined : unsigned.shift()
  }

  function isEmpty(): boolean {
    return signed.length === 0 && unsigned.length === 0
  }

  function run(slot: Slot, job: Job): void {
    slot.state = 'busy'
    slot.job = job
    slot.progress.fill(-1)
    slot.timer = setTimeout(() => setImmediate(() => expire(slot, job)), options.deadlineMs)
    try {
      slot.thread.worker.postMessage(job.question, [])
    } catch (error) {
      finish(slot, breach(options.packs, slot, `the question cannot be sent: ${String(error)}`))
    }
  }

  // A busy main thread may be late to read an answer that was in time; `setImmediate` lets it in first.
  function expire(slot: Slot, job: Job): void {
    if (slot.job !== job) return
    replace(slot, `timeout: no answer within ${options.deadlineMs} ms`)
  }

  function finish(slot: Slot, outcome: Outcome): void {
    const { job } = slot
    clearTimeout(slot.timer)
    slot.job = undefined
    if (slot.state === 'busy') slot.state = 'idle'
    job?.resolve(outcome)
    pump()
  }

  /** Ends a thread that broke or is late; its question is BLOCK, the next one meets a fresh thread. */
  function replace(slot: Slot, why: string): void {
    const outcome = breach(options.packs, slot, why)
    void end(slot)
    if (!closing || !isEmpty()) restart(slot)
    finish(slot, outcome)
  }

  function restart(slot: Slot): void {
    slot.state = 'starting'
    launch(options, slot.progress).then(
      (thread) => {
        slot.thread = thread
        if (slot.state === 'dead') {
          void end(slot)
          return
        }
        slot.state = 'idle'
        watch(slot)
        pump()
      },
      () => {
        // It compiled before, so the machine is at fault: answer what waits, and try again in a while.
        for (const job of [...signed.splice(0), ...unsigned.splice(0)])
          job.resolve(breach(options.packs, undefined, 'worker: the thread cannot be started'))
        setTimeout(() => (slot.state === 'dead' ? undefined : restart(slot)), RESTART_MS).unref()
        pump()
      },
    )
  }

  function watch(slot: Slot): void {
    slot.thread.heard = (answer) => {
      if (typeof answer === 'string') replace(slot, `worker: ${answer}`)
      else if (answer.kind === 'outcome') finish(slot, answer.outcome)
    }
  }

  for (const slot of slots) watch(slot)
  return {
    warnings: slots[0]?.thread.warnings ?? [],
    decide(question) {
      if (closing) return Promise.resolve(breach(options.packs, undefined, 'the pool is closed'))
      const [queue, most] = question.passport === null ? [unsigned, MAX_UNSIGNED_WAITING] : [signed, MAX_WAITING]
      if (queue.length >= most) return Promise.reject(new Refusal('overloaded', `${most} questions wait for policy`))
      return new Promise((resolve) => {
        queue.push({ question, resolve })
        pump()
      })
    },
    async close() {
      closing = true
      await new Promise<void>((resolve) => {
        drained = resolve
        pump()
      })
      await Promise.all(slots.map(end))
    },
  }
}

function isSigned({ question }: Job): boolean {
  return question.passport !== null
}

async function startAll(options: PoolOptions): Promise<readonly Slot[]> {
  const started = await Promise.allSettled(
    Array.from({ length: options.threads }, async (): Promise<Slot> => {
      const progress = new Int32Array(new SharedArrayBuffer(8))
      return { thread: await launch(options, progress), progress, state: 'idle', job: undefined, timer: undefined }
    }),
  )
  const slots = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed === undefined) return slots
  for (const slot of slots) void end(slot)
  throw failed.reason
}

/** Ends a thread and stops listening to it. */
async function end(slot: Slot): Promise<void> {
  slot.state = 'dead'
  slot.thread.heard = () => undefined
  await slot.thread.worker.terminate()
}

/** BLOCK with `policy_error`, naming the rule that was running where that is known. */
function breach(packs: readonly LoadedPack[], slot: Slot | undefined, why: string): Outcome {
  const pack = packs[slot?.progress[0] ?? -1]
  const rule = pack?.rules[slot?.progress[1] ?? -1]
  return {
    verdict: blocked('policy_error', pack?.pack_id ?? null, rule?.rule_id ?? null, rule?.layer ?? null),
    fuel: 0,
    fault: why,
  }
}
