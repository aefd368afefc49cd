/** The bundle is checked as receivers check it, and each difference says who is trusted more or less (spec chapter 14). @module */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryLog, createMockHarness, NAMES, namedSigner, witnessVkey } from '@aiegis/testing'
import { defaultCrypto, jwkOf, type JsonObject } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { diffTrust } from '../../../src/node/cli/trust-diff.ts'
import { folder, run } from './cli.ts'

const harness = createMockHarness({ logSize: 1 })
const bundle = harness.trust()
const first = (name: string): JsonObject => (bundle[name] as JsonObject[])[0] ?? {}
const party = (name: string, changes: object): JsonObject => ({ [name]: [{ ...first(name), ...changes }] })
const key = (name: string, did: string, more: object = {}): object => {
  const { kid, publicKey } = namedSigner(name, `${did}#${name}`)
  return { kid, jwk: { ...jwkOf(publicKey) }, ...more }
}
const own = (name: string): object[] => first(name)['keys'] as unknown as object[]

describe('trust check', () => {
  test('says whom a good bundle trusts', async () => {
    const { code, text } = await run(folder({ 'aiegis-trust.json': JSON.stringify(bundle) }), ['trust', 'check'])
    expect([code, text]).toEqual([0, expect.stringContaining('harnesses did:web:harness.example')])
  })

  test.each([
    ['a member that is not known', { ...bundle, acceptAll: true }, 'acceptAll'],
    ['no audience', { ...bundle, audience: undefined }, 'audience'],
    ['a harness without keys', { ...bundle, ...party('harnesses', { keys: [] }) }, 'harnesses[0]'],
  ])('says in one sentence what is wrong with %s', async (_name, wrong, sentence) => {
    const { code, text } = await run(folder({ 'b.json': JSON.stringify(wrong) }), ['trust', 'check', 'b.json'])
    expect([code, text]).toEqual([1, expect.stringContaining(sentence)])
  })

  test('refuses a file that others can write, as a receiver does', async () => {
    const directory = folder({ 'b.json': JSON.stringify(bundle) })
    chmodSync(join(directory, 'b.json'), 0o666)
    expect(await run(directory, ['trust', 'check', 'b.json'])).toMatchObject({ code: 1, text: expect.stringContaining('chmod') })
  })
})

describe('trust diff', () => {
  test.each<readonly [string, object, readonly string[]]>([
    ['nothing', {}, []],
    [
      'a second harness',
      {
        harnesses: [
          first('harnesses'),
          { did: 'did:web:second.example', keys: [key('second', 'did:web:second.example')], ledgers: [NAMES.log] },
        ],
      },
      ['more harness did:web:second.example may decide'],
    ],
    [
      'a second key',
      party('harnesses', { keys: [...own('harnesses'), key('two', NAMES.harness)] }),
      ['more is believed with the key did:web:harness.example#two'],
    ],
    [
      'another key of the same name',
      party('harnesses', { keys: [{ ...key('other', NAMES.harness), kid: `${NAMES.harness}#1` }] }),
      ['more is believed with the key did:web:harness.example#1', 'less no longer'],
    ],
    [
      'a key that ends',
      party('harnesses', { keys: [{ ...own('harnesses')[0], validUntil: '2027-01-01T00:00:00Z' }] }),
      ['less counts until 2027-01-01T00:00:00Z instead of any time'],
    ],
    [
      'a key that begins',
      party('harnesses', { keys: [{ ...own('harnesses')[0], validFrom: '2027-01-01T00:00:00Z' }] }),
      ['less counts from 2027-01-01T00:00:00Z'],
    ],
    [
      'did:web instead of keys',
      party('harnesses', { keys: undefined, didWeb: true }),
      ['less no longer', 'more every key of its DID document'],
    ],
    ['a role less', party('issuers', { roles: ['root'] }), ['less in the role hop']],
    ['no revocation', party('issuers', { status: 'unrevocable' }), ['more passports that nobody can revoke']],
    [
      'lists that may be older',
      party('issuers', { status: { ...(first('issuers')['status'] as object), maxStalenessSeconds: 3600 } }),
      ['more old status list counts: 3600 instead of 600'],
    ],
    ['a log that is audited', party('ledgers', { url: NAMES.logUrl }), ['less is not accepted without being looked at']],
    [
      'witnesses',
      party('ledgers', {
        assurance: 'cosigned',
        witnesses: { quorum: 1, vkeys: [witnessVkey(defaultCrypto(), harness.keys.witness)] },
      }),
      ['less needs 1 witnesses instead of 0', 'more counts as witness'],
    ],
    [
      'another key of the log',
      party('ledgers', { vkey: createOther() }),
      ['more signs with another key', 'less is not believed'],
    ],
    [
      'another audience',
      { audience: 'https://b.example', bases: [{ public: 'https://b.example', mount: '/', authority: 'match' }] },
      [
        'more tokens for https://b.example',
        'less tokens for https://api.example.com',
        'more requests for https://b.example',
        'less no longer',
      ],
    ],
    [
      'whatever Host says',
      { bases: [{ public: 'https://api.example.com', mount: '/', authority: 'fixed' }] },
      ['more whatever Host says', 'less no longer'],
    ],
    ['warnings', { acceptWarn: true }, ['more decisions with a warning']],
    ['an obligation', { acceptObligations: ['log_full'] }, ['more the obligation log_full']],
    ['grades', { require: { hardware: { asserted: 'live' } } }, ['less agents without hardware asserted at least live']],
    ['longer tokens', { time: { maxLifetimeSeconds: 300 } }, ['more a token may live: 300 instead of 60']],
    ['fewer hand-offs', { limits: { delegations: 1 } }, ['less hand-offs: 1 instead of 2']],
    [
      'a host for documents',
      { didWeb: { allow: ['http://localhost:3000'] } },
      ['more documents may be read from http://localhost:3000'],
    ],
    ['a store', { replay: undefined }, ['other used tokens are remembered']],
  ])('says of %s what it changes, and the other way round', (_name, changes, expected) => {
    const after = JSON.parse(JSON.stringify({ ...bundle, ...changes })) as JsonObject
    const found = diffTrust(bundle, after)
    expect(found.map(({ kind, sentence }) => `${kind} ${sentence}`)).toEqual(
      expected.map((part) => {
        const [kind = '', ...words] = part.split(' ')
        return expect.stringMatching(new RegExp(`^${kind} .*${words.join(' ').replaceAll(/[.[\]#]/g, '\\$&')}`))
      }),
    )
    const turned = { more: 'less', less: 'more', other: 'other' }
    expect(
      diffTrust(after, bundle)
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(found.map(({ kind }) => turned[kind]).toSorted())
  })

  test('ends with 1 where more is trusted and that was not wanted', async () => {
    const directory = folder({ 'a.json': JSON.stringify(bundle), 'b.json': JSON.stringify({ ...bundle, acceptWarn: true }) })
    expect(await run(directory, ['trust', 'diff', 'a.json', 'b.json'])).toEqual({
      code: 0,
      text: '+ decisions with a warning are accepted',
    })
    expect((await run(directory, ['trust', 'diff', 'a.json', 'b.json', '--no-more'])).code).toBe(1)
    expect((await run(directory, ['trust', 'diff', 'b.json', 'a.json', '--no-more'])).code).toBe(0)
    expect((await run(directory, ['trust', 'diff', 'a.json', 'a.json'])).text).toBe('Nothing is trusted more or less.')
  })
})

function createOther(): string {
  return createMemoryLog(defaultCrypto(), NAMES.log, namedSigner('other log'), 1).vkey
}
