/** Receivers that start with a trust bundle that they have to refuse, or refuse one that is right (spec chapter 14). @module */
import { inFile, type Maker, type Mutant } from './mutant.ts'

const reader = ofStart('verifier/trust-reader.js')
const keys = ofStart('verifier/trust-keys.js')
const parties = ofStart('verifier/trust-parties.js')
const settings = ofStart('verifier/trust-settings.js')
const file = ofStart('verifier/node/load-trust.js')
const jwk = ofStart('protocol/jwk.js')
const MEMBERS_LACKED = 'if (!own.has(name))'
const STRICT = 'return parseJson(bytes, { maxBytes: bytes.length, maxMembers: MAX_MEMBERS });'

export const START_MUTANTS: readonly Mutant[] = [
  ofStart('verifier/node/verifier.js')(
    'start-log-of-its-own',
    'lets harnesses use a log of its own where the bundle has none',
    'const file = loadTrust();',
    `let file = loadTrust();
    const origin = 'ledger.example/aiegis/1';
    const own = { origin, vkey: 'ledger.example/aiegis/1+86fba842+AQFIsdj9Bj11+2RoSoakl3Jkg+RwVcGu2NtNTzKmuhb7', assurance: 'proof' };
    if (file.bundle.ledgers?.length === 0)
        file = { ...file, bundle: { ...file.bundle, ledgers: [own], harnesses: file.bundle.harnesses.map((one) => ({ ...one, ledgers: [origin] })) } };`,
  ),
  keys(
    'start-status-role',
    'lets a key of status lists have another role as well',
    'earlier.role !== role)',
    "earlier.role !== role && role !== 'status')",
  ),
  reader('start-list-for-object', 'takes a list in the place of an object', ' || Array.isArray(value))', ')'),
  reader(
    'start-object-for-list',
    'takes an object in the place of a list',
    'if (!Array.isArray(value))',
    'if (value === undefined)',
  ),
  reader('start-lists-empty', 'takes empty lists', 'if (value.length < min || ', 'if ('),
  reader(
    'start-defaults',
    'starts without what a bundle must have',
    MEMBERS_LACKED,
    `if (name === 'issuers' && !own.has(name)) own.set(name, [{ did: 'did:web:nobody.example', didWeb: true, roles: ['root'], status: 'unrevocable' }]);\n        ${MEMBERS_LACKED}`,
  ),
  file('start-any-json', 'lets the last of two members count', STRICT, 'return JSON.parse(new TextDecoder().decode(bytes));'),
  file(
    'start-first-json',
    'reads no further than the end of the object',
    STRICT,
    'return parseJson(bytes.subarray(0, bytes.lastIndexOf(0x7d) + 1), { maxBytes: bytes.length, maxMembers: MAX_MEMBERS });',
  ),
  file(
    'start-path-of-directory',
    'finds its bundle from the working directory',
    'if (isAbsolute(variable))\n            return variable;',
    'return isAbsolute(variable) ? variable : join(process.cwd(), variable);',
  ),
  ofStart('verifier/node/trusted-file.js')(
    'start-follows-links',
    'reads the file that a link points to',
    'constants.O_RDONLY | constants.O_NOFOLLOW |',
    'constants.O_RDONLY |',
  ),
  file(
    'start-without-file',
    'trusts somebody where there is no file',
    'const bytes = readTrustedFile(path, WORDS);',
    "const bytes = existsSync(path) ? readTrustedFile(path, WORDS) : readTrustedFile(path.replace('.none', ''), WORDS);",
  ),
  parties(
    'start-keys-of-nobody',
    'takes a party that has neither keys nor a document',
    'if (didWeb.value === undefined)\n',
    "if (didWeb.value === undefined && member('keys').value === undefined)\n        return did;\n    if (didWeb.value === undefined)\n",
  ),
  keys(
    'start-web-of-key',
    'asks nobody for the document of a did:key',
    "if (!did.startsWith('did:web:'))",
    "if (!did.startsWith('did:web:'))\n                return;\n            if (false)",
  ),
  jwk(
    'start-private-keys',
    'takes keys with more members',
    "Object.keys(value).toSorted().join() !== 'crv,kty,x')",
    "!['crv', 'kty', 'x'].every((name) => name in value))",
  ),
  jwk(
    'start-short-keys',
    'fills up keys that are too short',
    'if (x.length !== 43)',
    "if (x.length < 43)\n        return parseEd25519Jwk({ kty, crv, x: x.padEnd(43, 'A') });\n    if (x.length !== 43)",
  ),
  ofStart('protocol/ed25519.js')('start-small-order', 'takes keys of small order', 'if (isSmallOrder(bytes))', 'if (false)'),
  ofStart('verifier/verifier.js')(
    'start-without-store',
    'takes a store in memory where the bundle names none',
    'if (trust.replay === undefined) {',
    'trust = { ...trust, replay: trust.replay ?? { memory: {} } };\n    if (false) {',
  ),
  settings(
    'start-many-processes',
    'lets many processes each remember alone',
    "if (memory('singleProcess').value !== true)",
    "if (typeof memory('singleProcess').value !== 'boolean')",
  ),
]

export const START_STRICT_MUTANTS: readonly Mutant[] = [
  settings('strict start-skew', 'refuses the largest skew', "member('skewSeconds'), 0, 30, 5", "member('skewSeconds'), 0, 29, 5"),
  settings(
    'strict start-lifetime',
    'refuses the longest life of a token',
    "member('maxLifetimeSeconds'), 1, LIMITS.tokenSeconds,",
    "member('maxLifetimeSeconds'), 1, LIMITS.tokenSeconds - 1,",
  ),
  settings(
    'strict start-content-time',
    'refuses the shortest time for content',
    "member('bodyTimeoutSeconds'), 1, 30, 30",
    "member('bodyTimeoutSeconds'), 2, 30, 30",
  ),
  ofStart('verifier/trust-bases.js')(
    'strict start-one-base',
    'takes one base alone',
    'elements(spot, 1, 16, ',
    'elements(spot, 1, 1, ',
  ),
  settings(
    'strict start-no-warn-false',
    'refuses settings that say no',
    'if (spot.value === undefined || spot.value === false)',
    'if (spot.value === undefined)',
  ),
  ofStart('verifier/trust.js')(
    'strict start-some-obligations',
    'wants some obligation where they are named',
    "choices(member('acceptObligations'), 0, OBLIGATIONS)",
    "choices(member('acceptObligations'), member('acceptObligations').value === undefined ? 0 : 1, OBLIGATIONS)",
  ),
  keys(
    'strict start-keys-for-ever',
    'refuses keys that end',
    'optional: { validFrom: TIME, validUntil: TIME },',
    'optional: { validFrom: TIME },',
  ),
  parties(
    'strict start-one-role',
    'takes issuers of one role alone',
    "new Set(choices(member('roles'), 1, ROLES))",
    "new Set(choices(member('roles'), 1, ROLES.slice(1)))",
  ),
]

function ofStart(path: string): Maker {
  const make = inFile(path)
  return (...words) => ({ ...make(...words), isOfStart: true })
}
