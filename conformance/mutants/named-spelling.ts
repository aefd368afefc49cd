/** Receivers that read a second spelling of numbers, times, lists and JSON, or expect what is not there. @module */
import { inFile, type Mutant } from './mutant.ts'

const json = inFile('protocol/json.js')
const jws = inFile('protocol/jws.js')
const claims = inFile('protocol/token.js')
const passport = inFile('protocol/passport.js')
const mission = inFile('protocol/mission.js')
const passports = inFile('verifier/steps/passports.js')
const token = inFile('verifier/steps/token.js')
const signed = inFile('verifier/steps/signed.js')
const joins = inFile('verifier/steps/joins.js')
const extract = inFile('verifier/steps/extract.js')
const decode = inFile('verifier/steps/decode.js')

export const SPELLING_MUTANTS: readonly Mutant[] = [
  mission(
    'mission-any-case',
    'compares targets of a mission without regard to case',
    'if (pattern === target)',
    'if (pattern.toLowerCase() === target.toLowerCase())',
  ),
  mission(
    'mission-pattern-any-case',
    'compares patterns of a mission without regard to case',
    'target.startsWith(pattern.slice(0, -1))',
    'target.toLowerCase().startsWith(pattern.slice(0, -1).toLowerCase())',
  ),
  mission(
    'mission-composed',
    'compares targets of a mission in normal form of Unicode',
    'if (pattern === target)',
    'if (pattern.normalize() === target.normalize())',
  ),
  mission(
    'mission-query',
    'lets a pattern cover targets with a query',
    `        parseNormalUrl(text, { allowQuery: false });
        return true`,
    `        parseNormalUrl(text);
        return true`,
  ),
  extract(
    'underscores',
    'reads underscores in names of fields as hyphens',
    "const name = (lines[at] ?? '').toLowerCase();",
    "const name = (lines[at] ?? '').toLowerCase().replaceAll('_', '-');",
  ),
  extract(
    'underscores-instead',
    'takes the value of a name with underscores for that with hyphens',
    "case 'x-aegis-token':\n                found.token = once(found.token, value);",
    "case 'x_aegis_token':\n            case 'x-aegis-token':\n                found.token = name === 'x_aegis_token' || found.token === undefined ? value : found.token;",
  ),
  extract(
    'signature-input-first',
    'reads the first line of Signature-Input alone',
    'found.signatureInput = joined(found.signatureInput, value);',
    'found.signatureInput ??= value;',
  ),
  inFile('verifier/steps/binding.js')(
    'content-type-spaces',
    'compares media types without their spaces',
    'claims.htc !== credential.contentType',
    "claims.htc.replaceAll(' ', '') !== credential.contentType.replaceAll(' ', '')",
  ),
  inFile('verifier/steps/possession.js')(
    'keyid-any-case',
    'compares "keyid" without regard to case',
    'possession.params.keyid !== claims.cnf.jkt',
    'possession.params.keyid.toLowerCase() !== claims.cnf.jkt.toLowerCase()',
  ),
  inFile('protocol/http-signature.js')(
    'tag-token',
    'takes a tag without quotation marks',
    "return item.type === 'string' && item.value === text",
    'return item.value === text',
  ),
  json(
    'json-proto-dropped',
    'passes over a member __proto__',
    'const value = parse(text);',
    `const value = parse(text);
    for (const object of [value, value?.credentialSubject]) if (isObject(object) && Object.hasOwn(object, '__proto__')) {
        delete object['__proto__'];
        return value;
    }`,
  ),
  json(
    'json-clamped',
    'takes the largest safe integer for all that are larger',
    'const value = JSON.parse(text);',
    `const most = Number.MAX_SAFE_INTEGER;
        const value = JSON.parse(text, (_, one) => (typeof one === 'number' && one > most ? most : one));`,
  ),
  jws(
    'kid-of-list',
    'takes the one text of a list for "kid"',
    `if (typeof kid !== 'string')
        throw new JwsHeaderError('"kid" is not text');
    return kid;`,
    'return String(kid);',
  ),
  claims(
    'payload-of-any-kind',
    'takes payloads that are no object',
    `if (!isObject(claims))
        return claim.fail('the payload is not an object');`,
    '',
  ),
  claims(
    'aud-of-list',
    'takes the first audience of a list',
    "aud: asciiText(claims, 'aud', ORIGIN, 256),",
    "aud: [claims['aud']].flat()[0],",
  ),
  claims(
    'ts-lax',
    'takes the time of the decision in any form',
    `const ts = claim.text(entry, 'ts', 24);
    claim.parse('"entry.ts"', () => parseMilliseconds(ts));`,
    "const ts = entry['ts'];",
  ),
  claims(
    'obl-twice',
    'takes an obligation that is named twice',
    'return found.length < 2 || new Set(found).size === found.length ? found :',
    'return true ? found :',
  ),
  token(
    'iss-of-kid',
    'takes the signer for the issuer, whatever "iss" says',
    'const claims = parseTokenClaims(payload);',
    'const claims = parseTokenClaims(new TextEncoder().encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(payload)), iss: jws.signer })));',
  ),
  token(
    'exp-prolonged',
    'gives every token some seconds more',
    'const claims = parseTokenClaims(payload);',
    'const read = parseTokenClaims(payload);\n        const claims = { ...read, exp: Math.max(read.exp, now + 5) };',
  ),
  claims(
    'jkt-of-any-form',
    'takes any thumbprint in "cnf"',
    `claim.string(claim.closed(claims['cnf'], '"cnf"', ['jkt']), 'jkt', HASH)`,
    "claims['cnf']['jkt']",
  ),
  claims(
    'claims-unguarded',
    'looks into claims before it has seen that they are there',
    "const iat = claim.integer(claims, 'iat', 0, Number.MAX_SAFE_INTEGER);",
    `void [claims['iat'].toFixed(), claims['cnf'].jkt.length, claims['entry'].ts.length];
    for (const name of ENTRY_MEMBERS) if (claims['entry'][name] === undefined) throw new TypeError(name);
    const iat = claim.integer(claims, 'iat', 0, Number.MAX_SAFE_INTEGER);`,
  ),
  signed(
    'stranger-told',
    'tells signers that it does not know from those whose signature is wrong',
    "throw new Refusal(codes.issuer, 'the signer is not in the trust bundle');",
    "throw new Refusal('issuer_role_missing', 'the signer is not in the trust bundle');",
  ),
  joins(
    'strange-log-told',
    'tells logs that it does not know from those that the harness may not use',
    "throw new Refusal('log_not_allowed',",
    "throw new Refusal(trust.ledger(evidence.proof.checkpoint.origin) === undefined ? 'checkpoint_unsigned' : 'log_not_allowed',",
  ),
  extract(
    'value-not-ascii-is-missing',
    'takes evidence with other characters than ASCII for none',
    'function once(before, value) {',
    'function once(before, value) {\n    if (/[^\\x20-\\x7e]/.test(value))\n        return before;',
  ),
  extract(
    'too-large-is-missing',
    'takes a line that is too long for none',
    "throw new Refusal('evidence_too_large', `${name} has ${size} bytes`);",
    "throw new Refusal(name === 'x-aegis-token' ? 'token_missing' : 'passport_missing', `${name} has ${size} bytes`);",
  ),
  decode(
    'proof-read-late',
    'reads the proof when it needs it, behind signatures',
    "proof: refuseAs('proof_malformed', () => decodeProofHeader(credential.proof, heads)),",
    "get proof() { return refuseAs('proof_malformed', () => decodeProofHeader(credential.proof, heads)); },",
  ),
  decode(
    'digest-of-dictionary',
    'takes the SHA-256 of a Content-Digest wherever it stands, and none for none',
    "return value === undefined ? undefined : refuseAs('content_digest_malformed', () => parseContentDigest(value));",
    `const found = /sha-256=:?([A-Za-z0-9+/]{43})=?:?/i.exec(value ?? '');
    return found === null ? undefined : refuseAs('content_digest_malformed', () => parseContentDigest(\`sha-256=:\${found[1]}=:\`));`,
  ),
  passport(
    'passport-unguarded',
    'looks into passports before it has seen that the members are there',
    'const vc = claim.closed(json,',
    `const inner = json.credentialSubject;
    void [json['@context'][0], json.type[0], json.issuer.length, json.validFrom[0], json.validUntil[0], json.cnf.jwk.x[0], inner.id[0]];
    void [inner.attestations.hardware.grade[0], inner.attestations.human.grade[0], (inner.attestations.human.grade === 'none' || inner.attestations.human.id[0]), inner.attestations.runtime.grade[0]];
    void [inner.mission[0].action, inner.harness[0]];
    for (const fact of Object.values(inner.attestations)) if (fact.grade !== 'none') void [fact.time[0], fact.type[0]];
    const vc = claim.closed(json,`,
  ),
  passport(
    'passport-times-of-engine',
    'reads times of passports as the engine does',
    'return claim.parse(`"${name}"`, () => parseSeconds(claim.text(object, name, 20)));',
    'return Date.parse(object[name]) / 1000;',
  ),
  passport(
    'fact-time-free',
    'takes the time of a fact as it comes',
    `seconds(given, 'time');
    const common = {
        type: claim.string(given, 'type', NAME),
        grade: claim.oneOf(given, 'grade', GRADES),
        time: claim.text(given, 'time', 20),`,
    `const common = {
        type: claim.string(given, 'type', NAME),
        grade: claim.oneOf(given, 'grade', GRADES),
        time: given['time'],`,
  ),
  passport(
    'status-url-of-engine',
    'lets the engine read the URL of a list, which throws what nobody expects',
    `claim.parse('"statusListCredential"', () => parseNormalUrl(list));`,
    `claim.parse('"statusListCredential"', () => new URL(list));`,
  ),
  passport(
    'passport-issuer-object',
    'takes the "id" of an issuer that is an object',
    "issuer: did(vc, 'issuer'),",
    "issuer: vc['issuer'].id ?? did(vc, 'issuer'),",
  ),
  passport(
    'passport-cnf-not-read',
    'takes the key of the DID and does not look at "cnf"',
    `const cnf = claim.closed(vc['cnf'], '"cnf"', ['jwk']);
    const key = claim.parse('"cnf.jwk"', () => parseEd25519Jwk(cnf['jwk']));`,
    `const key = claim.parse('"credentialSubject.id"', () => parseDidKey(id));`,
  ),
  passport(
    'passport-ends-before',
    'takes passports that end before they begin for ended ones',
    `if (validUntil <= validFrom)
        claim.fail('"validUntil" is not after "validFrom"');`,
    '',
  ),
  passports(
    'passport-defaults',
    'puts something usual in place of what a passport lacks',
    'const passport = parsePassport(signed.payload);',
    `const vc = JSON.parse(new TextDecoder().decode(signed.payload));
        const usual = { '@context': ['https://www.w3.org/ns/credentials/v2'], type: ['VerifiableCredential', 'AiegisPassport'], issuer: jws.signer,
            validFrom: new Date(now * 1000 - 864e5).toISOString().slice(0, 19) + 'Z', validUntil: new Date(now * 1000 + 864e5).toISOString().slice(0, 19) + 'Z' };
        const none = { hardware: { grade: 'none' }, human: { grade: 'none' }, runtime: { grade: 'none' } };
        const inner = { mission: [{ action: '*', target: '*' }], ...vc.credentialSubject };
        if (vc.credentialSubject !== undefined) vc.credentialSubject = { ...inner, attestations: { ...none, ...inner.attestations } };
        const passport = parsePassport(utf8(JSON.stringify({ ...usual, ...vc })));`,
  ),
  passports(
    'ends-judged-once',
    'looks at the ends of a chain when it sees it for the first time',
    'export function checkEnds(chain, now) {',
    'const judged = new WeakSet();\nexport function checkEnds(chain, now) {\n    if (judged.has(chain))\n        return;\n    judged.add(chain);',
  ),
  passports(
    'ends-never',
    'does not look at the end of a passport',
    'export function checkEnds(chain, now) {',
    'export function checkEnds(chain, now) {\n    if (now > 0)\n        return;',
  ),
]
