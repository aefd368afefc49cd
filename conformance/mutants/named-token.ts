/** Receivers that are wrong about bytes, signatures, JSON, names and times of a token. @module */
import { inFile, type Mutant } from './mutant.ts'

const ed25519 = inFile('protocol/ed25519.js')
const jws = inFile('protocol/jws.js')
const base64 = inFile('protocol/base64.js')
const json = inFile('protocol/json.js')
const token = inFile('verifier/steps/token.js')
const claims = inFile('protocol/token.js')
const members = inFile('protocol/members.js')
const replay = inFile('verifier/steps/replay.js')
const store = inFile('verifier/replay.js')

const PRECHECKS = `    if (signature.length !== 64 || !isReducedS(signature))
        return false;
    if (!isCanonicalY(signature) || isSmallOrder(signature))
        return false;
    return crypto.verifyEd25519(key.bytes, message, signature);`

const DECODED = `    const bytes = decodeBase64url(payload);
    const signature = decodeBase64url(signatureText);
    const { kid, signer } = readHeader(header, form);`

export const TOKEN_MUTANTS: readonly Mutant[] = [
  ed25519(
    'never-verifies',
    'reads signatures and never verifies them',
    'return crypto.verifyEd25519(key.bytes, message, signature);',
    'return true;',
  ),
  ed25519(
    'swap-noble-verify',
    'verifies with the default of @noble/ed25519, which multiplies by the cofactor (ZIP-215)',
    PRECHECKS,
    `    return import('@noble/ed25519').then(({ verifyAsync }) => verifyAsync(signature, message, key.bytes)).catch(() => false);`,
  ),
  ed25519(
    'engine-alone',
    'leaves points of small order to the engine, which takes them',
    'return SMALL_ORDER_Y.some((y) => {',
    'return [].some((y) => {',
  ),
  ed25519('y-not-canonical', 'takes keys and R with y at p or above', 'return byteAt(bytes, 0) < 0xed;', 'return true;'),
  jws(
    'swap-jose-parser',
    'parses tokens with jose, which is lax about base64url and JSON',
    DECODED,
    `    const jose = process.getBuiltinModule('node:module').createRequire(import.meta.url)('jose');
    let bytes, signature, kid, signer;
    try {
        bytes = utf8(JSON.stringify(jose.decodeJwt(text)));
        signature = new Uint8Array(Buffer.from(signatureText, 'base64url'));
        ({ kid } = jose.decodeProtectedHeader(text));
        signer = kid.split('#')[0];
    } catch (error) { throw new Malformed('not a JWT'); }`,
  ),
  jws(
    'alg-none',
    'takes "none" for an algorithm',
    "if (alg !== 'Ed25519' && alg !== 'EdDSA')",
    "if (alg !== 'Ed25519' && alg !== 'EdDSA' && alg !== 'none')",
  ),
  jws(
    'alg-any-case',
    'compares "alg" without regard to case',
    "if (alg !== 'Ed25519' && alg !== 'EdDSA')",
    'if (!/^(?:ed25519|eddsa)$/i.test(alg))',
  ),
  jws(
    'typ-media-type',
    'takes "application/" in front of "typ"',
    'if (typ !== form.typ)',
    "if (String(typ).replace('application/', '') !== form.typ)",
  ),
  jws(
    'typ-any-case',
    'compares "typ" without regard to case',
    'if (typ !== form.typ)',
    'if (String(typ).toLowerCase() !== form.typ)',
  ),
  jws('crit-ignored', 'does not look at "crit"', 'if (!known)', "if (!known && name !== 'crit')"),
  jws(
    'jwk-ignored',
    'lets a token bring a key along and does not mind it',
    'if (!known)',
    "if (!known && name !== 'jwk' && name !== 'jku')",
  ),
  jws(
    'header-cache-by-kid',
    'takes a header that it knows under any "typ"',
    "const name = `${form.typ} ${form.cty ?? ''} ${header}`;",
    'const name = header;',
  ),
  base64(
    'base64url-lax',
    'decodes base64url as Buffer does: padding, white space and spare bits pass',
    `    if (nodeBuffer === undefined || text.length <= SHORT)
        return decode(text, 0, text.length, URL_VALUES);`,
    `    return plain(nodeBuffer.from(text, 'base64url'));`,
  ),
  base64(
    'base64url-spare-bits',
    'does not look at the bits that no byte uses',
    'seen |= (group & (tail === 2 ? 0xffff : 0xff)) === 0 ? group : -1;',
    'seen |= group;',
  ),
  json(
    'json-last-wins',
    'takes the last of two members of one name',
    "!== members)\n        throw new Malformed('JSON with a repeated member name')",
    "> members)\n        throw new Malformed('JSON with a repeated member name')",
  ),
  json(
    'json-bom',
    'reads JSON behind a byte order mark',
    'const text = decodeUtf8(bytes);',
    'const text = decodeUtf8(bytes[0] === 0xef ? bytes.subarray(3) : bytes);',
  ),
  json(
    'json-utf8-lax',
    'replaces bytes that are not UTF-8',
    'const text = decodeUtf8(bytes);',
    'const text = new TextDecoder().decode(bytes);',
  ),
  json('json-depth-free', 'parses JSON of any depth', 'if (++depth > maxDepth)', 'if (++depth > 1e9)'),
  claims(
    'exp-optional',
    'gives a token without "exp" one of its own',
    "exp: claim.integer(claims, 'exp', iat + 1, Number.MAX_SAFE_INTEGER),",
    "exp: Object.hasOwn(claims, 'exp') ? claim.integer(claims, 'exp', iat + 1, Number.MAX_SAFE_INTEGER) : iat + 60,",
  ),
  claims(
    'obl-unknown-ignored',
    'passes over obligations that it does not know',
    `const found = list.map((value) => OBLIGATIONS.find((known) => known === value) ?? claim.fail('"obl" names an unknown obligation'));`,
    'const found = list.filter((value) => OBLIGATIONS.includes(value));',
  ),
  claims(
    'decision-any-case',
    'compares the decision without regard to case',
    "decision: claim.oneOf(entry, 'decision', ['ALLOW', 'WARN', 'BLOCK']),",
    "decision: claim.oneOf({ decision: String(entry.decision).toUpperCase() }, 'decision', ['ALLOW', 'WARN', 'BLOCK']),",
  ),
  token(
    'exp-leeway',
    'gives a token the skew at its end as well',
    'if (claims.exp <= now)',
    'if (claims.exp + skewSeconds <= now)',
  ),
  token('exp-inclusive', 'takes a token in the second of its end', 'if (claims.exp <= now)', 'if (claims.exp < now)'),
  token(
    'iat-leeway-300',
    'takes tokens from five minutes ahead',
    'if (claims.iat > now + skewSeconds)',
    'if (claims.iat > now + 300)',
  ),
  token('lifetime-doubled', 'takes tokens of twice the longest life', '> maxLifetimeSeconds)', '> 2 * maxLifetimeSeconds)'),
  token('entry-time-near', 'takes a decision of the minute before', '!== claims.iat)', '< claims.iat - 60)'),
  token(
    'role-of-issuer',
    'takes tokens that an issuer of passports signed',
    `const isKnown = trust.harness(jws.signer) !== undefined;
    return after(keys.find('harness', jws.signer, jws.kid),`,
    `const isKnown = (trust.harness(jws.signer) ?? trust.issuer(jws.signer)) !== undefined;
    return after(keys.find('harness', jws.signer, jws.kid) ?? keys.find('issuer', jws.signer, jws.kid),`,
  ),
  inFile('verifier/keys.js')(
    'key-by-party',
    'takes any key of the party, whichever "kid" names',
    'find: (role, did, kid) => pinned[role](did, kid)',
    'find: (role, did, kid) => pinned[role](did, kid) ?? pinned[role](did, `${did}#key-1`) ?? pinned[role](did, `${did}#1`)',
  ),
  inFile('verifier/steps/signed.js')(
    'key-validity-ignored',
    'uses keys before and after their validity',
    'return (trusted.validFrom ?? 0) <= now && now < (trusted.validUntil ?? Number.POSITIVE_INFINITY);',
    'return true;',
  ),
  replay(
    'replay-by-text',
    'remembers the text of tokens',
    'replayKey(iss, jti, crypto), exp',
    'hashText(crypto, token.bytes), exp',
  ),
  replay(
    'replay-without-issuer',
    'remembers "jti" without who issued it',
    'utf8(`${iss.length}:${iss}${jti.length}:${jti}`)',
    'utf8(jti)',
  ),
  ...['sub', 'psp', 'iat', 'exp', 'htm', 'htd'].map((name) =>
    replay(
      `replay-with-${name}`,
      `remembers "jti" together with "${name}"`,
      'replayKey(iss, jti, crypto), exp',
      `replayKey(iss, jti + token.claims.${name}, crypto), exp`,
    ),
  ),
  replay(
    'replay-with-kid',
    'remembers "jti" together with the key that signed',
    'replayKey(iss, jti, crypto), exp',
    'replayKey(iss, jti + token.kid, crypto), exp',
  ),
  replay('replay-brief', 'remembers a token for twenty seconds', 'exp + RECORD_GRACE, iss)', 'now() + 20, iss)'),
  replay(
    'replay-any-case',
    'remembers "jti" without regard to case',
    'utf8(`${iss.length}:${iss}${jti.length}:${jti}`)',
    'utf8(`${iss}${jti.toLowerCase()}`)',
  ),
  replay(
    'replay-racy',
    'looks a token up and writes it down later',
    'const verdict = store.claim(key, expiresAt, iss);',
    'globalThis.used ??= new Set(); if (globalThis.used.has(key)) return "seen"; const verdict = new Promise((resolve) => setTimeout(() => { globalThis.used.add(key); resolve("fresh"); }, 50));',
  ),
  store(
    'replay-forgets',
    'forgets tokens beyond the last ten',
    'live.add(key);',
    'live.add(key); if (live.size > 10) live.delete(live.values().next().value);',
  ),
  members('text-of-any-form', 'takes text of any form for a member', 'form.test(value) ? value', 'true ? value'),
  members(
    'text-of-any-length',
    'takes text of any length for a member',
    "typeof value !== 'string' || value.length > maxBytes || (value.length * 3 > maxBytes && byteLength(value) > maxBytes)",
    "typeof value !== 'string'",
  ),
  members(
    'integer-of-any-size',
    'takes any number for a member',
    "typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max",
    "typeof value === 'number'",
  ),
  members('word-of-any-kind', 'takes any word for one of a few', 'return found ??', 'return found ?? object[name] ??'),
  members(
    'list-of-any-length',
    'takes lists of any length',
    'Array.isArray(value) && value.length >= min && value.length <= max',
    'Array.isArray(value)',
  ),
  members(
    'member-of-any-type',
    'takes members of any type',
    "return typeof value === 'string' && form.test(value) ? value",
    'return true ? value',
  ),
]
