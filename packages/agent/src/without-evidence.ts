/** Takes evidence out of headers that a caller brought: what was decided for one request goes with no other (spec chapters 6 and 8.5). @module */
import { parseDictionary, type DictionaryMember } from '@aiegis/protocol'
import { given } from './given.ts'
import { LABEL } from './sign.ts'

/** Receivers read no more. */
const MAX_MEMBERS = 8

/**
 * Removes every `X-AEGIS-*` and each signature with a tag that begins with `aegis-` or with the label of our own. Those of others stay
 * as they are. Throws `TypeError` when the fields of signatures are no dictionaries (RFC 8941): nobody could tell whose they are.
 */
export function removeEvidence(headers: Headers): void {
  const names = [...headers.keys()].filter((name) => name.startsWith('x-aegis-'))
  for (const name of names) headers.delete(name)
  const inputs = membersOf(headers, 'Signature-Input')
  const ours = new Set([LABEL, ...inputs.filter(isTaggedAegis).map(({ key }) => key)])
  keep(headers, 'Signature-Input', inputs, ours)
  keep(headers, 'Signature', membersOf(headers, 'Signature'), ours)
}

function membersOf(headers: Headers, name: string): readonly DictionaryMember[] {
  return given(
    () => parseDictionary(headers.get(name) ?? '', MAX_MEMBERS),
    (problem) => `harnessFetch: ${name}: ${problem}; leave out what no receiver can read`,
  )
}

function isTaggedAegis({ params }: DictionaryMember): boolean {
  return params.some(([name, { value }]) => name === 'tag' && typeof value === 'string' && value.startsWith('aegis-'))
}

function keep(headers: Headers, name: string, members: readonly DictionaryMember[], ours: ReadonlySet<string>): void {
  const kept = members.filter(({ key }) => !ours.has(key))
  if (kept.length === members.length) return
  if (kept.length === 0) headers.delete(name)
  // A member that is true has no value, only parameters (RFC 8941 §3.2).
  else headers.set(name, kept.map(({ key, text }) => (/^(?:;|$)/.test(text) ? key + text : `${key}=${text}`)).join(', '))
}
