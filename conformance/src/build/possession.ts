/** The agent's signature of its request (RFC 9421, spec chapter 6). @module */
import { base64, utf8 } from './bytes.ts'
import type { Changes } from './changes.ts'
import { thumbprint } from './did.ts'
import { textOf, textsOf, type JsonObject } from './json.ts'
import { keyOf } from './parties.ts'
import { signed } from './signatures.ts'
import { second } from './values.ts'

/** What the signature covers. */
export interface Covered {
  readonly method: string
  readonly uri: string
  readonly token: string
}

/** The two members, each the value of its field, and the text that was signed. */
export interface Possession {
  readonly input: string
  readonly signature: string
  readonly base: string
}

/** The signature of a request by the agent of this label. */
export function possessionOf(changes: Changes, agent: string, covered: Covered): Possession {
  const jkt = thumbprint(keyOf(changes.moment.world.seed, agent).publicKey)
  const plan = changes.object('possession', {
    label: 'sig',
    components: ['"@method"', '"@target-uri"', '"x-aegis-token"'],
    params: [`created=${second(changes.moment.now)}`, `keyid="${jkt}"`, 'tag="aegis-pop"'],
    ...covered,
  })
  const params = textsOf(plan, 'params').map((param) => `;${param}`)
  const member = changes.text('possession.member', `(${textsOf(plan, 'components').join(' ')})${params.join('')}`)
  const base = changes.text('possession.base', baseOf(plan, member))
  const made = signed(changes, 'possession.sign', agent, utf8(base))
  const label = textOf(plan, 'label')
  return { input: `${label}=${member}`, signature: `${label}=:${base64(made)}:`, base }
}

/** One line for each component, in the order in which they stand; those that the profile does not know have no value. */
function baseOf(plan: JsonObject, member: string): string {
  const values: Readonly<Record<string, string>> = {
    '"@method"': textOf(plan, 'method'),
    '"@target-uri"': textOf(plan, 'uri'),
    '"x-aegis-token"': textOf(plan, 'token'),
  }
  const lines = textsOf(plan, 'components').map((component) => `${component}: ${values[component] ?? ''}`)
  return [...lines, `"@signature-params": ${member}`].join('\n')
}
