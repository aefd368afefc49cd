/** Judges requests of a file in one process, with a defect when register.ts was loaded before, and writes the exact codes. @module */
import { readFileSync, writeSync } from 'node:fs'
import { Refusal } from '@aiegis/protocol'
import { createNodeVerifier } from '@aiegis/verifier/node'

/** What the parent process wrote. */
export interface Look {
  readonly trust: Record<string, unknown>
  /** Epoch milliseconds at which the receiver starts, and at which all requests come. */
  readonly startedAt: number
  readonly now: number
  readonly requests: readonly {
    readonly method: string
    readonly target: string
    /** Names and values in turn. */
    readonly headers: readonly string[]
    /** base64 */
    readonly content: string
  }[]
}

const [, , file = '', places = ''] = process.argv
const { trust, startedAt, now, requests }: Look = JSON.parse(readFileSync(file, 'utf8'))
const chosen: readonly number[] = JSON.parse(places)
const clock = { at: startedAt }
const verifier = createNodeVerifier({
  trust,
  log: () => {},
  now: () => clock.at,
  actions: { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' },
})
await verifier.warm()
clock.at = now
const codes: string[] = []
for (const place of chosen) {
  const request = requests[place]
  if (request === undefined) throw new RangeError(`there is no request ${place}`)
  const { method, target, headers, content } = request
  const bytes = Buffer.from(content, 'base64')
  const route = /^\/conformance\/aimed\/?(?:\?|$)/i.test(target) ? { target: 'https://target.conformance.example/thing' } : {}
  codes.push(
    await verifier.verify({ method, target, headers, content: () => bytes }, route).then(
      () => 'served',
      (error: unknown) => (error instanceof Refusal ? error.code : `defect: ${String(error)}`),
    ),
  )
}
verifier.close()
writeSync(1, JSON.stringify(codes))
process.exit(0)
