/** Receivers that get documents and lists in more ways than one, or take another's for them (spec chapters 2.8 and 9.2). @module */
import { inFile, type Mutant } from './mutant.ts'

const get = inFile('verifier/node/get.js')
const lists = inFile('verifier/status.js')

export const FETCH_MUTANTS: readonly Mutant[] = [
  get('fetch-any-status', 'uses the content of whatever is answered', 'if (answer.statusCode !== 200)', 'if (false)', 'standard'),
  get(
    'fetch-follows',
    'goes where redirects lead',
    'const answer = await request(url, asked);',
    `let answer = await request(url, asked);
    while (answer.headers.location !== undefined) {
        await answer.body.dump();
        answer = await request(new URL(answer.headers.location, url), asked);
    }`,
    'standard',
  ),
  get(
    'fetch-decodes',
    'takes content codings off',
    `throw new Error('an encoded answer');`,
    `return { status: 200, contentType, cacheControl, body: (await import('node:zlib')).gunzipSync(await readBody(answer.body, maxBytes)) };`,
    'standard',
  ),
  get(
    'fetch-coding-unseen',
    'does not mind what Content-Encoding says',
    "if (answer.headers['content-encoding'] !== undefined)",
    'if (false)',
    'standard',
  ),
  inFile('verifier/within.js')(
    'fetch-patient',
    'waits four times as long as it may',
    'ms`)), milliseconds)',
    'ms`)), 4 * milliseconds)',
    'standard',
  ),
  inFile('verifier/node/did-web/resolver.js')(
    'document-any-type',
    'reads documents of any media type',
    'if (!MEDIA_TYPES.includes(mediaType))',
    'if (false)',
    'standard',
  ),
  inFile('protocol/did-document.js')(
    'document-any-size',
    'reads documents of a megabyte',
    'maxBytes: 65_536,',
    'maxBytes: 1_048_576,',
    'standard',
  ),
  inFile('verifier/did-read.js')(
    'document-key-end-once',
    'judges the end of a key when it reads the document, and not again',
    '...(validUntil === undefined ?',
    '...(validUntil === undefined || validUntil * 1000 > Date.now() ?',
    'standard',
  ),
  lists(
    'status-of-any-issuer',
    'looks lists up by their URL, whosever they are',
    `const source = tables.get(issuer)?.get(url);
            if (source === undefined)`,
    `const [source] = [...tables.values()].flatMap((table) => table.get(url) ?? []);
            if (source === undefined)`,
    'standard',
  ),
  inFile('verifier/status-read.js')(
    'status-key-ended',
    'takes lists by keys whose time is over',
    ' && validFrom <= now && now < validUntil;',
    ';',
    'standard',
  ),
]
