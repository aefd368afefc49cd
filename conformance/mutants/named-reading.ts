/** Receivers that are wrong about what they read in the background: status lists and DID documents. @module */
import { inFile, type Mutant } from './mutant.ts'

const status = inFile('verifier/steps/status.js')
const list = inFile('protocol/status-list.js')
const lists = inFile('verifier/status.js')
const documents = inFile('protocol/did-document.js')
const didKeys = inFile('verifier/did-keys.js')

export const READING_MUTANTS: readonly Mutant[] = [
  status(
    'status-of-presenter',
    'asks the status of the sender alone',
    'for (const { passport } of chain.links)',
    'for (const { passport } of [chain.presenter])',
    'standard',
  ),
  status(
    'status-fails-open',
    'serves while the list cannot be read',
    "if (verdict === 'unavailable') {",
    'if (false) {',
    'standard',
  ),
  status(
    'status-optional',
    'wants no status of a passport that has none',
    "if (trust.issuer(passport.issuer)?.status === 'unrevocable')",
    'if (true)',
    'standard',
  ),
  list('status-lsb-first', 'counts bits from the least significant', '>> (7 - (index % 8))', '>> (index % 8)', 'standard'),
  list(
    'status-index-wraps',
    'counts on from the beginning behind the end of the list',
    'bits[Math.floor(index / 8)]',
    'bits[Math.floor(index / 8) % bits.length]',
    'standard',
  ),
  lists(
    'status-rollback',
    'takes a list that is older than the newest one',
    'if (isOld(source, list, now() / 1000))',
    'if (false)',
    'standard',
  ),
  lists(
    'status-forever',
    'uses a list as long as it likes',
    'if (age > issuer.maxStalenessSeconds * 1000)',
    'if (false)',
    'full',
  ),
  lists(
    'status-never-again',
    'reads each list once',
    'source.timer = later(() => void refresh(source)',
    'source.timer = later(() => void source',
    'standard',
  ),
  inFile('verifier/node/did-web/resolver.js')(
    'swap-web-did-resolver',
    'reads DID documents with the stock web-did-resolver',
    'const answer = await read(did);',
    "const { getResolver } = await import('web-did-resolver'); return await getResolver().web(did, { did, id: did.slice(8), method: 'web' });",
    'standard',
  ),
  lists(
    'status-same-second',
    'takes the list that it read last of two of one second',
    'if (newest === undefined || newest.list.validFrom !== read.list.validFrom)',
    'if (true)',
    'standard',
  ),
  didKeys(
    'role-of-document',
    'takes a key of a document that the bundle pins for another role',
    'return pinned === undefined || pinned === source.role ? trusted : undefined;',
    'return trusted;',
    'standard',
  ),
  didKeys(
    'document-asked-again',
    'asks for the document again with each name that it does not have',
    'if (isOwn && at < pauseEnd(source))',
    'if (false)',
    'standard',
  ),
  didKeys(
    'document-of-anyone',
    'reads the document of everybody whom a request names',
    'return source === undefined ? undefined : search(source, kid);',
    'if (source === undefined) void fetch(`http://${decodeURIComponent(did.split(/:/)[2])}/.well-known/did.json`).catch(() => {});\n            return source === undefined ? undefined : search(source, kid);',
    'standard',
  ),
  documents(
    'assertion-not-asked',
    'takes the keys of a document whatever they are listed for',
    'return [...names].flatMap((name) => keys.get(name) ?? []);',
    'return [...keys.values()].filter((key) => names.size >= 0 && key !== undefined);',
    'standard',
  ),
  documents(
    'controller-not-asked',
    'takes keys that somebody else controls',
    "if (members['controller'] !== did || ",
    'if (',
    'standard',
  ),
  documents(
    'fragment-alone',
    'knows methods by their fragments, of whichever DID they are',
    "const fragment = name.startsWith(`${did}#`) ? name.slice(did.length + 1) : '';",
    "const fragment = name.slice(name.indexOf('#') + 1);\n    name = `${did}#${fragment}`;",
    'standard',
  ),
  documents(
    'document-type-free',
    'takes a JWK out of a method of any type and curve',
    `if (type === 'JsonWebKey' || type === 'JsonWebKey2020') {
        if (!isObject(jwk) || jwk['crv'] !== 'Ed25519')`,
    `if (isObject(jwk)) {
        if (jwk['kty'] !== 'OKP')`,
    'standard',
  ),
  didKeys(
    'document-first-key',
    'takes the first key of a document when it does not have the one that is named',
    'document.keys.get(kid) : undefined;',
    'document.keys.get(kid) ?? [...document.keys.values()][0] : undefined;',
    'standard',
  ),
]
