/** Receivers that read proofs, and signature fields more freely than in their one form. @module */
import { inFile, type Mutant } from './mutant.ts'

const proof = inFile('protocol/tlog-proof.js')
const checkpoint = inFile('protocol/checkpoint.js')
const note = inFile('protocol/note.js')
const signature = inFile('protocol/http-signature.js')
const ledger = inFile('verifier/steps/ledger.js')

const READ = 'return readProof(decodeBase64url(value), read);'
const TEXT = 'new TextDecoder().decode(decodeBase64url(value))'

export const PROOF_MUTANTS: readonly Mutant[] = [
  proof('proof-line-ends', 'reads carriage returns as it likes', READ, `return readProof(utf8(${TEXT}.replaceAll('\\r', '')));`),
  proof(
    'proof-trimmed',
    'reads proofs with white space around them, or without the last line feed',
    READ,
    `return readProof(utf8(\`\${new TextDecoder().decode(decodeBase64url(value)).trim()}\\n\`));`,
  ),
  proof(
    'proof-any-base64',
    'reads proofs in ordinary base64',
    READ,
    "return readProof(new Uint8Array(process.getBuiltinModule('node:buffer').Buffer.from(value, 'base64')));",
  ),
  proof(
    'proof-none-read',
    'takes what does not look like a proof for none, and looks into it later',
    READ,
    'return /^YzJzcC[\\w-]*$/.test(value) ? readProof(decodeBase64url(value)) : undefined;',
  ),
  proof(
    'proof-extra-passed-over',
    'passes over an extra line',
    READ,
    `return readProof(utf8(${TEXT}.replace(/^extra .*\\n/m, '')));`,
  ),
  proof(
    'proof-controls-dropped',
    'passes over control characters and bytes that are no UTF-8',
    READ,
    `return readProof(utf8(${TEXT}.replaceAll(/[\\0\\ufffd]/g, '')));`,
  ),
  proof(
    'proof-blank-lines-free',
    'does not mind how many empty lines come before the checkpoint',
    READ,
    `return readProof(utf8(${TEXT}.replace(/\\n+(\\S+\\.example\\/[^\\n]+\\n\\d)/, '\\n\\n$1')));`,
  ),
  proof(
    'hashes-of-any-form',
    'reads hashes of a path as Buffer does, whatever they look like',
    `for (; bytes[at] !== NEWLINE; at += HASH_LINE) {
        if (path.length === MAX_PATH)
            throw new Malformed(\`a proof with more than \${MAX_PATH} hashes\`);
        if (bytes[at + HASH_LINE - 1] !== NEWLINE)
            throw new Malformed('a proof with a line that is no hash');
        const hash = decodeBase64Part(bytes, at, at + HASH_LINE - 1);
        if (hash.length !== 32)
            throw new Malformed('a proof with a hash of another length than 32 bytes');
        path.push(hash);`,
    `for (; at < bytes.length && bytes[at] !== NEWLINE; at = bytes.indexOf(NEWLINE, at) + 1 || bytes.length) {
        const hash = new Uint8Array(32);
        hash.set(process.getBuiltinModule('node:buffer').Buffer.from(decodeUtf8(bytes.subarray(at, bytes.indexOf(NEWLINE, at))), 'base64').subarray(0, 32));
        path.push(hash);`,
  ),
  checkpoint(
    'root-of-any-form',
    'reads a root as Buffer does, whatever it looks like',
    `if (text.length !== 44)
        throw new Malformed('not a hash of 32 bytes');
    const hash = decodeBase64(text);`,
    `const hash = new Uint8Array(32);
    hash.set(process.getBuiltinModule('node:buffer').Buffer.from(text, 'base64').subarray(0, 32));`,
  ),
  checkpoint(
    'numbers-of-engine',
    'reads sizes and indexes with parseInt',
    `if (!DECIMAL.test(text))
        throw new Malformed('not a decimal number');
    const value = BigInt(text);
    if (value > MAX_TREE_SIZE)
        throw new Malformed('a number over 2^63 − 1');`,
    'const value = BigInt(Number.parseInt(text, 10) || 1);',
  ),
  checkpoint(
    'origin-of-signature',
    'takes the name of the first key for the origin',
    'return { origin, size, root,',
    'return { origin: parsed.signatures[0].name, size, root,',
  ),
  checkpoint(
    'origin-folded',
    'compares origins without case and white space',
    'return { origin, size, root,',
    'return { origin: origin.trim().toLowerCase(), size, root,',
  ),
  note(
    'signature-line-trimmed',
    'reads signature lines with more than one space',
    'const bytes = decodeBase64(line.slice(space + 1));',
    'const bytes = decodeBase64(line.slice(space + 1).trim());',
  ),
  ledger(
    'inclusion-of-known-head',
    'asks for the way to a head only when it sees the head for the first time',
    'checkInclusion(evidence.proof, token, crypto);',
    'if (known === undefined)\n            checkInclusion(evidence.proof, token, crypto);',
  ),
  signature(
    'field-put-right',
    'takes tabs for spaces and drops escapes that nothing needs',
    'return parseDictionary(text, MAX_MEMBERS);',
    "return parseDictionary(text.replaceAll('\\t', ' ').replaceAll(/\\\\([^\"\\\\])/g, '$1'), MAX_MEMBERS);",
  ),
  signature(
    'field-of-base64url',
    'takes base64url for base64',
    'return parseDictionary(text, MAX_MEMBERS);',
    "return parseDictionary(text.replaceAll(/:[\\w+/=-]+:/g, (one) => one.replaceAll('-', '+').replaceAll('_', '/')), MAX_MEMBERS);",
  ),
  signature(
    'signature-of-any-type',
    'takes a signature that is text or a token',
    `member.value.type !== 'bytes' || member.params.length > 0) {
        throw new Malformed('no signature with the label of its input');
    }
    const bytes = decodeBase64(member.value.value);
    if (bytes.length !== 64)
        throw new Malformed('a signature has 64 bytes');`,
    `member.params.length > 0) {
        throw new Malformed('no signature with the label of its input');
    }
    const bytes = new Uint8Array(64);
    bytes.set(decodeBase64(member.value.value).subarray(0, 64));`,
  ),
  signature(
    'field-unread-is-none',
    'takes a field that it cannot read for no signature',
    'const tagged = parseField(signatureInput).filter(',
    `let fields = [];
    try { fields = parseField(signatureInput); } catch { return undefined; }
    const tagged = fields.filter(`,
  ),
  signature(
    'member-unread-is-none',
    'takes a signature whose parameters it cannot read for none',
    `const components = parseComponents(member);
    const params = parseParams(member);`,
    `let components, params;
    try { components = parseComponents(member); params = parseParams(member); } catch { return undefined; }`,
  ),
]
