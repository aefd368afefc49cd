import { jwkOf } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { parseTrustBundle } from '../src/trust.ts'
import { added, bundle, didKey, edited, HARNESS, ISSUER, jwk, LIST, LOG, signer, vkey } from './trust-bundle.ts'

const harness = (changes: object): unknown => ({
  did: 'did:web:other.example',
  keys: [{ kid: 'did:web:other.example#1', jwk: jwk('other harness') }],
  ledgers: [LOG],
  ...changes,
})

const ROOT = { public: 'https://api.example.com', mount: '/', authority: 'match' }
const LISTED = 'remove it, or write one of '
const EXACT_JWK = 'write exactly { "kty": "OKP", "crv": "Ed25519", "x": "43 characters" } of the public key'
const PLAIN = 'write an https URL without query in normal form'
const MOUNT = 'write "/" or a path without final slash, such as "/internal"'
const PUBLIC = 'write the origin and path without final slash, such as "https://api.example.com/v1"'
const COLLISION =
  'can match a request or give a URI that bases[0] does; write another host, or a mount and a public URL outside of that one'

const PINNED = 'write "keys" with the public keys instead'
const ALLOWED =
  'write a host as DIDs have it, such as "identity.internal:8443", or "http://localhost:18081" to ask this machine without TLS'

const UNASKED =
  'ledgers[0].witnesses: witnesses that nobody would ask, since the assurance is "proof"; write "assurance": "cosigned", or { "quorum": 0, "vkeys": [] }'
const log = { origin: LOG, vkey: vkey(LOG), assurance: 'proof' }
/** The bundle with a log that is cosigned. */
const cosigned = (witnesses: object): unknown => ({ ...bundle(), ledgers: [{ ...log, assurance: 'cosigned', witnesses }] })

/** A harness whose keys are in its document. */
const documented = (changes: object): object => ({ did: HARNESS, didWeb: true, ledgers: [LOG], ...changes })
/** The bundle with such a harness at another host. */
const local = (host: string): object => ({
  ...bundle(),
  harnesses: [documented({ did: `did:web:${host.replace(':', '%3A')}` })],
})

