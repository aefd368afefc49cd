/** Starts one thread and waits until it has compiled the packs (spec chapter 16, isolation). @module */
import { Worker } from 'node:worker_threads'
import type { LoadedPack } from './evaluate.ts'
import { PackRefused } from './pack-refused.ts'
import type { WorkerAnswer, WorkerStart } from './worker.ts'

/** What a thread runs. `compileMs` is for all packs; `entry` the built `worker.js` unless a test brings its own. */
export interface ThreadOptions {
  readonly packs: readonly LoadedPack[]
  readonly compileMs: number
  readonly entry?: URL
}

/** `heard` is called with each answer, or with the reason why none will come any more. */
export interface Thread {
  readonly worker: Worker
  warnings: readonly string[]
  heard: (answer: WorkerAnswer | string) => void
}

const START_MS = 60_000
/** On Node 20 a thread cannot start from TypeScript: tests use the built file. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/policy/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url)
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, codeRangeSizeMb: 16, stackSizeMb: 4 }

/**
 * A thread that has compiled the packs. Its environment is empty and it has no input; what it could print is dropped. Rejects with
 * `PackRefused`. `progress` is where it writes the indexes of the pack and the rule that run.
 */
export function launch({ packs, compileMs, entry = ENTRY }: ThreadOptions, progress: Int32Array): Promise<Thread> {
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
