/** Decides whether a request carries any evidence at all, good or bad (spec chapter 11.7). @module */
import { findSignature, Malformed } from '@aiegis/protocol'
import { POSSESSION_TAG } from './steps/decode.ts'

/**
 * True when no field of `lines` (name, value, name, value, …) begins with `X-AEGIS-` and no member of `Signature-Input` has the tag of
 * possession. What cannot be read may be evidence: then it is false.
 */
export function isWithoutEvidence(lines: readonly string[]): boolean {
  const values = { 'signature-input': '', signature: '' }
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase()
    if (name.startsWith('x-aegis-')) return false
    if (name === 'signature-input' || name === 'signature') values[name] += `${values[name] === '' ? '' : ', '}${lines[at + 1]}`
  }
  if (values['signature-input'] === '') return true
  try {
    return findSignature(values['signature-input'], values.signature, POSSESSION_TAG) === undefined
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}
