/** Judges requests by a verifier of its own: one copy of this module, and of all that it imports, for each defect (look-loader.ts). @module */
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

/** Exact codes of the requests at these places, or `served`. Rejects where no verifier could be made. */
export async function judge({ trust, startedAt, now, requests }: Look, places: readonly number[]): Promise<readonly string[]> {
  const clock = { at: startedAt }
  const verifier = createNodeVerifier({
    trust,
    log: () => {},
    now: () => clock.at,
    actions: { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' },
  })
  try {
    await verifier.warm()
    clock.at = now
    const codes: string[] = []
    for (const place of places) {
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
    return codes
  } finally {
    verifier.close()
  }
}
