/** Answers lines one after the other, so that the order of answers is that of the lines and a slow reader slows the sender. @module */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { answer, MAX_LINE } from './answer.ts'
import { linesOf } from './lines.ts'
import { OPERATIONS, type Operation } from './operations.ts'

/** Reads until `source` ends. `more` are operations beside those of the protocol. */
export async function serveVectors(
  source: AsyncIterable<Uint8Array>,
  target: Writable,
  more: Iterable<readonly [string, Operation]> = [],
): Promise<void> {
  const operations = new Map([...OPERATIONS, ...more])
  for await (const line of linesOf(source, MAX_LINE)) {
    if (!target.write(`${await answer(line, operations)}\n`)) await once(target, 'drain')
  }
}
