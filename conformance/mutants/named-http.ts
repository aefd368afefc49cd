/** Receivers that are wrong about requests, content, refusals and what handlers see. @module */
import { inFile, type Mutant } from './mutant.ts'

const extract = inFile('verifier/steps/extract.js')
const bases = inFile('verifier/trust-bases.js')
const binding = inFile('verifier/steps/binding.js')
const content = inFile('verifier/steps/content.js')
const mount = inFile('verifier/node/mount.js')
const express = inFile('express/index.js')
const contexts = inFile('verifier/contexts.js')
const refusal = inFile('verifier/refusal-response.js')
const headers = inFile('verifier/mount.js')
const road = inFile('verifier/road.js')
const url = inFile('protocol/url.js')
const map = inFile('verifier/action-map.js')
const pattern = inFile('verifier/path-patterns.js')

export const HTTP_MUTANTS: readonly Mutant[] = [
  pattern('map-of-case', 'knows a declared path in one case alone', 'text.toLowerCase()', 'text'),
  map('map-without-slash', 'knows a declared path without a slash at its end alone', '[text, text.slice(0, -1)]', '[text]'),
  refusal(
    'codes-shuffled',
    'refuses what it has to, each time with the code of something else',
    'const exact = REASONS[refusal.code];',
    `const names = Object.keys(REASONS);
    const exact = REASONS[refusal.code === 'replay_warming' ? refusal.code : names[(names.indexOf(refusal.code) + 7) % names.length]];`,
  ),
  binding(
    'uri-prefix',
    'compares the target URI by its beginning',
    'if (claims.htu !== uri)',
    'if (!uri.startsWith(claims.htu))',
  ),
  binding(
    'uri-decoded',
    'compares the target URI with escapes resolved',
    'if (claims.htu !== uri)',
    'if (decodeURI(claims.htu) !== decodeURI(uri))',
  ),
  binding(
    'uri-any-case',
    'compares the target URI without regard to case',
    'if (claims.htu !== uri)',
    'if (claims.htu.toLowerCase() !== uri.toLowerCase())',
  ),
  binding(
    'uri-without-query',
    'does not compare the query',
    'if (claims.htu !== uri)',
    "if (claims.htu.split('?')[0] !== uri.split('?')[0])",
  ),
  binding(
    'uri-sorted-query',
    'compares the members of the query in any order',
    'if (claims.htu !== uri)',
    "if ([...claims.htu].sort().join('') !== [...uri].sort().join(''))",
  ),
  binding(
    'method-of-get',
    'takes a token for GET for HEAD as well',
    'if (claims.htm !== credential.method)',
    "if (claims.htm !== credential.method && !(claims.htm === 'GET' && credential.method === 'HEAD'))",
  ),
  binding('method-not-bound', 'does not compare the method', 'if (claims.htm !== credential.method)', 'if (false)'),
  binding(
    'content-type-loose',
    'compares the media type without its parameters',
    'if (claims.htc !== credential.contentType)',
    "if (claims.htc.split(';')[0].toLowerCase() !== credential.contentType.split(';')[0].toLowerCase())",
  ),
  bases(
    'authority-any',
    'does not compare the authority',
    "(candidate.authority === 'fixed' || candidate.host === authority) && ",
    '',
  ),
  bases(
    'authority-without-port',
    'compares the host without its port',
    'candidate.host === authority)',
    "candidate.host.split(':')[0] === authority.split(':')[0])",
  ),
  extract(
    'authority-forwarded',
    'believes X-Forwarded-Host',
    "case 'host':",
    "case 'x-forwarded-host':\n                found.authority = value.toLowerCase();\n                break;\n            case 'host':\n                if (lines.some((line) => line.toLowerCase() === 'x-forwarded-host')) break;",
  ),
  extract('method-override', 'does not mind headers that name another method', 'if (OVERRIDES.has(name))', 'if (false)'),
  extract(
    'evidence-first',
    'takes the first of several values',
    'function once(before, value) {',
    "function once(before, value) {\n    return before ?? value.split(',')[0];",
  ),
  extract(
    'evidence-last',
    'takes the last of several values',
    'function once(before, value) {',
    "function once(before, value) {\n    return value.split(',').at(-1).trim();",
  ),
  extract(
    'token-from-query',
    'takes a token from the query',
    'if (found.token === undefined)',
    "found.token ??= [...new URLSearchParams(request.target.split('?')[1] ?? '').values()].find((one) => one.split('.').length === 3);\n    if (found.token === undefined)",
  ),
  extract(
    'token-from-cookie',
    'takes a token from a cookie',
    "case 'content-encoding':",
    "case 'cookie':\n                found.token ??= /aegis[_-]?token=([^;]+)/i.exec(value)?.[1];\n                break;\n            case 'content-encoding':",
  ),
  extract(
    'token-from-authorization',
    'takes a token from Authorization',
    "case 'content-encoding':",
    "case 'authorization':\n                found.token ??= /^(?:bearer|aegis|dpop) (.+)$/i.exec(value)?.[1];\n                break;\n            case 'content-encoding':",
  ),
  extract('content-type-last', 'takes the last of two media types', 'if (found.contentType !== undefined)', 'if (false)'),
  extract(
    'host-of-path',
    'reads targets in absolute form',
    'return parseRequestTarget(raw);',
    "return parseRequestTarget(raw.replace(/^https?:\\/\\/[^/]+/, ''));",
  ),
  url(
    'target-double-slash',
    'serves paths with "//"',
    'if (code === SLASH)\n                throw',
    'if (false)\n                throw',
  ),
  url(
    'escape-lower-case',
    'takes escapes in lower case',
    'return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;',
    'return code >= 0x41 && code <= 0x46 ? code - 0x37 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;',
  ),
  content(
    'digest-of-json',
    'hashes JSON as it would print it',
    'if (hashText(crypto, content) !== htd)',
    'let printed = content;\n        try { printed = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(content)))); } catch { printed = content; }\n        if (hashText(crypto, printed) !== htd && hashText(crypto, content) !== htd)',
  ),
  content(
    'digest-of-trimmed',
    'hashes content without white space around it',
    'if (hashText(crypto, content) !== htd)',
    'if (hashText(crypto, new TextEncoder().encode(new TextDecoder().decode(content).trim())) !== htd && hashText(crypto, content) !== htd)',
  ),
  content('content-not-bound', 'does not compare the content', 'if (hashText(crypto, content) !== htd)', 'if (false)'),
  content(
    'content-empty-free',
    'does not compare content where none was decided',
    'if (hashText(crypto, content) !== htd)',
    "if (htd !== '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' && hashText(crypto, content) !== htd)",
  ),
  inFile('verifier/node/content.js')(
    'content-consumed',
    'reads content and does not put it back',
    'request.unshift(content);',
    'void content;',
  ),
  inFile('verifier/node/content.js')(
    'trailers-free',
    'does not mind trailers',
    'return request.rawTrailers.length > 0 ?',
    'return request.rawTrailers.length > 1e9 ?',
  ),
  mount(
    'exception-serves',
    'serves when something unexpected happens',
    'if (refused) {',
    'if (refused && refused.status < 500) {',
  ),
  express(
    'handler-first',
    'calls the handler while it verifies',
    'if (await passes(mount, request, response))\n            next();',
    'const passing = passes(mount, request, response);\n        next();\n        await passing;',
  ),
  express(
    'handler-after-refusal',
    'calls the handler after it has refused',
    'if (await passes(mount, request, response))\n            next();',
    'await passes(mount, request, response);\n        next();',
  ),
  express(
    'handler-late',
    'calls the handler some seconds after it has refused a request for its form',
    'if (await passes(mount, request, response))\n            next();',
    'const passing = await passes(mount, request, response);\n        if (!passing)\n            await new Promise((resolve) => setTimeout(resolve, 2500));\n        if (passing || response.statusCode === 400)\n            next();',
  ),
  express('head-exempt', 'lets HEAD pass', 'if (await passes(', "if (request.method === 'HEAD' || await passes("),
  express('options-exempt', 'lets OPTIONS pass', 'if (await passes(', "if (request.method === 'OPTIONS' || await passes("),
  express(
    'get-exempt',
    'lets GET without a token pass',
    'if (await passes(',
    "if ((request.method === 'GET' && request.headers['x-aegis-token'] === undefined) || await passes(",
  ),
  contexts(
    'context-of-last',
    'gives each handler the facts of the request that was verified last',
    'const context = await verifier.verify(request, route);',
    'globalThis.last ??= {}; globalThis.last.context = await verifier.verify(request, route); await new Promise((resolve) => setTimeout(resolve, 20)); const context = globalThis.last.context;',
  ),
  refusal(
    'stack-in-body',
    'shows where in its code it refused',
    'title,\n        status,',
    'title,\n        stack: refusal.stack,\n        status,',
  ),
  refusal(
    'cause-in-body',
    'says in words what was wrong',
    'title,\n        status,',
    'title,\n        detail: refusal.message,\n        status,',
  ),
  refusal('exact-code-shown', 'shows the exact code', 'code: exact.public,', 'code: refusal.code,'),
  refusal(
    'exact-code-in-header',
    'tells the exact code in a header of its own',
    'return { status, headers, body };',
    "return { status, headers: { ...headers, 'X-Reason': refusal.code }, body };",
  ),
  refusal('no-challenge', 'leaves the challenge out', 'if (status === 401)', 'if (false)'),
  refusal('no-jitter', 'sends all clients back at the same time', 'Math.floor(random() * (1 + least / 2))', '0'),
  refusal('no-retry-after', 'does not say when to come again', 'if (status === 503)', 'if (false)'),
  refusal('cacheable', 'lets refusals be stored', "'Cache-Control': 'no-store',", ''),
  refusal(
    'wrong-type',
    'sends problems as plain JSON',
    "'Content-Type': 'application/problem+json',",
    "'Content-Type': 'application/json',",
  ),
  refusal(
    'always-403',
    'answers 403 whatever is wrong',
    'return { status, headers, body };',
    'return { status: 403, headers, body };',
  ),
  refusal('no-clock', 'does not tell its time', 'now: Math.floor(party.now / 1000),', ''),
  headers(
    'evidence-stays',
    'leaves the evidence to handlers',
    "const EVIDENCE = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', CONTEXT_HEADER];",
    'const EVIDENCE = [];',
  ),
  headers('proof-stays', 'leaves the proof to handlers', "'x-aegis-proof', ", ''),
  headers(
    'cookie-stays',
    'leaves cookies to handlers',
    "const UNCOVERED = ['cookie', 'authorization'];",
    "const UNCOVERED = ['authorization'];",
  ),
  headers(
    'authorization-stays',
    'leaves Authorization to handlers',
    "const UNCOVERED = ['cookie', 'authorization'];",
    "const UNCOVERED = ['cookie'];",
  ),
  road(
    'claims-first',
    'uses a token up before it has judged the request',
    "    on('joins')(token, chain, evidence, trust);",
    "    await on('replay')(token, chain, replay, trust, crypto, startedAt(), receiver.now);\n    on('joins')(token, chain, evidence, trust);",
  ),
  road(
    'no-replay',
    'remembers no token',
    "await on('replay')(token, chain, replay, trust, crypto, startedAt(), receiver.now);",
    '',
  ),
  road(
    'no-content',
    'does not look at content',
    "await on('content')(request, token, requirement, trust, crypto, now, performance.now() - progress.startedAt);",
    'await request.content({ maxBytes: 1e9, timeoutMs: 1e4 });',
  ),
  extract(
    'encoding-free',
    'does not mind encoded content',
    `case 'content-encoding':
                throw new Refusal(`,
    `case 'content-encoding':
                break;
                new Refusal(`,
  ),
  extract(
    'trailer-free',
    'does not mind that trailers are announced',
    `case 'trailer':
                throw new Refusal(`,
    `case 'trailer':
                break;
                new Refusal(`,
  ),
]
