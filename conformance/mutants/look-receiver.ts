/** A process that judges requests of a file with one defect after the other, as its parent says, and answers with the exact codes. @module */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { MessageChannel } from 'node:worker_threads'
import type { judge, Look } from './look-judge.ts'
import type { Mutant } from './mutant.ts'

/** What is to be judged: requests by their places in the file. */
export interface Question {
  readonly mutant: Mutant | undefined
  readonly places: readonly number[]
}

/** Exact codes, or `null` when nothing could be judged. */
export type Codes = readonly string[] | null

const look: Look = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const { port1, port2 } = new MessageChannel()
register(new URL('look-loader.js', import.meta.url), { data: port2, transferList: [port2] })
let copies = 0

process.on('message', (question: Question) => {
  void codesOf(question)
    .catch(() => null)
    .then((codes: Codes) => process.send?.(codes))
})

async function codesOf({ mutant, places }: Question): Promise<Codes> {
  copies += 1
  port1.postMessage({ copy: String(copies), mutant })
  await once(port1, 'message')
  const copy: { readonly judge: typeof judge } = await import(`./look-judge.js?copy=${copies}`)
  return copy.judge(look, places)
}
