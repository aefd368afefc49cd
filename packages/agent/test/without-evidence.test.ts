/** Evidence that a caller puts into the headers of a request goes nowhere: a token is never passed on (spec chapter 8.5). @module */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { harnessFetch } from '../src/index.ts'
import { agent, allow, checkPossession, PASSPORT, startRecorder, TOKEN, type Recorder, type Seen } from './servers.ts'

let harness: Recorder
let api: Recorder

beforeEach(async () => {
  harness = await startRecorder(allow)
  api = await startRecorder((_, response) => response.end('served'))
})

afterEach(async () => {
  await Promise.all([harness.close(), api.close()])
})

const BROUGHT = 'eyJhbGciOiJFZDI1NTE5In0.eyJicm91Z2h0IjoxfQ.CCCC'
const other = 'wba=("@authority");created=1;keyid="k";tag="web-bot-auth"'

/** What reached the API when the caller brought `headers`. */
async function sentWith(headers: Readonly<Record<string, string>>, request = false): Promise<Seen> {
  const call = harnessFetch({ protect: harness.origin, passport: PASSPORT, signer: agent, now: () => 1_795_212_000_000 })
  const url = `${api.origin}/orders`
  await (request ? call(new Request(url, { headers })) : call(url, { headers }))
  const seen = api.seen.at(-1)
  if (seen === undefined) throw new Error('nothing was sent')
  return seen
}

describe('AHP-PASS-31 a token that the caller brought', () => {
  test.each(['X-AEGIS-Token', 'x-aegis-token', 'X-AEGIS-Decision', 'X-Aegis-Anything', 'x-aegis-'])(
    'under %s is not sent',
    async (name) => {
      for (const request of [false, true]) {
        const { headers } = await sentWith({ [name]: BROUGHT, 'X-Other': 'kept' }, request)
        expect(JSON.stringify(headers)).not.toContain(BROUGHT)
        expect(headers).toMatchObject({ 'x-aegis-token': TOKEN, 'x-other': 'kept' })
      }
    },
  )

  test('is not shown to the harness, and not to whoever chooses the action', async () => {
    const shown: string[] = []
    const call = harnessFetch({
      protect: harness.origin,
      passport: PASSPORT,
      signer: agent,
      action: ({ headers }) => {
        shown.push(...headers.keys())
        return 'orders.read'
      },
    })
    await call(`${api.origin}/orders`, { headers: { 'X-AEGIS-Token': BROUGHT, 'X-Other': 'kept' } })
    expect(shown).toEqual(['x-other'])
    expect(JSON.stringify(harness.seen)).not.toContain(BROUGHT)
  })
})

describe('AHP-POP-1 signatures that the caller brought', () => {
  test.each([
    ['ours alone', 'aegis=("@method");created=1;keyid="k";tag="aegis-pop"', 'aegis=:AAAA:', '', ''],
    ['one under another label', 'x=("@method");created=1;keyid="k";tag="aegis-pop"', 'x=:AAAA:', '', ''],
    ['that of a question', 'x=("@method");created=1;keyid="k";tag="aegis-ask"', 'x=:AAAA:', '', ''],
    ['one with two tags', 'x=("@method");tag="web-bot-auth";created=1;tag="aegis-pop"', 'x=:AAAA:', '', ''],
    ['one whose tag is a token', 'x=("@method");created=1;tag=aegis-pop', 'x=:AAAA:', '', ''],
    ['another one under our label', 'aegis=("@method");created=1;tag="web-bot-auth"', 'aegis=:AAAA:', '', ''],
    ['a signature without its input', '', 'aegis=:AAAA:', '', ''],
    [
      'ours between others',
      `${other}, x=("@method");created=1;tag="aegis-pop", y;a="1";b, z`,
      'wba=:AAAA:, x=:BBBB:, y=:CCCC:',
      `${other}, y;a="1";b, z, `,
      'wba=:AAAA:, y=:CCCC:, ',
    ],
    ['others', `${other},  c=1`, 'wba=:AAAA:', `${other},  c=1, `, 'wba=:AAAA:, '],
    ['one whose tag only contains ours', 'x=1;tag="not-aegis-pop"', 'x=:AAAA:', 'x=1;tag="not-aegis-pop", ', 'x=:AAAA:, '],
  ])('%s', async (_, input, signature, keptInput, keptSignature) => {
    const sent = await sentWith({
      ...(input === '' ? {} : { 'Signature-Input': input }),
      ...(signature === '' ? {} : { Signature: signature }),
    })
    expect(await checkPossession(api.origin, sent)).toMatchObject({ label: 'aegis' })
    expect(sent.headers['signature-input']?.replace(/aegis=\("@method" "@target-uri".*$/, '')).toBe(keptInput)
    expect(sent.headers['signature']?.replace(/aegis=:[^,]*$/, '')).toBe(keptSignature)
  })

  test.each([
    ['Signature-Input', 'x=(', 'not an item'],
    ['Signature-Input', 'a=1, a=2', 'dictionary has a key twice'],
    ['Signature', 'a=1, b=1, c=1, d=1, e=1, f=1, g=1, h=1, i=1', 'dictionary has too many members'],
  ])('that nobody can read are an error of the caller: %s: %s', async (name, value, problem) => {
    await expect(sentWith({ [name]: value })).rejects.toThrow(
      new TypeError(`harnessFetch: ${name}: ${problem}; leave out what no receiver can read`),
    )
    expect([harness.seen, api.seen]).toEqual([[], []])
  })
})
