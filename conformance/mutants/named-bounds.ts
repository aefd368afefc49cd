/** Receivers whose bounds are a little too high or one too low, or that count less than they have to (spec chapters 7, 8, 12). @module */
import { inFile, type Maker, type Mutant } from './mutant.ts'

const limits = inFile('protocol/limits.js')
const extract = inFile('verifier/steps/extract.js')

/** Each bound with the text that says it, and what it would be one higher and one lower. */
const BOUNDS: readonly (readonly [make: Maker, name: string, find: string, more: string, less: string])[] = [
  [limits, 'chain', 'passportHeader: 7980', 'passportHeader: 7981', 'passportHeader: 7979'],
  [limits, 'proof', 'proof: 4096', 'proof: 4097', 'proof: 4095'],
  [limits, 'signature-input', 'signatureInput: 2048', 'signatureInput: 2049', 'signatureInput: 2047'],
  [limits, 'evidence', 'evidence: 12_288', 'evidence: 12_289', 'evidence: 12_287'],
  [limits, 'target', 'targetUri: 1024', 'targetUri: 1025', 'targetUri: 1023'],
  [limits, 'action', 'action: 128', 'action: 129', 'action: 127'],
]
const COUNTED = 'found.signature = joined(found.signature, value);\n                evidence += sizeOf(name, value);'

export const BOUND_MUTANTS: readonly Mutant[] = [
  ...BOUNDS.map(([make, name, find, more]) =>
    make(`bound ${name}`, `takes one more than the bound: ${name}`, find, more, levelOf(name)),
  ),
  extract('line-8001', 'reads lines of one byte more', 'const LINE_BYTES = 8000', 'const LINE_BYTES = 8001'),
  extract('line-7999', 'reads lines of one byte less', 'const LINE_BYTES = 8000', 'const LINE_BYTES = 7999'),
  extract('lines-129', 'reads one field line more', 'const MAX_LINES = 128', 'const MAX_LINES = 129'),
  inFile('protocol/mission.js')(
    'target-characters',
    'counts the characters of a target and not its bytes',
    ' || utf8(text).length > LIMITS.targetUri',
    '',
  ),
  extract(
    'evidence-without-signature',
    'does not count the lines of Signature',
    COUNTED,
    'found.signature = joined(found.signature, value);',
  ),
  extract(
    'evidence-values',
    'counts lines without their names',
    'const size = name.length + 2 + value.length',
    'const size = value.length',
  ),
  inFile('verifier/steps/passports.js')(
    'passport-from-lax',
    'allows the beginning of a passport a few seconds more than the skew',
    'if (passport.validFrom > latest)',
    'if (passport.validFrom > latest + 4)',
  ),
  inFile('verifier/steps/token.js')(
    'iat-lax',
    'allows the beginning of a token a few seconds more than the skew',
    'if (claims.iat > now + skewSeconds)',
    'if (claims.iat > now + skewSeconds + 4)',
  ),
]

export const BOUND_STRICT_MUTANTS: readonly Mutant[] = BOUNDS.map(([make, name, find, , less]) =>
  make(`strict bound ${name}`, `takes one less than the bound: ${name}`, find, less, levelOf(name)),
)

/** Only a chain is as long as its line may be. */
function levelOf(name: string): 'standard' | undefined {
  return name === 'chain' ? 'standard' : undefined
}
