import { describe, expect, test } from 'vitest'
import { parseFlags, USAGE } from '../src/config.ts'
import { UsageError } from '../src/usage.ts'

function sentence(...args: string[]): string {
  try {
    parseFlags(args)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'no error'
}

test('without flags the server is that of a developer at home', () => {
  expect(parseFlags([])).toEqual({
    port: 18_081,
    state: '.aiegis',
    auditDb: undefined,
    lastCheckpoint: undefined,
    alsoLogKey: undefined,
    witnesses: undefined,
    policyPacks: [],
    packIssuers: [],
    allowUnsignedPacks: false,
    url: undefined,
    did: undefined,
    issuer: undefined,
    logOrigin: undefined,
    tokenSeconds: 60,
    blockStatus: 401,
    jurisdictions: [],
    notify: [],
  })
})

test('a ledger in PostgreSQL is named by a URL without a password, which every user of the machine would see', () => {
  const url = 'postgres://harness@db.example/ledger?sslmode=verify-full'
  expect(parseFlags(['--audit-db', url]).auditDb).toBe(url)
  for (const bad of [
    'postgres://harness:s3cret@db.example/x',
    'postgresql://db.example/x?password=s3cret',
    'postgres://[s3cret',
  ]) {
    const failure = (): unknown => parseFlags(['--audit-db', bad])
    expect(failure).toThrow(
      /^--audit-db postgres:\/\/…: not a URL, or one with a password; write postgres:\/\/<role>@<host>\/<database>/,
    )
    expect(failure).not.toThrow(/s3cret/)
  }
})

test('a ledger in a directory and the other key of a log are named by flags', () => {
  const config = parseFlags(['--audit-db', 'tiles:/var/lib/aiegis/ledger', '--also-log-key', 'next.key'])
  expect([config.auditDb, config.alsoLogKey]).toEqual(['tiles:/var/lib/aiegis/ledger', 'next.key'])
  expect(sentence('--audit-db', 'tiles:')).toBe('--audit-db tiles:: the directory is missing; write --audit-db tiles:<directory>')
})

test('flags may have their value after a space or after "=", and some may be repeated in order', () => {
  const config = parseFlags([
    '--port',
    '0',
    '--audit-db=a=b.db',
    '--policy-pack',
    'x',
    '--policy-pack=y',
    '--allow-unsigned-packs',
    '--block-status',
    '403',
  ])
  expect(config).toMatchObject({
    port: 0,
    auditDb: 'a=b.db',
    policyPacks: ['x', 'y'],
    allowUnsignedPacks: true,
    blockStatus: 403,
  })
  expect(
    parseFlags([
      '--url',
      'https://harness.example',
      '--did',
      'did:web:harness.example',
      '--issuer',
      'did:web:identity.example',
      '--jurisdiction',
      'EU',
      '--notify',
      'https://api.example.com/status-hints',
      '--notify=http://127.0.0.1:18082/hints?as=issuer',
    ]),
  ).toMatchObject({
    url: 'https://harness.example',
    did: 'did:web:harness.example',
    issuer: 'did:web:identity.example',
    jurisdictions: ['EU'],
    notify: ['https://api.example.com/status-hints', 'http://127.0.0.1:18082/hints?as=issuer'],
  })
})

describe('a flag that is wrong stops the start with one sentence that says what to do', () => {
  test.each<[string[], string]>([
    [['--prot', '1'], `--prot: no such flag; ${USAGE}`],
    [['18081'], `18081: no such flag; ${USAGE}`],
    [['-p', '1'], `-p: no such flag; ${USAGE}`],
    [['--constructor', '1'], `--constructor: no such flag; ${USAGE}`],
    [['--port', '70000'], '--port 70000: not allowed; write a number from 0 to 65535'],
    [['--port', '1e3'], '--port 1e3: not allowed; write a number from 0 to 65535'],
    [['--port', '-1'], '--port -1: not allowed; write a number from 0 to 65535'],
    [['--port', ''], '--port: its value is missing; write --port <number>'],
    [['--port'], '--port: its value is missing; write --port <number>'],
    [['--port', '--state'], '--port: its value is missing; write --port <number>'],
    [['--port', '1', '--port', '2'], '--port: it stands twice; remove one of the two'],
    [['--allow-unsigned-packs=yes'], '--allow-unsigned-packs: it takes no value; write --allow-unsigned-packs alone'],
    [
      ['--pack-issuer', 'did:web:x.example'],
      '--pack-issuer did:web:x.example: not a did:key of Ed25519; write a did:key of an Ed25519 key',
    ],
    [
      ['--url', 'https://harness.example/'],
      '--url https://harness.example/: not scheme, host and port alone; write an origin such as https://harness.example, without a final slash',
    ],
    [
      ['--url', 'http://harness.example'],
      '--url http://harness.example: http is for loopback hosts only; write an origin such as https://harness.example, without a final slash',
    ],
    [['--did', 'did:key:z6Mk'], '--did did:key:z6Mk: not a did:web; write a did:web such as did:web:harness.example'],
    [
      ['--issuer', 'did:web:Identity'],
      '--issuer did:web:Identity: neither a did:key of Ed25519 nor a did:web in its one spelling; write a did:web such as did:web:identity.example',
    ],
    [
      ['--log-origin', 'a b'],
      '--log-origin a b: not lower-case letters, digits and ". : / _ -"; write a name such as ledger.example/aiegis/1',
    ],
    [['--token-seconds', '301'], '--token-seconds 301: not allowed; write a number from 1 to 300'],
    [['--token-seconds', '0'], '--token-seconds 0: not allowed; write a number from 1 to 300'],
    [['--block-status', '402'], '--block-status 402: not allowed; write 401 or 403'],
    [['--jurisdiction', 'Europe'], '--jurisdiction Europe: not the code of a jurisdiction; write a code such as EU or IE'],
    [
      ['--notify', 'http://api.example.com/status-hints'],
      '--notify http://api.example.com/status-hints: http is for loopback hosts only; write an https URL such as https://api.example.com/status-hints',
    ],
    [
      ['--notify', 'https://api.example.com'],
      '--notify https://api.example.com: URL has no path; write an https URL such as https://api.example.com/status-hints',
    ],
    [['--notify'], '--notify: its value is missing; write --notify <url>'],
  ])('%j', (args, expected) => {
    expect(sentence(...args)).toBe(expected)
  })
})
