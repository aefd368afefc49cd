/** What counts as evidence where it is optional: one half of it, empty, repeated or not readable is evidence too (spec chapter 11.7). @module */
import { expect, test } from 'vitest'
import { isWithoutEvidence } from '../src/presence.ts'

const OTHER = 'other=("@method");tag="other"'
const OURS = 'sig=("@method");tag="aegis-pop"'

test.each<readonly [isWithout: boolean, lines: readonly string[]]>([
  [true, []],
  [true, ['Cookie', 'X-AEGIS-Token=x', 'X-AIEGIS', 'x']],
  [true, ['Signature', 'other=:AA==:']],
  [true, ['Signature-Input', '', 'Signature-Input', '']],
  [true, ['Signature-Input', OTHER, 'Signature', 'other=:AA==:']],
  [false, ['X-AEGIS-Token', '']],
  [false, ['x-aegis-token', 'x']],
  [false, ['X-Aegis-', '']],
  [false, ['X-AEGIS-Context', 'x']],
  [false, ['Host', 'a', 'X-AEGIS-PROOF', 'x']],
  [false, ['Signature-Input', OTHER, 'SIGNATURE-INPUT', OURS, 'Signature', 'other=:AA==:, sig=:AA==:']],
  [false, ['Signature-Input', OURS]],
  [false, ['Signature-Input', `${OURS}, two=("@method");tag="aegis-pop"`, 'Signature', 'sig=:AA==:, two=:AA==:']],
  [false, ['Signature-Input', '(']],
  [false, ['Signature-Input', ',']],
])('AHP-REQ-21 %s of %j', (isWithout, lines) => {
  expect(isWithoutEvidence(lines)).toBe(isWithout)
})
