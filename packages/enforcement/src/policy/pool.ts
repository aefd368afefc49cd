/** Threads that evaluate packs: one question each at a time, a deadline, and a fresh thread after every breach (spec chapter 16). @module */
import { Worker } from 'node:worker_threads'
import { Refusal } from '@aiegis/protocol'
import { blocked, type LoadedPack, type Outcome } from './evaluate.ts'
import { PackRefused } from './pack-refused.ts'
import type { ServerQuestion } from './question.ts'
import type { WorkerAnswer, WorkerStart } from './worker.ts'

/** Milliseconds for one question and for compiling all packs; threads that run side by side. */
export interface PoolOptions {
  readonly packs: readonly LoadedPack[]
  readonly deadlineMs: number
  readonly compileMs: number
  readonly threads: number
  /** What the threads run; the built `worker.js` unless a test brings its own. */
  readonly entry?: URL
}

/** A set of threads with the same packs. */
export interface Pool {
  /** What the authors of the packs should look at. */
  readonly warnings: readonly string[]
  /** Resolves always, but for `overloaded` when too many questions wait. */
  decide(question: ServerQuestion): Promise<Outcome>
  /** Ends the threads once no question waits; those asked later are BLOCK. */
  close(): Promise<void>
}

interface Job {
  readonly question: ServerQuestion
  resolve(outcome: Outcome): void
}

/** `heard` is called with each answer, or with the reason why none will come any more. */
interface Thread {
  readonly worker: Worker
  warnings: readonly string[]
  heard: (answer: WorkerAnswer | string) => void
}

interface Slot {
  thread: Thread
  readonly progress: Int32Array
  state: 'starting' | 'idle' | 'busy' | 'dead'
  job: Job | undefined
  timer: NodeJS.Timeout | undefined
}

const MAX_WAITING = 1_000
const RESTART_MS = 1_000
const START_MS = 60_000
/** On Node 20 a thread cannot start from TypeScript: tests use the built file. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/policy/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url)
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, codeRangeSizeMb: 16, stackSizeMb: 4 }

/** Starts the threads and resolves when all have compiled the packs. Throws `PackRefused` when one cannot. */
export async function createPool(options: PoolOptions): Promise<Pool> {
  const queue: Job[] = []
  let closing = false
  let drained: (() => void) | undefined
  const slots = await startAll(options)

  function pump(): void {
    for (const slot of slots) {
      const job = slot.state === 'idle' ? queue.shift() : undefined
      if (job !== undefined) run(slot, job)
    }
    if (closing && queue.length === 0 && slots.every(({ job }) => job === undefined)) drained?.()
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
    if (!closing || queue.length > 0) restart(slot)
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
        for (const job of queue.splice(0)) job.resolve(breach(options.packs, undefined, 'worker: the thread cannot be started'))
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
      if (queue.length >= MAX_WAITING)
        return Promise.reject(new Refusal('overloaded', `${MAX_WAITING} questions wait for policy`))
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

/** A thread that has compiled the packs. Its environment is empty and it has no input; what it could print is dropped. */
function launch({ packs, compileMs, entry = ENTRY }: PoolOptions, progress: Int32Array): Promise<Thread> {
  const workerData: WorkerStart = { packs, progress: toShared(progress) }
  const worker = new Worker(entry, {
    workerData,
    resourceLimits: MEMORY,
    env: {},
    execArgv: [],
    argv: [],
    stdout: true,
    stderr: true,
  })
  const thread: Thread = { worker, warnings: [], heard: () => undefined }
  worker.on('message', (answer: WorkerAnswer) => thread.heard(answer))
  worker.on('error', (error) => thread.heard(String(error)))
  worker.on('exit', () => thread.heard('the thread ended'))
  worker.unref()
  const files = packs.map(({ file }) => file).join(', ')
  return new Promise((resolve, reject) => {
    const refuse = (error: PackRefused): void => {
      clearTimeout(timer)
      thread.heard = () => undefined
      void worker.terminate()
      reject(error)
    }
    const late = (what: string, ms: number): NodeJS.Timeout =>
      setTimeout(() => refuse(new PackRefused({ file: files }, `${what} took longer than ${ms} ms; make them smaller`)), ms)
    // How long a machine takes to start a thread is not the pack's fault.
    let timer = late('starting the thread for the rules', START_MS)
    thread.heard = (answer) => {
      if (typeof answer === 'string')
        return refuse(new PackRefused({ file: files }, `the rules could not be compiled (${answer})`))
      if (answer.kind === 'refused') return refuse(new SentenceRefused(answer.sentence))
      clearTimeout(timer)
      if (answer.kind === 'started') timer = late('compiling the rules', compileMs)
      if (answer.kind !== 'ready') return
      thread.warnings = answer.warnings
      resolve(thread)
    }
  })
}

/** A refusal that was already put into a sentence, with its file and rule, in the other thread. */
class SentenceRefused extends PackRefused {
  constructor(sentence: string) {
    super({ file: '' }, '')
    this.message = sentence
  }
}

function toShared(array: Int32Array): SharedArrayBuffer {
  if (array.buffer instanceof SharedArrayBuffer) return array.buffer
  throw new TypeError('progress is not shared')
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
