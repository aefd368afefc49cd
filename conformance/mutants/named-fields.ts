/** Receivers that know names and lines of fields in one spelling alone, or read what a form leaves out (spec chapters 5, 7 and 8). @module */
import { inFile, type Mutant } from './mutant.ts'

const extract = inFile('verifier/steps/extract.js')
const url = inFile('protocol/url.js')

export const FIELD_MUTANTS: readonly Mutant[] = [
  extract(
    'override-as-written',
    'knows headers that name another method only as they are usually written',
    'if (OVERRIDES.has(name))',
    'if (OVERRIDES.has(name) && ![name, name.toUpperCase()].includes(lines[at]))',
  ),
  extract(
    'fields-as-written',
    'knows other fields only as they are usually written',
    'switch (name) {',
    "switch (/^(?:x-|signature|host$)/.test(name) || /^(?:[A-Z][a-z]+-?)+$/.test(lines[at]) ? name : '') {",
  ),
  extract(
    'evidence-empty-line',
    'takes an empty line for none',
    "if (before !== undefined || value.includes(','))",
    "if (before || value.includes(','))",
  ),
  url('query-backslash', 'lets a backslash stand in a query', "!'\"#%\\'<>\\\\'.includes", "!'\"#%\\'<>'.includes"),
  url('path-quotes', 'lets quotes and angle brackets stand in a path', '!\'"#%<>?', "!'#%?"),
  inFile('protocol/note.js')(
    'note-name-spaces',
    'knows the white space of ASCII alone',
    'KEY_NAME = /^[^\\p{White_Space}',
    'KEY_NAME = /^[^ ',
  ),
  inFile('protocol/passport.js')(
    'fact-made-up',
    'makes up what a fact does not say',
    'const given = claim.closed(open, ',
    "const given = claim.closed(isNone || !isObject(open) ? open : { type: 'x', time: '2026-01-01T00:00:00Z', digest: 'A'.repeat(43), ...open }, ",
  ),
  inFile('verifier/steps/decode.js')(
    'parts-unmeasured',
    'measures the first passport and the first delegation alone',
    'for (let part = 0; part < 5; part++)',
    'for (let part = 0; part < 2; part++)',
    'standard',
  ),
]