/** Every sentence with the rule it stands for: what is wrong with which member, and what to write. */
const SENTENCES: readonly (readonly [rule: number, wrong: unknown, sentence: string])[] = [
  [1, [], 'trust bundle: not an object; write { "ahp": "ahp-receiver/0.1", "audience": '],
  [1, null, 'trust bundle: not an object; write { "ahp"'],
  [1, '{}', 'trust bundle: not an object; write { "ahp"'],
  [1, edited('ahp', undefined), 'trust bundle: lacks "ahp"; write "ahp": "ahp-receiver/0.1"'],
  [1, edited('audience', undefined), 'trust bundle: lacks "audience"; write "audience": "https://api.example.com"'],
  [1, edited('bases', undefined), 'trust bundle: lacks "bases"; write "bases": [{ "public"'],
  [1, edited('harnesses', undefined), 'trust bundle: lacks "harnesses"; write "harnesses": [{ "did"'],
  [1, edited('issuers', undefined), 'trust bundle: lacks "issuers"; write "issuers": [{ "did"'],
  [1, edited('ledgers', undefined), 'trust bundle: lacks "ledgers"; write "ledgers": [{ "origin"'],
  [
    1,
    edited('audiences', []),
    `audiences: no such member; ${LISTED}ahp, audience, bases, harnesses, issuers, ledgers, didWeb, replay, time, limits, require, acceptWarn, acceptObligations`,
  ],
  [1, JSON.parse(JSON.stringify(bundle()).replace('{', '{"__proto__":{},')), `__proto__: no such member; ${LISTED}ahp`],
  [1, edited('ahp', 'ahp-receiver/0.2'), 'ahp: none of the known values; write "ahp-receiver/0.1"'],

  [1, edited('audience', 7), 'audience: not a text; write "https://api.example.com"'],
  [
    7,
    edited('audience', 'https://api.example.com/'),
    'audience: not scheme, host and port alone; write "https://api.example.com"',
  ],
  [
    7,
    edited('audience', 'https://API.example.com'),
    'audience: host or port is not in normal form; write "https://api.example.com"',
  ],
  [2, edited('audience', 'https://other.example'), 'audience: not the origin of a base; write "https://api.example.com"'],

  [1, edited('bases', {}), 'bases: not a list; write [{ "public"'],
  [1, edited('bases', []), 'bases: a list of 0, not of 1 to 16 values; write [{ "public"'],
  [
    1,
    edited(
      'bases',
      Array.from({ length: 17 }, () => ROOT),
    ),
    'bases: a list of 17, not of 1 to 16 values; write',
  ],
  [1, edited('bases[0].mount', undefined), 'bases[0]: lacks "mount"; write "mount": "/"'],
  [1, edited('bases[0].prefix', '/'), `bases[0].prefix: no such member; ${LISTED}public, mount, authority`],
  [7, edited('bases[0].public', 'https://api.example.com/'), `bases[0].public: ends in a slash; ${PUBLIC}`],
  [7, edited('bases[0].public', 'https://api.example.com/v1/'), `bases[0].public: ends in a slash; ${PUBLIC}`],
  [7, edited('bases[0].public', 'https://api.example.com/v1?x'), `bases[0].public: URL has a query; ${PUBLIC}`],
  [7, edited('bases[0].public', 'https://api.example.com/a/../b'), `bases[0].public: a dot segment in the path; ${PUBLIC}`],
  [7, edited('bases[0].public', 'http://api.example.com'), `bases[0].public: http is for loopback hosts only; ${PUBLIC}`],
  [
    7,
    edited('bases[0].public', 'https://user@api.example.com'),
    `bases[0].public: host or port is not in normal form; ${PUBLIC}`,
  ],
  [7, edited('bases[0].public', '*'), `bases[0].public: URL is neither https nor http; ${PUBLIC}`],
  [7, edited('bases[0].mount', ''), `bases[0].mount: request target is not in origin-form; ${MOUNT}`],
  [7, edited('bases[0].mount', '/internal/'), `bases[0].mount: has a query, a final slash or more than 256 characters; ${MOUNT}`],
  [7, edited('bases[0].mount', '/internal?'), `bases[0].mount: has a query, a final slash or more than 256 characters; ${MOUNT}`],
  [7, edited('bases[0].mount', '/%69nternal'), `bases[0].mount: an escape of an unreserved character; ${MOUNT}`],
  [1, edited('bases[0].authority', 'any'), 'bases[0].authority: none of the known values; write "match" or "fixed"'],
  [2, edited('bases', [ROOT, ROOT]), `bases[1]: ${COLLISION}`],
  [2, edited('bases', [ROOT, { ...ROOT, mount: '/internal' }]), `bases[1]: ${COLLISION}`],
  [
    2,
    edited('bases', [
      { ...ROOT, mount: '/a' },
      { ...ROOT, mount: '/a/b' },
    ]),
    `bases[1]: ${COLLISION}`,
  ],
  [
    2,
    edited('bases', [
      { ...ROOT, mount: '/a/b' },
      { ...ROOT, mount: '/a' },
    ]),
    `bases[1]: ${COLLISION}`,
  ],
  [2, edited('bases', [ROOT, { ...ROOT, public: 'https://b.example', authority: 'fixed' }]), `bases[1]: ${COLLISION}`],
  [
    2,
    edited('bases', [
      { ...ROOT, mount: '/internal' },
      { ...ROOT, public: 'https://api.example.com/orders', mount: '/x' },
    ]),
    `bases[1]: ${COLLISION}`,
  ],
  [
    2,
    edited('bases', [
      { ...ROOT, public: 'http://localhost:1' },
      { ...ROOT, public: 'https://localhost:1' },
    ]),
    `bases[1]: ${COLLISION}`,
  ],

  [1, edited('harnesses', {}), 'harnesses: not a list; write "harnesses": ['],
  [1, edited('harnesses', []), 'harnesses: a list of 0, not of 1 to 64 values; write'],
  [1, edited('harnesses[0]', 'did:web:harness.example'), 'harnesses[0]: not an object; write { "did"'],
  [
    7,
    edited('harnesses[0].did', 'did:web:Harness.example'),
    'harnesses[0].did: neither a did:key of Ed25519 nor a did:web in its one spelling; write a did:web or did:key in its one spelling',
  ],
  [1, edited('harnesses[0].did', undefined), 'harnesses[0]: lacks "did"; write "did": "did:web:harness.example"'],
  [1, edited('harnesses[0].url', 'x'), `harnesses[0].url: no such member; ${LISTED}did, ledgers, keys, didWeb`],
  [
    3,
    edited('harnesses[0].didWeb', true),
    'harnesses[0].didWeb: stands beside "keys"; remove one of the two: keys are pinned, or read from the document',
  ],
  [3, edited('harnesses[0]', documented({ didWeb: false })), `harnesses[0].didWeb: not true; write true, or pin keys: ${PINNED}`],
  [
    3,
    edited('harnesses[0]', documented({ did: didKey('harness') })),
    `harnesses[0].didWeb: only a did:web has a document that is read; pin keys: ${PINNED}`,
  ],
  [
    8,
    edited('harnesses[0]', documented({ did: 'did:web:localhost%3A18081' })),
    'harnesses[0].didWeb: a host that is this machine, and "didWeb.allow" does not list it; write "didWeb": { "allow": ["localhost:18081"] }',
  ],
  [
    8,
    { ...local('localhost:18081'), didWeb: { allow: ['localhost', 'http://localhost:18082', 'localhost.example:18081'] } },
    'harnesses[0].didWeb: a host that is this machine, and "didWeb.allow" does not list it; write',
  ],
  [
    4,
    {
      ...bundle(),
      harnesses: [documented({ did: ISSUER })],
      issuers: [{ did: ISSUER, didWeb: true, roles: ['root'], status: 'unrevocable' }],
    },
    `issuers[0].didWeb: the same document as for another role; pin the keys of one of them: ${PINNED}`,
  ],
  [3, edited('harnesses[0].keys', undefined), `harnesses[0].keys: missing; write [{ "kid": "${HARNESS}#1"`],
  [1, edited('harnesses[0].keys', []), `harnesses[0].keys: a list of 0, not of 1 to 16 values; write [{ "kid": "${HARNESS}#1"`],
  [1, edited('harnesses[0].keys[0].kid', undefined), `harnesses[0].keys[0]: lacks "kid"; write "kid": "${HARNESS}#1"`],
  [
    7,
    edited('harnesses[0].keys[0].kid', '#1'),
    `harnesses[0].keys[0].kid: neither a did:key of Ed25519 nor a did:web in its one spelling; write a DID URL of this party, such as "${HARNESS}#1"`,
  ],
  [
    5,
    edited('harnesses[0].keys[0].kid', `${ISSUER}#1`),
    `harnesses[0].keys[0].kid: a key of another DID; write a DID URL of this party, such as "${HARNESS}#1"`,
  ],
  [1, edited('harnesses[0].keys[0].jwk', undefined), 'harnesses[0].keys[0]: lacks "jwk"; write "jwk": {'],
  [
    7,
    edited('harnesses[0].keys[0].jwk', { ...jwkOf(signer('harness').publicKey), d: 'A'.repeat(43) }),
    `harnesses[0].keys[0].jwk: not a JWK with kty, crv and x only; ${EXACT_JWK}`,
  ],
  [
    7,
    edited('harnesses[0].keys[0].jwk.x', `AQ${'A'.repeat(41)}`),
    `harnesses[0].keys[0].jwk: an Ed25519 key of small order; ${EXACT_JWK}`,
  ],
  [
    1,
    edited('harnesses[0].keys[0].use', 'sig'),
    `harnesses[0].keys[0].use: no such member; ${LISTED}kid, jwk, validFrom, validUntil`,
  ],
  [
    1,
    edited('harnesses[0].keys[0].validFrom', '2026-11-01'),
    'harnesses[0].keys[0].validFrom: not a UTC time in RFC 3339 form; write a UTC time such as "2027-01-01T00:00:00Z"',
  ],
  [
    1,
    edited('harnesses[0].keys[0].validUntil', 1_795_212_000),
    'harnesses[0].keys[0].validUntil: not a text; write a UTC time such as',
  ],
  [
    11,
    edited('harnesses[0].keys[0]', {
      kid: `${HARNESS}#1`,
      jwk: jwk('harness'),
      validFrom: '2026-11-01T00:00:00Z',
      validUntil: '2026-11-01T00:00:00Z',
    }),
    'harnesses[0].keys[0].validUntil: not later than "validFrom"; write a later time, or leave it out',
  ],
  [
    5,
    edited(
      'harnesses[0].keys',
      ['harness', 'second'].map((name) => ({ kid: `${HARNESS}#1`, jwk: jwk(name) })),
    ),
    'harnesses[0].keys[1].kid: the same as harnesses[0].keys[0].kid; remove one of them',
  ],
  [
    5,
    edited('harnesses[0]', {
      did: didKey('harness'),
      keys: [{ kid: `${didKey('harness')}#1`, jwk: jwk('other') }],
      ledgers: [LOG],
    }),
    'harnesses[0].keys[0].jwk: not the key that its did:key encodes; write that key',
  ],
  [
    1,
    edited('harnesses[0].ledgers', []),
    'harnesses[0].ledgers: a list of 0, not of 1 to 16 values; write the origins of the logs that this harness may use',
  ],
  [1, edited('harnesses[0].ledgers', LOG), 'harnesses[0].ledgers: not a list; write the origins of the logs'],
  [
    1,
    edited('harnesses[0].ledgers', [LOG, LOG]),
    'harnesses[0].ledgers[1]: the same as harnesses[0].ledgers[0]; remove one of them',
  ],
  [
    6,
    edited('harnesses[0].ledgers', ['elsewhere']),
    'harnesses[0].ledgers[0]: not a log of this bundle; write the origin of an entry of "ledgers", or add that entry',
  ],
  [6, edited('harnesses[0].ledgers', ['constructor']), 'harnesses[0].ledgers[0]: not a log of this bundle; write'],
  [
    5,
    added('harnesses', harness({ did: HARNESS, keys: [{ kid: `${HARNESS}#2`, jwk: jwk('second') }] })),
    `harnesses[1]: a second entry for "${HARNESS}"; write one entry with everything`,
  ],

  [1, edited('issuers', []), 'issuers: a list of 0, not of 1 to 256 values; write "issuers": ['],
  [1, edited('issuers[0].roles', undefined), 'issuers[0]: lacks "roles"; write "roles": ["root"]'],
  [1, edited('issuers[0].roles', []), 'issuers[0].roles: a list of 0, not of 1 to 2 values; write some of "root", "hop"'],
  [1, edited('issuers[0].roles', ['root', 'root']), 'issuers[0].roles[1]: the same as issuers[0].roles[0]; remove one of them'],
  [1, edited('issuers[0].roles', ['admin']), 'issuers[0].roles[0]: none of the known values; write "root" or "hop"'],
  [1, edited('issuers[0].status', undefined), 'issuers[0]: lacks "status"; write "status": { "lists"'],
  [
    1,
    edited('issuers[0].status', 'none'),
    'issuers[0].status: not an object; write "status": { "lists": ["https://identity.example/status/revocation/1"], "keys": […] }, or "status": "unrevocable" when',
  ],
  [1, edited('issuers[0].status', null), 'issuers[0].status: not an object; write { "lists"'],
  [
    1,
    edited('issuers[0].status.lists', []),
    'issuers[0].status.lists: a list of 0, not of 1 to 64 values; write the URLs of its status lists',
  ],
  [
    1,
    edited('issuers[0].status.lists', [LIST, LIST]),
    'issuers[0].status.lists[1]: the same as issuers[0].status.lists[0]; remove one of them',
  ],
  [7, edited('issuers[0].status.lists', [`${LIST}?a`]), `issuers[0].status.lists[0]: URL has a query; ${PLAIN}`],
  [
    7,
    edited('issuers[0].status.lists', ['http://identity.example/1']),
    `issuers[0].status.lists[0]: http is for loopback hosts only; ${PLAIN}`,
  ],
  [1, edited('issuers[0].status.keys', []), 'issuers[0].status.keys: a list of 0, not of 1 to 16 values; write [{ "kid"'],
  [
    5,
    edited('issuers[0].status.keys[0].kid', `${HARNESS}#status`),
    'issuers[0].status.keys[0].kid: a key of another DID; write a DID URL of this party',
  ],
  [1, edited('issuers[0].status.url', 'x'), `issuers[0].status.url: no such member; ${LISTED}lists, keys`],
  [3, edited('issuers[0].didWeb', true), 'issuers[0].didWeb: stands beside "keys"; remove one of the two'],

  [1, edited('ledgers', []), 'ledgers: a list of 0, not of 1 to 64 values; write "ledgers": ['],
  [1, edited('ledgers[0].vkey', undefined), 'ledgers[0]: lacks "vkey"; write "vkey": "ledger.example/aiegis/1+…"'],
  [7, edited('ledgers[0].vkey', 'x'.repeat(513)), 'ledgers[0].vkey: longer than 512 characters; write'],
  [7, edited('ledgers[0].origin', 'x'.repeat(256)), 'ledgers[0].origin: longer than 255 characters; write'],
  [
    7,
    edited('ledgers[0].vkey', 'x'),
    'ledgers[0].vkey: not a verifier key; write the verifier key that the log publishes: name+id+base64',
  ],
  [
    6,
    edited('ledgers[0].vkey', vkey('other.example')),
    `ledgers[0].vkey: a key whose name is not the origin; write the key of "${LOG}"`,
  ],
  [
    7,
    edited('ledgers[0].vkey', vkey(LOG, 4)),
    'ledgers[0].vkey: not a key of a log; write a key of note type 0x01; 0x04 is for witnesses',
  ],
  [1, edited('ledgers[0].origin', 7), 'ledgers[0].origin: not a text; write the origin line of its checkpoints'],
  [1, edited('ledgers[0].assurance', undefined), 'ledgers[0]: lacks "assurance"; write "assurance": "proof"'],
  [1, edited('ledgers[0].assurance', 'none'), 'ledgers[0].assurance: none of the known values; write "proof" or "cosigned"'],
  [
    9,
    edited('ledgers[0].assurance', 'cosigned'),
    'ledgers[0].witnesses: missing, and the assurance is "cosigned"; write "witnesses": { "quorum": 1, "vkeys": ["witness.example+…"] }',
  ],
  [9, edited('ledgers[0].witnesses', { quorum: 1, vkeys: [] }), UNASKED],
  [9, edited('ledgers[0].witnesses', { quorum: 0, vkeys: [vkey('witness.example', 4)] }), UNASKED],
  [
    11,
    cosigned({ quorum: 0, vkeys: [vkey('witness.example', 4)] }),
    'ledgers[0].witnesses.quorum: not a whole number from 1 to 8; write 1, or leave it out',
  ],
  [
    11,
    cosigned({ quorum: 9, vkeys: [vkey('witness.example', 4)] }),
    'ledgers[0].witnesses.quorum: not a whole number from 1 to 8;',
  ],
  [
    9,
    cosigned({ quorum: 2, vkeys: [vkey('witness.example', 4)] }),
    'ledgers[0].witnesses.quorum: more than the 1 witnesses below, so no head could have it; write a smaller quorum, or more witnesses',
  ],
  [
    9,
    cosigned({ quorum: 1, vkeys: [] }),
    'ledgers[0].witnesses.quorum: more than the 0 witnesses below, so no head could have it;',
  ],
  [
    9,
    cosigned({ quorum: 1, vkeys: ['one.example', 'two.example'].map((name) => vkey(name, 4, 'one witness')) }),
    'ledgers[0].witnesses.vkeys[1]: the same as ledgers[0].witnesses.vkeys[0]; remove one of them',
  ],
  [
    4,
    cosigned({ quorum: 1, vkeys: [vkey('witness.example', 4, LOG)] }),
    'ledgers[0].witnesses.vkeys[0]: the same key as ledgers[0].vkey, which has the role log; write a key of its own for the role witness',
  ],
  [
    7,
    cosigned({ quorum: 1, vkeys: [vkey('witness.example', 1)] }),
    'ledgers[0].witnesses.vkeys[0]: not a key of a witness; write a key of note type 0x04; 0x01 is for logs',
  ],
  [
    7,
    cosigned({ quorum: 1, vkeys: ['witness.example'] }),
    'ledgers[0].witnesses.vkeys[0]: not a verifier key; write the verifier key that the witness publishes: name+id+base64',
  ],
  [7, edited('ledgers[0].url', 'ledger.example'), `ledgers[0].url: URL is neither https nor http; ${PLAIN}`],
  [
    5,
    added('ledgers', { origin: LOG, vkey: vkey(LOG, 1, 'second log'), assurance: 'proof' }),
    `ledgers[1]: a second entry for "${LOG}"; write one entry with everything`,
  ],

  [
    4,
    edited('issuers[0].keys[0].jwk', jwk('harness')),
    'issuers[0].keys[0].jwk: the same key as harnesses[0].keys[0].jwk, which has the role harness; write a key of its own for the role issuer',
  ],
  [
    5,
    edited('issuers[0].status.keys[0].kid', 'did:web:identity.example#1'),
    'issuers[0].status.keys[0].kid: a kid that names a key of another role; write another fragment: one kid, one key',
  ],
  [
    4,
    edited('issuers[0].status.keys[0].jwk', jwk('issuer')),
    'issuers[0].status.keys[0].jwk: the same key as issuers[0].keys[0].jwk, which has the role issuer; write a key of its own for the role status',
  ],
  [
    4,
    edited('harnesses[0].keys[0].jwk', jwk(LOG)),
    'harnesses[0].keys[0].jwk: the same key as ledgers[0].vkey, which has the role log; write a key of its own for the role harness',
  ],
  [
    4,
    added('harnesses', harness({ keys: [{ kid: 'did:web:other.example#1', jwk: jwk(LOG) }] })),
    'harnesses[1].keys[0].jwk: the same key as ledgers[0].vkey, which has the role log; write a key of its own for the role harness',
  ],

  [1, edited('didWeb', true), 'didWeb: not an object; write { … }'],
  [1, edited('didWeb', { hosts: [] }), `didWeb.hosts: no such member; ${LISTED}allow, caFile`],
  [1, edited('didWeb', { allow: 'localhost' }), `didWeb.allow: not a list; ${ALLOWED}`],
  [
    1,
    edited('didWeb', { allow: Array.from({ length: 65 }, (_, at) => `h${at}.example`) }),
    'didWeb.allow: a list of 65, not of 0 to 64',
  ],
  [1, edited('didWeb', { allow: [7] }), `didWeb.allow[0]: not a text; ${ALLOWED}`],
  ...[
    '',
    '127.0.0.1',
    '[::1]:8443',
    'Host.example',
    'a.example:443',
    'a.example/x',
    'a.example:u',
    'a.example%3A8443',
    '*.example',
  ].map((host) => [8, edited('didWeb', { allow: [host] }), 'didWeb.allow[0]: n'] as const),
  [8, edited('didWeb', { allow: ['https://a.example'] }), 'didWeb.allow[0]: neither a did:key'],
  [8, edited('didWeb', { allow: ['http://identity.example'] }), `didWeb.allow[0]: http is for localhost only; ${ALLOWED}`],
  [8, edited('didWeb', { allow: ['http://127.0.0.1:18081'] }), 'didWeb.allow[0]: neither a did:key'],
  [8, edited('didWeb', { allow: ['http://localhost.example'] }), `didWeb.allow[0]: http is for localhost only; ${ALLOWED}`],
  [
    8,
    edited('didWeb', { allow: ['localhost:18081', 'http://localhost:18081'] }),
    'didWeb.allow[1]: a second entry for localhost:18081; write one of them',
  ],
  [1, edited('didWeb', { caFile: 'ca.pem' }), 'didWeb.caFile: not an absolute path; write one that starts at the root, or null'],
  [1, edited('didWeb', { caFile: '' }), 'didWeb.caFile: not an absolute path; write one'],
  [1, edited('didWeb', { caFile: ['/etc/ca.pem'] }), 'didWeb.caFile: not an absolute path; write one'],
  [1, edited('replay', {}), 'replay: lacks "memory"; write "memory": { "singleProcess": true }'],
  [10, edited('replay', { memory: {} }), 'replay.memory: lacks "singleProcess"; write "singleProcess": true'],
  [
    10,
    edited('replay', { memory: { singleProcess: 'yes' } }),
    'replay.memory.singleProcess: not true; write true when exactly one process serves these bases, else pass a shared store',
  ],
  [
    10,
    edited('replay', { memory: { singleProcess: true, maxRecords: 0 } }),
    'replay.memory.maxRecords: not a whole number from 1 to 10000000; write 1000000, or leave it out',
  ],
  [
    10,
    edited('replay', { memory: { singleProcess: true, maxPerIssuer: 1.5 } }),
    'replay.memory.maxPerIssuer: not a whole number from 1',
  ],
  [1, edited('replay', { redis: {} }), 'replay: lacks "memory"; write'],

  [1, edited('time', []), 'time: not an object; write { … }'],
  [1, edited('time', { skew: 5 }), `time.skew: no such member; ${LISTED}skewSeconds, maxLifetimeSeconds`],
  [11, edited('time', { skewSeconds: 31 }), 'time.skewSeconds: not a whole number from 0 to 30; write 5, or leave it out'],
  [11, edited('time', { skewSeconds: -1 }), 'time.skewSeconds: not a whole number from 0 to 30; write 5, or leave it out'],
  [
    11,
    edited('time', { maxLifetimeSeconds: 301 }),
    'time.maxLifetimeSeconds: not a whole number from 1 to 300; write 60, or leave it out',
  ],
  [
    11,
    edited('time', { bodyTimeoutSeconds: 31 }),
    'time.bodyTimeoutSeconds: not a whole number from 1 to 30; write 30, or leave it out',
  ],
  [
    11,
    edited('time', { statusRefreshSeconds: '60' }),
    'time.statusRefreshSeconds: not a whole number from 1 to 3600; write 60, or leave it out',
  ],
  [
    11,
    edited('time', { maxStalenessSeconds: 59 }),
    'time.maxStalenessSeconds: not a whole number from 60 to 86400; write 600, or leave it out',
  ],
  [
    11,
    edited('time', { maxStalenessSeconds: 86_401 }),
    'time.maxStalenessSeconds: not a whole number from 60 to 86400; write 600',
  ],
  [
    11,
    edited('time', { maxStalenessSeconds: 60 }),
    'time.statusRefreshSeconds: not less than maxStalenessSeconds (60), so every list would be stale before it is read again; write',
  ],
  [
    11,
    edited('issuers[0].status.maxStalenessSeconds', 59),
    'issuers[0].status.maxStalenessSeconds: not a whole number from 60 to 86400; write 600, or leave it out',
  ],
  [
    11,
    edited('issuers[0].status.maxStalenessSeconds', 86_401),
    'issuers[0].status.maxStalenessSeconds: not a whole number from 60 to 86400; write 600, or leave it out',
  ],
  [
    11,
    edited('issuers[0].status.maxStalenessSeconds', 60),
    'issuers[0].status.maxStalenessSeconds: not more than statusRefreshSeconds (60), so every list would be stale before it is read again; write a longer time, or a shorter statusRefreshSeconds',
  ],
  [
    9,
    edited('time', { maxUnprovenSeconds: 900 }),
    'time.maxUnprovenSeconds: no log has a "url", so none is audited; write the "url" of a log, or leave it out',
  ],
  [
    11,
    { ...bundle(), ledgers: [{ ...log, url: 'https://ledger.example/' }], time: { maxUnprovenSeconds: 59 } },
    'time.maxUnprovenSeconds: not a whole number from 60 to 86400; write 900, or leave it out',
  ],
  [
    11,
    edited('limits', { tokenBytes: 4097 }),
    'limits.tokenBytes: not a whole number from 1024 to 4096; write 4096, or leave it out',
  ],
  [
    11,
    edited('limits', { passportBytes: 4097 }),
    'limits.passportBytes: not a whole number from 1024 to 4096; write 4096, or leave it out',
  ],
  [
    11,
    edited('limits', { proofChars: 4097 }),
    'limits.proofChars: not a whole number from 512 to 4096; write 4096, or leave it out',
  ],
  [
    11,
    edited('limits', { bodyBytes: 1_048_577 }),
    'limits.bodyBytes: not a whole number from 0 to 1048576; write 1048576, or leave it out',
  ],
  [11, edited('limits', { delegations: 3 }), 'limits.delegations: not a whole number from 0 to 2; write 0, or leave it out'],
  [1, edited('require', { software: {} }), `require.software: no such member; ${LISTED}hardware, human, runtime`],
  [1, edited('require', { hardware: 'live' }), 'require.hardware: not an object; write { … }'],
  [
    1,
    edited('require', { hardware: { asserted: 'strong' } }),
    'require.hardware.asserted: none of the known values; write "none" or "asserted" or "evidence_checked" or "live"',
  ],
  [1, edited('require', { human: { proven: 'live' } }), `require.human.proven: no such member; ${LISTED}asserted, checked`],
  [1, edited('acceptWarn', 'true'), 'acceptWarn: neither true nor false; write false, or leave it out'],
  [1, edited('acceptObligations', ['log']), 'acceptObligations[0]: none of the known values; write "notify_owner" or'],
  [
    1,
    edited('acceptObligations', ['log_full', 'log_full']),
    'acceptObligations[1]: the same as acceptObligations[0]; remove one of them',
  ],
  [1, edited('acceptObligations', 'log_full'), 'acceptObligations: not a list; write some of "notify_owner", "log_full"'],
]

