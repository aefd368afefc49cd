/** Receivers around the verifier that are wrong themselves: a parser that minds less, a front that repairs requests, a handler that does not wait (spec chapter 7). @module */
import { inFile, type Mutant } from './mutant.ts'

const main = inFile('fixture/express/main.js')
const receiver = inFile('fixture/express/receiver.js')
const extract = inFile('verifier/steps/extract.js')
const content = inFile('verifier/node/content.js')
const LISTEN = "createReceiver(verifier).listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');"
const HOST = 'found.authority = value.toLowerCase();'
const OWN = "`127.0.0.1:${process.env['PORT']}`"

export const FIXTURE_MUTANTS: readonly Mutant[] = [
  server('server-lenient', 'lets its parser of HTTP mind less', '{ insecureHTTPParser: true }, createReceiver(verifier)'),
  server(
    'server-own-host',
    'takes itself for the host of a request without Host, which both its parser and the first step refuse',
    `{ requireHostHeader: false }, (request, response) => {
    if (request.headers.host === undefined) request.rawHeaders.push('Host', request.headers.host = ${OWN});
    app(request, response);
}`,
    'const app = createReceiver(verifier);\n',
  ),
  main(
    'server-answers-all',
    'answers what its parser refuses as if it were served',
    LISTEN,
    `${LISTEN.slice(0, -1)}.on('clientError', (_error, socket) => socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}'));`,
  ),
  front(
    'front-one-length',
    'stands behind a front that drops a second length',
    '/(\\r\\nContent-Length: \\d+)\\r\\nContent-Length: \\d+/',
    '$1',
  ),
  front('front-colons', 'stands behind a front that drops spaces before colons', '/ :(?= ey)/', ':'),
  front('front-line-feeds', 'stands behind a front that puts carriage returns where they lack', '/(?<!\\r)\\n/g', '\\r\\n'),
  front('front-unfolds', 'stands behind a front that puts folded lines together', '/\\r\\n (?=\\S)/', ''),
  front('front-nul', 'stands behind a front that drops NUL', '/\\0/g', ''),
  front(
    'front-lengths-of-chunks',
    'stands behind a front that drops a length beside chunks',
    '/\\r\\nContent-Length: \\d+(?=[^]*\\r\\nTransfer-Encoding)/',
    '',
  ),
  front(
    'front-trailers',
    'stands behind a front that puts trailers among the fields of the head',
    '/^([^]*?)(\\r\\n\\r\\n[^]*\\r\\n0\\r\\n)(X-AEGIS-Token: \\S+)\\r\\n/',
    '$1\\r\\n$3$2',
  ),
  extract('host-first', 'takes the first of a list in Host', HOST, "found.authority = value.toLowerCase().split(',')[0];"),
  extract('host-spaces', 'drops spaces from Host', HOST, "found.authority = value.toLowerCase().replaceAll(' ', '');"),
  extract('host-user', 'drops a user from Host', HOST, "found.authority = value.toLowerCase().replace(/^.*@/, '');"),
  extract('host-path', 'drops a path from Host', HOST, "found.authority = value.toLowerCase().split('/')[0];"),
  extract('host-empty', 'takes an empty Host for its own', HOST, `found.authority = value.toLowerCase() || ${OWN};`),
  extract(
    'host-port',
    'takes its own port where Host has none that is a number',
    HOST,
    `found.authority = value.toLowerCase().replace(/:[a-z]+$/, \`:\${process.env['PORT']}\`);`,
  ),
  extract(
    'host-beginning',
    'reads Host no further than its port',
    HOST,
    'found.authority = /^[^:]*(?::[0-9]+)?/.exec(value.toLowerCase())[0];',
  ),
  receiver(
    'handler-of-broken',
    'does what was asked when the connection breaks before the content is complete',
    "app.disable('x-powered-by');",
    `app.disable('x-powered-by');
    app.use((request, _response, next) => {
        request.once('aborted', () => effects.echo({ principal: {}, presenter: {}, path: [], ledger: {} }, [], (name) => request.get(name)));
        next();
    });`,
  ),
  content('content-waits', 'waits for content as long as the connection lasts', 'limits.timeoutMs);', '2_000_000);', 'full'),
]

/** The fixture on a server of its own. */
function server(id: string, defect: string, words: string, before = ''): Mutant {
  return main(
    id,
    defect,
    LISTEN,
    `${before}(await import('node:http')).createServer(${words}).listen(Number(process.env['PORT']), '127.0.0.1');`,
  )
}

/** The fixture behind a program that changes the first bytes of each connection. */
function front(id: string, defect: string, form: string, by: string): Mutant {
  return main(
    id,
    defect,
    LISTEN,
    `const net = await import('node:net');
const inner = createReceiver(verifier).listen(0, '127.0.0.1', () => net.createServer((from) => {
    const to = net.connect(inner.address().port, '127.0.0.1').setEncoding('latin1');
    from.setEncoding('latin1').on('data', (text) => to.write(text.replace(${form}, '${by}'), 'latin1')).on('end', () => to.end());
    to.on('data', (text) => from.write(text, 'latin1')).on('end', () => from.end());
    for (const one of [from, to]) one.on('error', () => { from.destroy(); to.destroy(); });
}).listen(Number(process.env['PORT']), '127.0.0.1'));`,
  )
}
