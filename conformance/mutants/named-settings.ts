/** Receivers that read what their trust bundle says and do not judge requests by it (spec chapter 14). @module */
import { inFile, type Mutant } from './mutant.ts'

const settings = inFile('verifier/trust-settings.js')
const trust = inFile('verifier/trust.js')
const bases = inFile('verifier/trust-bases.js')
const replay = inFile('verifier/replay.js')

/** One that reads a number and takes the usual one. */
function usual(name: string, words: string, range: string, value: string): Mutant {
  const read = `integer(member('${name}'), ${range})`
  return settings(`usual-${words.replaceAll(' ', '-')}`, `ignores the ${words} of its bundle`, read, `(${read}, ${value})`)
}

export const SETTINGS_MUTANTS: readonly Mutant[] = [
  usual('skewSeconds', 'skew', '0, 30, 5', '5'),
  usual('maxLifetimeSeconds', 'lifetime', '1, LIMITS.tokenSeconds, 60', '60'),
  usual('tokenBytes', 'size of tokens', '1024, LIMITS.token, LIMITS.token', 'LIMITS.token'),
  usual('passportBytes', 'size of passports', '1024, LIMITS.passport, LIMITS.passport', 'LIMITS.passport'),
  usual('proofChars', 'size of proofs', '512, LIMITS.proof, LIMITS.proof', 'LIMITS.proof'),
  usual('bodyBytes', 'size of content', '0, LIMITS.content, LIMITS.content', 'LIMITS.content'),
  settings(
    'usual-hand-offs',
    'accepts two hand-offs where its bundle accepts any',
    "delegations: integer(member('delegations'), 0, 2, 0)",
    "delegations: integer(member('delegations'), 0, 2, 0) && 2",
    'standard',
  ),
  trust('usual-grades', 'ignores the grades that its bundle requires', "require: parseRequire(member('require'))", 'require: {}'),
  trust('usual-warn', 'accepts no WARN, whatever its bundle says', "acceptWarn: flag(member('acceptWarn'))", 'acceptWarn: false'),
  trust(
    'usual-obligations',
    'accepts no obligation, whatever its bundle says',
    "acceptObligations: choices(member('acceptObligations'), 0, OBLIGATIONS)",
    'acceptObligations: []',
  ),
  bases(
    'usual-authority',
    'compares Host where its bundle says that somebody in front has',
    "candidate.authority === 'fixed' || candidate.host",
    'candidate.host',
  ),
  bases('usual-mount', 'leaves the mount in the target URI', 'path.slice(base.mount.length)', 'path'),
  bases(
    'mount-by-letters',
    'takes every path for one below the mount that begins with its letters',
    'isBelow(path, candidate.mount)',
    'path.startsWith(candidate.mount)',
  ),
  replay(
    'usual-records',
    'keeps as many records as it wants',
    'const maxRecords = options.maxRecords ?? 1_000_000',
    'const maxRecords = 1_000_000',
  ),
]