describe('AHP-BUNDLE-3 AHP-BUNDLE-8 keys in DID documents', () => {
  test('are accepted for public hosts, and for this machine where it is listed', () => {
    expect(messageOf(edited('harnesses[0]', documented({})))).toBe('accepted')
    for (const allowed of ['localhost:18081', 'http://localhost:18081'])
      expect(messageOf({ ...local('localhost:18081'), didWeb: { allow: [allowed], caFile: null } })).toBe('accepted')
  })

  test('leave nothing to look up, and say who is to be read and where', () => {
    const trust = parseTrustBundle({
      ...local('localhost:18081'),
      didWeb: { allow: ['http://localhost:18081', 'identity.internal:8443'], caFile: '/etc/aiegis/ca.pem' },
    })
    expect(trust.didWebParties).toEqual([{ role: 'harness', did: 'did:web:localhost%3A18081' }])
    expect([...trust.didWeb.hosts]).toEqual([
      ['localhost:18081', 'http'],
      ['identity.internal:8443', 'https'],
    ])
    expect(trust.didWeb.caFile).toBe('/etc/aiegis/ca.pem')
    expect(trust.harnessKey('did:web:localhost%3A18081', 'did:web:localhost%3A18081#1')).toBeUndefined()
    expect(trust.issuerKey(ISSUER, `${ISSUER}#1`)).toBeDefined()
  })
})

describe('a wrong bundle stops at start with one sentence', () => {
  test.each(SENTENCES.map(([rule, value, sentence]) => [rule, sentence, value] as const))(
    'AHP-BUNDLE-%i %s',
    (_, sentence, value) => {
      const message = messageOf(value)
      expect(message.slice(0, sentence.length)).toBe(sentence)
      expect(message).toMatch(/^[^:;\n]+: [^\n]+; [^\n]+$/)
    },
  )
})

/** What `parseTrustBundle` says of the value; only a `TypeError` counts. */
function messageOf(value: unknown): string {
  try {
    parseTrustBundle(value)
    return 'accepted'
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}
