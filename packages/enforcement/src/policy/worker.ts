/** The thread in which packs are compiled and evaluated, so that no pack can stop the server (spec chapter 16, isolation). @module */
import { parentPort, workerData } from 'node:worker_threads'
import { compilePacks, decide, warningsOf, type CompiledPack, type LoadedPack, type Outcome } from './evaluate.ts'
import { PackRefused } from './pack-refused.ts'
import type { ServerQuestion } from './question.ts'

/** What the thread is started with. `progress` holds the indexes of the pack and the rule that run, for the time when it is ended. */
export interface WorkerStart {
  readonly packs: readonly LoadedPack[]
  readonly progress: SharedArrayBuffer
}

/** First that the thread runs, then that the packs compiled or why not, then one answer for each question. */
export type WorkerAnswer =
  | { readonly kind: 'started' }
  | { readonly kind: 'ready'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }

function start(port: NonNullable<typeof parentPort>, { packs, progress }: WorkerStart): void {
  const post = (answer: WorkerAnswer): void => port.postMessage(answer)
  const at = new Int32Array(progress)
  post({ kind: 'started' })
  const compiled = compile(packs)
  if (compiled instanceof PackRefused) {
    post({ kind: 'refused', sentence: compiled.message })
    return
  }
  port.on('message', (question: ServerQuestion) => {
    const outcome = decide(compiled, question, (pack, rule) => {
      Atomics.store(at, 0, pack)
      Atomics.store(at, 1, rule)
    })
    post({ kind: 'outcome', outcome })
  })
  post({ kind: 'ready', warnings: warningsOf(compiled) })
}

function compile(packs: readonly LoadedPack[]): readonly CompiledPack[] | PackRefused {
  try {
    return compilePacks(packs)
  } catch (error) {
    if (error instanceof PackRefused) return error
    throw error
  }
}

// `workerData` is what `pool.ts` passed and nobody else can: this file is only ever the start of that thread.
if (parentPort !== null) start(parentPort, workerData)
