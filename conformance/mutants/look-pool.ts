/** Processes that judge requests with one defect after the other; each of them is replaced before it has grown large. @module */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Codes, Question } from './look-receiver.ts'
import { MUTANTS } from './mutant.ts'

/** Judges one question after the other in each process. */
export interface Pool {
  /** `null` when nothing could be judged: the verifier could not be made, or the process ended or took too long. */
  codesOf(question: Question): Promise<Codes>
  close(): void
}

/** Each of them waits most of the time, for lists and documents that do not come. */
const PROCESSES = 6
const RECEIVER = fileURLToPath(new URL('dist/look-receiver.js', MUTANTS))
/** What was loaded once stays loaded: some megabytes for each defect. */
const QUESTIONS = 50
const TOO_LONG = 120_000

/** Starts no process before it is asked. `file` holds the requests. */
export function createPool(file: string): Pool {
  const places = Array.from({ length: PROCESSES }, () => createPlace(file))
  return {
    codesOf(question) {
      const [least] = places.toSorted((one, other) => one.waiting() - other.waiting())
      return least === undefined ? Promise.resolve(null) : least.codesOf(question)
    },
    close() {
      for (const place of places) place.close()
    },
  }
}

function createPlace(file: string): Pool & { waiting(): number } {
  let child: ChildProcess | undefined
  let asked = 0
  let waiting = 0
  let turn: Promise<unknown> = Promise.resolve()
  const close = (): void => {
    child?.kill('SIGKILL')
    child = undefined
  }
  const ask = async (question: Question): Promise<Codes> => {
    if (asked % QUESTIONS === 0) close()
    asked += 1
    child ??= fork(RECEIVER, [file], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const codes = await answerOf(child, question)
    if (codes === undefined) close()
    return codes ?? null
  }
  return {
    waiting: () => waiting,
    codesOf(question) {
      waiting += 1
      const codes = turn.then(() => ask(question))
      turn = codes.finally(() => (waiting -= 1))
      return codes
    },
    close,
  }
}

/** `undefined` when the process is of no use any more. */
function answerOf(child: ChildProcess, question: Question): Promise<Codes | undefined> {
  return new Promise((resolve) => {
    const end = (codes: Codes | undefined): void => {
      clearTimeout(timer)
      child.off('message', end).off('exit', gone).off('error', gone)
      resolve(codes)
    }
    const gone = (): void => end(undefined)
    const timer = setTimeout(gone, TOO_LONG)
    child.on('message', end).on('exit', gone).on('error', gone)
    child.send(question)
  })
}
