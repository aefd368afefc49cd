/** Receivers that are wrong about passports, chains, missions, the ledger and possession. @module */
import { inFile, type Mutant } from './mutant.ts'

const merkle = inFile('protocol/merkle.js')
const ledger = inFile('verifier/steps/ledger.js')
const note = inFile('protocol/note.js')
const checkpoint = inFile('protocol/checkpoint.js')
const leaf = inFile('protocol/leaf.js')
const proof = inFile('protocol/tlog-proof.js')
const joins = inFile('verifier/steps/joins.js')
const passports = inFile('verifier/steps/passports.js')
const delegations = inFile('verifier/steps/delegations.js')
const mission = inFile('protocol/mission.js')
const decision = inFile('verifier/steps/decision.js')
const requirement = inFile('verifier/steps/requirement.js')
const possession = inFile('verifier/steps/possession.js')
const signature = inFile('protocol/http-signature.js')

export const EVIDENCE_MUTANTS: readonly Mutant[] = [
  joins(
    'aud-prefix',
    'compares the audience by its beginning',
    'if (claims.aud !== trust.audience ||',
    'if (!claims.aud.startsWith(trust.audience) ||',
  ),
  joins('aud-of-htu-only', 'does not compare the audience with its own', 'if (claims.aud !== trust.audience || ', 'if ('),
  joins(
    'roles-any',
    'lets any issuer vouch in any place',
    "const role = at === 0 ? 'root' : 'hop';",
    "const role = trust.issuer(passport.issuer)?.roles.has('root') ? 'root' : 'hop';",
  ),
  joins(
    'log-of-anyone',
    'takes the log of any harness',
    'if (trust.harness(claims.iss)?.ledgers.has(evidence.proof.checkpoint.origin) !== true)',
    'if (trust.ledger(evidence.proof.checkpoint.origin) === undefined)',
  ),
  joins(
    'harness-of-any-link',
    'takes a harness that any passport of the chain names',
    'if (!presenter.harness.includes(claims.iss))',
    'if (!chain.links.some(({ passport }) => passport.harness.includes(claims.iss)))',
    'standard',
  ),
  joins('txn-not-joined', 'does not join delegation and token by the task', 'if (txn !== claims.txn)', 'if (false)', 'standard'),
  passports(
    'chain-cached-whole',
    'asks neither time nor key again of a chain that it knows',
    'return judge(chain.known, checking, now);',
    'return chain.known;',
    'full',
  ),
  passports(
    'chain-known-by-end',
    'knows a chain again by its last signature',
    'return found?.text === value ? found : undefined;',
    'return found;',
  ),
  passports(
    'passport-leeway',
    'gives a passport the skew at its end as well',
    'if (passport.validUntil <= now)',
    'if (passport.validUntil + 5 <= now)',
  ),
  passports(
    'principal-is-presenter',
    'names the sender as the principal',
    'const [principal] = links;',
    'const principal = links.at(-1);',
    'standard',
  ),
  passports(
    'depth-of-first',
    'names the principal as the sender',
    'const presenter = links.at(-1);',
    'const presenter = links[0];',
    'standard',
  ),
  passports(
    'risk-of-first',
    'takes the first passport for the whole path',
    'const path = Object.freeze(links.map(({ agent }) => agent));',
    'const path = Object.freeze(links.slice(0, 1).map(({ agent }) => agent));',
    'standard',
  ),
  delegations(
    'depth-not-attenuated',
    'lets a delegation allow as many as the one before',
    '?? Number.POSITIVE_INFINITY, parent.maxDepth) - 1;',
    '?? Number.POSITIVE_INFINITY, parent.maxDepth);',
    'standard',
  ),
  delegations(
    'par-of-last-part',
    'hashes the passport before and not the chain',
    'beforeTilde(chain, 2 * done.length + 1)',
    'beforeTilde(chain, 1)',
    'standard',
  ),
  inFile('protocol/delegation.js')(
    'delegation-unguarded',
    'looks into delegations before it has seen that the members are there',
    "const claims = claim.closed(json, 'the delegation', MEMBERS);",
    `for (const name of MEMBERS) if (json[name] === undefined) throw new TypeError(name);
    const claims = claim.closed(json, 'the delegation', MEMBERS);`,
    'standard',
  ),
  mission(
    'mission-prefix',
    'compares targets of a mission by their beginning',
    'if (pattern === target)',
    'if (target.startsWith(pattern))',
  ),
  mission(
    'mission-star-origin',
    'lets a star cover other hosts',
    "return pattern.endsWith('/*') && target.startsWith(pattern.slice(0, -1))",
    "return pattern.endsWith('/*') && target.startsWith(pattern.slice(0, -2))",
  ),
  mission(
    'mission-action-prefix',
    'lets "orders.*" cover "ordersx"',
    'action.startsWith(pattern.slice(0, -1)))',
    'action.startsWith(pattern.slice(0, -2)))',
  ),
  mission(
    'mission-action-or-target',
    'is content when the action or the target is covered',
    'coversAction(pair.action, action) && coversTarget(pair.target, target)',
    '(coversAction(pair.action, action) || coversTarget(pair.target, target))',
  ),
  mission('mission-dots', 'lets a pattern cover targets with dot segments', ' && isNormalUrl(target);', ';'),
  decision(
    'mission-of-last',
    'asks the mission of the sender alone',
    'for (const { passport } of chain.links)',
    'for (const { passport } of [chain.presenter])',
    'standard',
  ),
  decision(
    'mission-of-passports',
    'does not ask the missions of delegations',
    'for (const { mission } of chain.delegations)',
    'for (const { mission } of [])',
    'standard',
  ),
  decision('warn-is-allow', 'takes WARN for ALLOW', "if (entry.decision === 'WARN' && !requirement.acceptWarn)", 'if (false)'),
  decision(
    'block-unknown',
    'refuses nothing but what it knows to be refused',
    "if (entry.decision !== 'ALLOW' && entry.decision !== 'WARN')",
    "if (entry.decision === 'DENY')",
  ),
  requirement(
    'action-unmapped-open',
    'serves methods that a declared path does not have',
    "if (mapped.kind === 'unmapped')",
    'if (false)',
  ),
  requirement(
    'action-prefix',
    'compares the action by its beginning',
    'if (decided === required)',
    'if (decided.startsWith(required))',
  ),
  requirement(
    'target-ignored-where-declared',
    'compares the target only where none is declared',
    'if (entry.target !== target)',
    'if (requirement.target === undefined && entry.target !== target)',
  ),
  requirement(
    'target-with-query',
    'wants the query in the target',
    'requirement.target ?? withoutQuery(htu)',
    'requirement.target ?? htu',
  ),
  merkle(
    'no-domain-separation',
    'hashes leaves as nodes',
    'const LEAF = new Uint8Array(2048);',
    'const LEAF = new Uint8Array(2048).fill(1, 0, 1);',
  ),
  merkle(
    'path-extra',
    'does not look at the rest of a path that is too long',
    `if (path.length !== inner + border)
        return false;
    return equal(climb(crypto, leafHash, path,`,
    `if (path.length < inner + border)
        return false;
    return equal(climb(crypto, leafHash, path.slice(0, inner + border),`,
  ),
  merkle(
    'index-anywhere',
    'does not hold the index below the size',
    'if (index < 0n || index >= size || size > MAX_TREE_SIZE)\n        return false;\n    if (!areHashes(path) || !isHash(leafHash)',
    'if (!areHashes(path) || !isHash(leafHash)',
  ),
  ledger(
    'inclusion-not-checked',
    'looks for a signed head and not for the decision in it',
    'if (!verifyInclusion(',
    'if (false && !verifyInclusion(',
  ),
  ledger(
    'checkpoint-by-body',
    'knows a head again without its signatures',
    'const known = seen.get(checkpoint.raw);',
    'const known = seen.get(checkpoint.note.text);\n    seen.set = ((set) => (raw, value) => set.call(seen, checkpoint.note.text, value))(Object.getPrototypeOf(seen).set);',
  ),
  proof(
    'head-read-by-body',
    'reads a head once, whatever its signatures',
    'function readCheckpoint(text, read) {',
    `function readCheckpoint(text, all) {
    const body = text.slice(0, text.lastIndexOf('\\n\\n'));
    const read = all && { get: () => all.get(body), set: (_text, checkpoint) => all.set(body, checkpoint) };`,
  ),
  leaf(
    'leaf-without-token',
    'leaves the hash of the token out of the leaf that it compares',
    "hashText(crypto, typeof input.token === 'string' ? utf8(input.token) : input.token)",
    "hashText(crypto, utf8(''))",
  ),
  note(
    'first-signature',
    'takes the first signature line for that of the log',
    'note.signatures.find(({ name, id }) => id === vkey.id && name === vkey.name)',
    'note.signatures[0]',
  ),
  note('key-by-name', 'finds signature lines by the name alone', 'id === vkey.id && name === vkey.name', 'name === vkey.name'),
  note('key-by-id', 'finds signature lines by the id alone', 'id === vkey.id && name === vkey.name', 'id === vkey.id'),
  checkpoint('extension-lines', 'passes over lines behind the root', 'if (lines.length !== 4 ||', 'if (lines.length < 4 ||'),
  checkpoint(
    'size-leading-zero',
    'reads sizes with zeros in front',
    'const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;',
    'const DECIMAL = /^[0-9]{1,19}$/;',
  ),
  possession(
    'key-of-token',
    'verifies possession with the key that signed the token',
    'chain.presenter.passport.key, base',
    'token.key, base',
  ),
  possession('digest-not-compared', 'does not compare Content-Digest', 'encodeBase64url(contentDigest) !== claims.htd', 'false'),
  possession('expires-ignored', 'does not look at "expires"', 'if (possession.params.expires !== undefined && ', 'if (false && '),
  possession(
    'expires-inclusive',
    'takes a signature in the second of its end',
    'possession.params.expires <= now',
    'possession.params.expires < now',
  ),
  signature(
    'components-any-order',
    'takes the components in any order',
    'components.some((name, index) => name !== expected[index])',
    'components.some((name) => !expected.includes(name))',
  ),
  signature(
    'components-more',
    'takes signatures that cover more',
    'if (components.length !== expected.length || components.some((name, index) => name !== expected[index]))',
    'if (expected.some((name) => !components.includes(name)))',
  ),
  signature('tag-repeated', 'takes the first of two signatures with its tag', 'if (second !== undefined)', 'if (false)'),
]
