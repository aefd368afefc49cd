/** The agent: the four headers that go with a request, and its signature over them (spec chapter 6). @module */
import { httpbis } from 'http-message-signatures'
import type { Shown } from './harness.ts'
import { signBytes, thumbprintOf, type Pair } from './keys.ts'

/** What the agent has for one request. */
export interface Evidence {
  readonly token: string
  readonly passport: string
  readonly proof: string
}

/** The headers of the request, signed with the agent's key. */
export async function headersOf(agent: Pair, { method, url, contentType }: Shown, evidence: Evidence): Promise<Headers> {
  const { headers } = await httpbis.signMessage(
    {
      key: { id: thumbprintOf(agent), sign: async (base) => signBytes(agent, base) },
      name: 'pop',
      fields: ['@method', '@target-uri', 'x-aegis-token'],
      params: ['created', 'keyid', 'tag'],
      paramValues: { tag: 'aegis-pop' },
    },
    {
      method,
      url,
      headers: {
        'content-type': contentType,
        'x-aegis-token': evidence.token,
        'x-aegis-passport': evidence.passport,
        'x-aegis-proof': evidence.proof,
      },
    },
  )
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) all.set(name, value)
  return all
}
