/** Receivers that refuse what they have to serve: only cases of the serving side can tell. @module */
import { inFile, type Mutant } from './mutant.ts'
import { BOUND_STRICT_MUTANTS } from './named-bounds.ts'
import { FULL_STRICT_MUTANTS } from './named-full.ts'
import { START_STRICT_MUTANTS } from './named-start.ts'

const jws = inFile('protocol/jws.js')
const claims = inFile('protocol/token.js')
const token = inFile('verifier/steps/token.js')
const signature = inFile('protocol/http-signature.js')
const passports = inFile('verifier/steps/passports.js')
const note = inFile('protocol/note.js')
const possession = inFile('verifier/steps/possession.js')
const joins = inFile('verifier/steps/joins.js')
const extract = inFile('verifier/steps/extract.js')
const passport = inFile('protocol/passport.js')
const binding = inFile('verifier/steps/binding.js')
const HEADER = "if (alg !== 'Ed25519' && alg !== 'EdDSA')"
const START = 'if (claims.exp <= now)'
const REFUSE = "throw new Refusal('token_claims_invalid', 'too strict');"

const UNKNOWN_CLAIM = "if (Object.keys(claims).length > 17) claim.fail('unknown');"

export const STRICT_MUTANTS: readonly Mutant[] = [
  jws('strict alg-eddsa', 'refuses the older name of the algorithm', HEADER, "if (alg !== 'Ed25519')"),
  jws('strict alg-ed25519', 'refuses the newer name of the algorithm', HEADER, "if (alg !== 'EdDSA')"),
  jws(
    'strict header-order',
    'wants the header members in one order',
    HEADER,
    "if (Object.keys(header).join().indexOf('alg') !== 0 || (alg !== 'Ed25519' && alg !== 'EdDSA'))",
  ),
  claims(
    'strict unknown-claims',
    'refuses claims that it does not know',
    "const iat = claim.integer(claims, 'iat'",
    `${UNKNOWN_CLAIM}\n    const iat = claim.integer(claims, 'iat'`,
  ),
  claims(
    'strict no-content-type',
    'wants a media type of every request',
    'const CONTENT_TYPE = /^(?:',
    'const CONTENT_TYPE = /^(?!$)(?:',
  ),
  claims(
    'strict short-identifiers',
    'refuses identifiers of 64 characters',
    "jti: claim.string(claims, 'jti', IDENTIFIER),",
    "jti: claim.string(claims, 'jti', /^[A-Za-z0-9_-]{16,63}$/),",
  ),
  claims(
    'strict long-identifiers',
    'refuses identifiers of 16 characters',
    "jti: claim.string(claims, 'jti', IDENTIFIER),",
    "jti: claim.string(claims, 'jti', /^[A-Za-z0-9_-]{17,64}$/),",
  ),
  claims('strict no-https', 'refuses targets over plain HTTP', 'const TARGET_URI = /^https?:', 'const TARGET_URI = /^https:'),
  claims('strict null-packs', 'wants a pack of every decision', 'deciding_pack: claim.textOrNull(', 'deciding_pack: claim.text('),
  token('strict skew-zero', 'allows no skew', 'if (claims.iat > now + skewSeconds)', 'if (claims.iat > now)'),
  token('strict exp-early', 'refuses tokens that end within fifteen seconds', START, 'if (claims.exp <= now + 15)'),
  token('strict lifetime-short', 'refuses tokens of sixty seconds', '> maxLifetimeSeconds)', '>= maxLifetimeSeconds)'),
  token(
    'strict entry-millisecond',
    'wants decisions at the full second',
    START,
    `if (!claims.entry.ts.endsWith('.000Z')) ${REFUSE}\n    ${START}`,
  ),
  token(
    'strict action-http',
    'knows actions of HTTP alone',
    START,
    `if (!claims.entry.action.startsWith('http.')) ${REFUSE}\n    ${START}`,
  ),
  token('strict no-query', 'refuses targets with a query', START, `if (claims.htu.includes('?')) ${REFUSE}\n    ${START}`),
  token(
    'strict json-content',
    'takes JSON alone',
    START,
    `if (claims.htc !== '' && claims.htc !== 'application/json') ${REFUSE}\n    ${START}`,
  ),
  token(
    'strict methods',
    'knows GET and POST alone',
    START,
    `if (!['GET', 'POST'].includes(claims.htm)) ${REFUSE}\n    ${START}`,
  ),
  signature(
    'strict other-members',
    'refuses signatures of others beside its own',
    'const [member, second] = tagged;',
    "const [member, second] = tagged;\n    if (parseField(signatureInput).length > 1) throw new Malformed('others');",
  ),
  signature('strict no-alg', 'refuses "alg"', "if (alg !== undefined && !isString(alg, 'ed25519'))", 'if (alg !== undefined)'),
  signature(
    'strict label',
    'wants one label',
    'const [member, second] = tagged;',
    "const [member, second] = tagged;\n    if (member !== undefined && member.key !== 'aegis' && member.key !== 'sig1') throw new Malformed('label');",
  ),
  signature(
    'strict no-nonce',
    'refuses "nonce"',
    'const { created, keyid, tag, alg, expires, nonce } = found;',
    "const { created, keyid, tag, alg, expires, nonce } = found;\n    if (nonce !== undefined) throw new Malformed('nonce');",
  ),
  signature(
    'strict no-expires',
    'refuses "expires"',
    'const { created, keyid, tag, alg, expires, nonce } = found;',
    "const { created, keyid, tag, alg, expires, nonce } = found;\n    if (expires !== undefined) throw new Malformed('expires');",
  ),
  possession(
    'strict created-now',
    'compares "created" with the clock',
    'const base = signatureBase(',
    "if (Math.abs(possession.params.created - now) > 5) throw new Refusal('possession_invalid', 'created');\n    const base = signatureBase(",
  ),
  possession(
    'strict digest-wanted',
    'wants Content-Digest of every request',
    'if (contentDigest !== undefined && ',
    'if (contentDigest === undefined || ',
  ),
  note('strict one-signature', 'refuses notes with cosignatures', 'if (lines.length === 0)', 'if (lines.length !== 1)'),
  note(
    'strict name-is-origin',
    'refuses notes of which a line is of somebody else',
    'if (signatures.some(isRepeated))',
    'if (signatures.some(({ name }) => name !== signatures[0].name))',
  ),
  inFile('protocol/merkle.js')(
    'strict tree-small',
    'reads trees up to 2^32 leaves',
    'size > MAX_TREE_SIZE)\n        return false;\n    if (!areHashes(path) || !isHash(leafHash)',
    'size > 2n ** 32n)\n        return false;\n    if (!areHashes(path) || !isHash(leafHash)',
  ),
  inFile('protocol/merkle.js')(
    'strict tree-one',
    'wants a path of every proof',
    'if (path.length !== inner + border)',
    'if (path.length === 0 || path.length !== inner + border)',
  ),
  extract(
    'strict signature-lines',
    'refuses signature fields of several lines',
    'function joined(before, value) {',
    "function joined(before, value) {\n    if (before !== undefined) throw new Refusal('evidence_repeated', 'two lines');",
  ),
  extract(
    'strict header-case',
    'knows header names as they are usually written',
    'switch (name) {',
    "switch (lines[at] === lines[at].toUpperCase() && name.startsWith('x-aegis') ? '' : name) {",
  ),
  binding(
    'strict content-type-case',
    'wants media types in lower case',
    'if (claims.htc !== credential.contentType)',
    'if (claims.htc !== credential.contentType.toLowerCase())',
  ),
  passport(
    'strict attestations-wanted',
    'wants a hardware attestation',
    "const isNone = isObject(open) && open['grade'] === 'none';",
    "const isNone = isObject(open) && open['grade'] === 'none';\n    if (isNone) claim.fail('none');",
  ),
  passport(
    'strict mission-one',
    'refuses missions of several pairs',
    `mission: claim.parse('"mission"', () => parseMission(subject['mission'])),`,
    `mission: claim.parse('"mission"', () => { const pairs = parseMission(subject['mission']); return pairs.length > 1 ? claim.fail('pairs') : pairs; }),`,
  ),
  passport(
    'strict one-harness',
    'refuses passports that name two harnesses',
    "harness: uniqueDids(subject, 'harness', 4),",
    "harness: uniqueDids(subject, 'harness', 1),",
  ),
  passport(
    'strict no-jurisdiction',
    'refuses passports with a jurisdiction',
    "jurisdiction: Object.hasOwn(subject, 'jurisdiction') ? claim.string",
    "jurisdiction: Object.hasOwn(subject, 'jurisdiction') ? claim.fail('jurisdiction') : Object.hasOwn(subject, 'jurisdiction') ? claim.string",
  ),
  passports(
    'strict passport-skew',
    'allows no skew at the beginning of a passport',
    'if (passport.validFrom > latest)',
    'if (passport.validFrom > now)',
  ),
  passports(
    'strict no-chain',
    'takes single passports alone',
    'checkLinks(links, claims);',
    "checkLinks(links, claims);\n        if (links.length > 1) throw new Refusal('chain_too_long', 'a chain');",
    'standard',
  ),
  passports(
    'strict chain-of-two',
    'takes chains of two passports at most',
    'checkLinks(links, claims);',
    "checkLinks(links, claims);\n        if (links.length > 2) throw new Refusal('chain_too_long', 'a chain');",
    'standard',
  ),
  joins(
    'strict pinned-issuers',
    'takes one issuer for the whole chain',
    "const role = at === 0 ? 'root' : 'hop';",
    "const role = at === 0 ? 'root' : 'hop';\n        if (passport.issuer !== links[0].passport.issuer) throw new Refusal('issuer_role_missing', 'another');",
    'standard',
  ),
  inFile('verifier/steps/delegations.js')(
    'strict delegation-audience',
    'refuses delegations for several audiences',
    'if (isRepeated(delegations.map(({ jti }) => jti)))',
    "if (delegations.some(({ aud }) => aud.length > 1)) throw new Refusal('delegation_claims_invalid', 'two');\n    if (isRepeated(delegations.map(({ jti }) => jti)))",
    'standard',
  ),
  inFile('verifier/replay.js')(
    'strict replay-per-task',
    'refuses a second token of the same harness within a second',
    'if (live.has(key))',
    "const second = `${issuer} ${expiresAt}`;\n            if (live.has(second)) return 'seen';\n            live.add(second);\n            if (live.has(key))",
  ),
  inFile('protocol/did.js')(
    'strict did-port',
    'refuses did:web with a port',
    "return host.length <= 253 && port !== '443'",
    "return port === undefined && host.length <= 253 && port !== '443'",
    'standard',
  ),
  inFile('protocol/time.js')(
    'strict leap-day',
    'refuses the 29th of February',
    'const days = month === 2 && leap ? 29',
    'const days = month === 2 && leap ? 28',
  ),
]

/** All of them. */
export function strictMutants(): readonly Mutant[] {
  return [...STRICT_MUTANTS, ...BOUND_STRICT_MUTANTS, ...FULL_STRICT_MUTANTS, ...START_STRICT_MUTANTS]
}
