/** Which codes of the registry a question to a gate can provoke. @module */
import type { Breakable } from '@aiegis/testing'
import { RECEIVER_CODES } from '../../../test/provoke.ts'

/** What only middleware inside an application can get wrong. */
const INSIDE: readonly Breakable[] = ['content_consumed', 'misconfigured']
/** What a proxy settles before it asks: it joins lines, and sends content when it has all of it. */
const BEFORE: readonly Breakable[] = [
  'content_incomplete',
  'content_timeout',
  'content_type_repeated',
  'request_malformed',
  'trailer_refused',
  'method_invalid',
]

/** All codes but those, in the order of the registry. */
export function provokable(): readonly Breakable[] {
  return RECEIVER_CODES.filter((code) => !INSIDE.includes(code) && !BEFORE.includes(code))
}
