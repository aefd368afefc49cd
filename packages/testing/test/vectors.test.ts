/** Public vectors through the program that answers one JSON object a line. @module */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { MAX_LINE } from '../src/vectors/answer.ts'
import { serveVectors } from '../src/vectors/serve.ts'

const VECTORS = process.env['VECTORS_DIR']
const SKIPPED = VECTORS === undefined ? ' (skipped: VECTORS_DIR is not set)' : ''
const PROGRAM = fileURLToPath(new URL('../../../scripts/vectors.mjs', import.meta.url))
const EXAMPLE = JSON.parse(readFileSync(new URL('../../../spec/worked-example.json', import.meta.url), 'utf8')) as Example

interface Example {
  readonly trustBundle: { readonly ledgers: readonly { readonly origin: string; readonly vkey: string }[] }
  readonly leaf: { readonly text: string }
  readonly log: { readonly checkpoint: string; readonly proof: string; readonly root: string }
  readonly token: { readonly text: string }
  readonly statusList: { readonly claims: { readonly credentialSubject: { readonly encodedList: string } } }
}

interface Answer {
  readonly id: string | number | null
  readonly ok: boolean
  readonly code?: string
  readonly value?: unknown
}

const NOTHING: Answer = { id: null, ok: false, code: 'nothing was answered' }

/** Answers to bytes that come in chunks of this size. */
async function answersTo(input: string | Uint8Array, chunk = 65_536): Promise<Answer[]> {
  const bytes = Buffer.from(input)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) =>
    bytes.subarray(index * chunk, (index + 1) * chunk),
  )
  const target = new PassThrough({ highWaterMark: 1024 })
  const text = target.toArray() as Promise<Buffer[]>
  await serveVectors(Readable.from(chunks), target)
  target.end()
  const lines = Buffer.concat(await text)
    .toString('utf8')
    .split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line) as Answer)
}

async function ask(op: string, args: object): Promise<Answer> {
  const [answer = NOTHING] = await answersTo(JSON.stringify({ id: 1, op, args }))
  return answer
}

function hex(text: string | Uint8Array): string {
  return Buffer.from(text).toString('hex')
}

describe('lines', () => {
  test('are answered in their order, however they are cut, and the last needs no line feed', async () => {
    const lines = Array.from({ length: 50 }, (_, id) =>
      JSON.stringify({ id, op: 'jcs', args: { bytes: hex(`{"b":${id},"a":"é"}`) } }),
    )
    for (const chunk of [1, 7, 65_536]) {
      const answers = await answersTo(lines.join('\n'), chunk)
      expect(answers).toEqual(lines.map((_, id) => ({ id, ok: true, value: hex(`{"a":"é","b":${id}}`) })))
    }
  })

  test.each([
    '',
    'x',
    '[]',
    'null',
    '{"id":1,"op":"jcs"}',
    '{"id":1,"op":"jcs","args":{},"more":1}',
    '{"id":1,"id":2,"op":"jcs","args":{}}',
    '{"id":null,"op":"jcs","args":{}}',
    '{"id":{},"op":"jcs","args":{}}',
    '{"id":1,"op":2,"args":{}}',
    '\ufeff{"id":1,"op":"jcs","args":{}}',
    '{"id":1,"op":"jcs","args":{}} {}',
  ])('that are no request say so and stop nothing: %s', async (line) => {
    expect(await answersTo(`${line}\n{"id":"next","op":"json.parse","args":{"bytes":"31"}}\n`)).toEqual([
      { id: null, ok: false, code: 'request_malformed' },
      { id: 'next', ok: true, value: 1 },
    ])
  })

  test('that are not UTF-8 or too long say so and stop nothing', async () => {
    const next = Buffer.from('\n{"id":2,"op":"json.parse","args":{"bytes":"31"}}\n')
    for (const bad of [Buffer.from([0x22, 0xff, 0x22]), Buffer.alloc(MAX_LINE + 1, 0x20)]) {
      expect(await answersTo(Buffer.concat([bad, next]))).toEqual([
        { id: null, ok: false, code: 'request_malformed' },
        { id: 2, ok: true, value: 1 },
      ])
    }
  })

  test('with an operation or arguments that are not known keep their id', async () => {
    expect(await ask('rsa.verify', {})).toEqual({ id: 1, ok: false, code: 'unsupported' })
    expect(await ask('constructor', {})).toEqual({ id: 1, ok: false, code: 'unsupported' })
    for (const args of [{}, [], { bytes: 'AA' }, { bytes: 'a' }, { bytes: 1 }, { bytes: '31', more: 1 }])
      expect(await ask('json.parse', args)).toEqual({ id: 1, ok: false, code: 'request_malformed' })
    const sizes = { leafHash: '', root: '', path: [], size: 1 }
    for (const index of [-1, 0.5, '01', '9223372036854775808', null])
      expect(await ask('inclusion.verify', { ...sizes, index })).toMatchObject({ code: 'request_malformed' })
  })
})

describe('operations', () => {
  const [ledger] = EXAMPLE.trustBundle.ledgers
  const head = { origin: ledger?.origin, vkeys: [ledger?.vkey] }

  test('read and refuse JSON', async () => {
    expect(await ask('json.parse', { bytes: hex('{"a":[1.0,"\\u0041"]}') })).toEqual({ id: 1, ok: true, value: { a: [1, 'A'] } })
    expect(await ask('json.parse', { bytes: hex('{"a":1,"a":1}') })).toEqual({ id: 1, ok: false, code: 'malformed' })
  })

  test('verify the head and the proof of the worked example, and nothing else', async () => {
    const leaf = hex(EXAMPLE.leaf.text)
    const { checkpoint: note, proof, root } = EXAMPLE.log
    expect(await ask('note.verify', { ...head, note })).toEqual({ id: 1, ok: true, value: { size: '3', root, cosignedAt: [] } })
    expect(await ask('note.verify', { ...head, note, quorum: 1 })).toMatchObject({ ok: false, code: 'witness_quorum_missing' })
    expect(await ask('note.verify', { ...head, note, origin: 'other' })).toMatchObject({ code: 'checkpoint_unsigned' })
    const forged = note.replace('\n3\n', '\n4\n')
    expect(await ask('note.verify', { ...head, note: forged })).toMatchObject({ code: 'checkpoint_signature_invalid' })
    expect(await ask('note.verify', { ...head, note: `${note}\n` })).toMatchObject({ code: 'malformed' })
    expect(await ask('note.verify', { ...head, note, vkeys: [] })).toMatchObject({ code: 'request_malformed' })
    expect(await ask('proof.verify', { ...head, proof, leaf })).toMatchObject({ ok: true, value: { size: '3' } })
    expect(await ask('proof.verify', { ...head, proof, leaf: `${leaf}00` })).toMatchObject({
      ok: false,
      code: 'inclusion_invalid',
    })
  })

  test('read DIDs, tokens, missions, lists and URLs', async () => {
    expect(await ask('did.parse', { did: 'did:web:a.example' })).toMatchObject({ ok: true, value: { method: 'web' } })
    expect(await ask('did.parse', { did: 'did:web:A.example' })).toMatchObject({ ok: false, code: 'malformed' })
    const token = EXAMPLE.token.text
    expect(await ask('jws.parse', { token })).toMatchObject({ ok: true, value: { signer: 'did:web:harness.example' } })
    expect(await ask('jws.parse', { token: `${token}=` })).toMatchObject({ ok: false, code: 'token_malformed' })
    const mission = [{ action: 'orders.*', target: 'https://a.example/x/*' }]
    const target = 'https://a.example/x/y'
    expect(await ask('mission.covers', { mission, target, action: 'orders.create' })).toMatchObject({ ok: true, value: true })
    expect(await ask('mission.covers', { mission, target, action: 'orders' })).toMatchObject({ ok: true, value: false })
    expect(await ask('mission.covers', { mission: [], target, action: 'orders' })).toMatchObject({ ok: false })
    const { encodedList } = EXAMPLE.statusList.claims.credentialSubject
    expect(await ask('status.decode', { encodedList, index: 94_567 })).toMatchObject({ ok: true, value: false })
    expect(await ask('status.decode', { encodedList, index: 131_072 })).toMatchObject({ ok: false, code: 'malformed' })
    expect(await ask('url.normalise', { url: 'HTTPS://A.example:443/%7ex#f' })).toMatchObject({ value: 'https://a.example/~x' })
    expect(await ask('url.normalise', { url: 'http://a.example/' })).toMatchObject({ ok: false, code: 'malformed' })
  })
})

test.skipIf(!existsSync(new URL('../dist/vectors/serve.js', import.meta.url)))(
  'the program has the languages of policy beside them (skipped where nothing is built)',
  () => {
    const module = 'package p\n\nimport rego.v1\n\ndecision := "DENY" if input.value == "x"\n'
    const rule = { if: [{ '>': [{ var: 'raw' }, 3] }, 'DENY', 'ALLOW'] }
    const lines = [
      { id: 1, op: 'rego.eval', args: { module, input: { value: 'x' } } },
      { id: 2, op: 'rego.eval', args: { module, input: { value: 'y' } } },
      { id: 3, op: 'rego.eval', args: { module: 'package', input: {} } },
      { id: 4, op: 'jsonlogic.eval', args: { rule, data: { raw: 4 } } },
      { id: 5, op: 'jsonlogic.eval', args: { rule, data: { raw: '4' } } },
      { id: 6, op: 'jsonlogic.eval', args: { rule: { log: [1] }, data: {} } },
    ]
    const input = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM], { input, encoding: 'utf8' })
    expect(status).toBe(0)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { id: 1, ok: true, value: 'DENY' },
      { id: 2, ok: true, value: null },
      { id: 3, ok: false, code: 'module_refused' },
      { id: 4, ok: true, value: 'DENY' },
      { id: 5, ok: false, code: 'policy_eval' },
      { id: 6, ok: false, code: 'module_refused' },
    ])
  },
)

describe.skipIf(VECTORS === undefined)(`public vectors${SKIPPED}`, () => {
  const read = (path: string): string => readFileSync(join(VECTORS ?? '', path), 'utf8')
  const json = (path: string): unknown => JSON.parse(read(path))
  const all = (lines: readonly object[]): Promise<Answer[]> =>
    answersTo(lines.map((line, id) => `${JSON.stringify({ id, ...line })}\n`).join(''))

  test('Wycheproof: 151 of 151', async () => {
    interface Group {
      readonly publicKey: { readonly pk: string }
      readonly tests: readonly { readonly msg: string; readonly sig: string; readonly result: string }[]
    }
    const groups = (json('wycheproof/ed25519_test.json') as { testGroups: Group[] }).testGroups
    const cases = groups.flatMap(({ publicKey: { pk }, tests }) => tests.map((each) => ({ publicKey: pk, ...each })))
    const answers = await all(
      cases.map(({ publicKey, msg, sig }) => ({ op: 'ed25519.verify', args: { publicKey, message: msg, signature: sig } })),
    )
    expect(answers).toHaveLength(151)
    expect(answers.map(({ ok }) => ok)).toEqual(cases.map(({ result }) => result === 'valid'))
  })

  test.each([
    [
      'inclusion',
      [
        ['index', 'leafIdx'],
        ['size', 'treeSize'],
      ],
      ['leafHash', 'root'],
    ],
    [
      'consistency',
      [
        ['size1', 'size1'],
        ['size2', 'size2'],
      ],
      ['root1', 'root2'],
    ],
  ] as const)('Merkle: 98 of 98 proofs of %s', async (kind, sizes, hashes) => {
    const names = readdirSync(join(VECTORS ?? '', 'merkle', kind), { recursive: true, encoding: 'utf8' })
    const files = names.filter((name) => name.endsWith('.json')).toSorted()
    // Sizes stay text: some are near 2^64. Hashes of other lengths than 32 bytes are no hashes here.
    const vectors = files.map(
      (name) => JSON.parse(read(join('merkle', kind, name)).replaceAll(/("\w+": )(-?\d+)/g, '$1"$2"')) as Record<string, string>,
    )
    const base64 = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('hex')
    const answers = await all(
      vectors.map((vector) => ({
        op: `${kind}.verify`,
        args: {
          ...Object.fromEntries(sizes.map(([name, from]) => [name, vector[from]])),
          ...Object.fromEntries(hashes.map((name) => [name, base64(vector[name])])),
          path: ((vector['proof'] ?? []) as string[]).map(base64),
        },
      })),
    )
    expect(answers).toHaveLength(98)
    const stricter = (name: string): boolean => name === 'additional/sizes-are-equal-one-and-proof-is-empty.json'
    const wanted = vectors.map((vector, index) => !(vector['wantErr'] as unknown as boolean) && !stricter(files[index] ?? ''))
    expect(answers.map(({ ok }) => ok)).toEqual(wanted)
  })

  test('RFC 8785: five documents, and one whose numbers are refused', async () => {
    const names = readdirSync(join(VECTORS ?? '', 'jcs/input')).filter((name) => name !== 'values.json')
    expect(names).toHaveLength(5)
    const answers = await all(names.map((name) => ({ op: 'jcs', args: { bytes: hex(read(`jcs/input/${name}`)) } })))
    expect(answers).toEqual(names.map((name, id) => ({ id, ok: true, value: hex(read(`jcs/output/${name}`)) })))
    expect(await ask('jcs', { bytes: hex(read('jcs/input/values.json')) })).toMatchObject({ ok: false, code: 'malformed' })
  })

  test('DIDs: keys as in their documents, negatives refused', async () => {
    const keys = Object.keys(json('did-key/test-vectors/ed25519-x25519.json') as object)
    const bad = (json('did-key/did-key-negatives.json') as { cases: { did: string }[] }).cases.map(({ did }) => did)
    const web = (json('did-web/did-web-url-mapping.json') as { negative: { did: string }[] }).negative.map(({ did }) => did)
    const dids = [...keys, ...bad, ...web]
    const answers = await all(dids.map((did) => ({ op: 'did.parse', args: { did } })))
    expect(answers.map(({ ok }) => ok)).toEqual(dids.map((_, index) => index < keys.length))
  })

  test('Bitstring Status List: every check', async () => {
    interface List {
      readonly encodedList: string
      readonly checks: readonly { readonly index: string; readonly status?: number }[]
    }
    const lists = (json('bitstring-status-list/vectors.json') as { derived_vectors: List[] }).derived_vectors
    const checks = lists.flatMap(({ encodedList, checks: each }) => each.map((check) => ({ encodedList, ...check })))
    const answers = await all(checks.map(({ encodedList, index }) => ({ op: 'status.decode', args: { encodedList, index } })))
    const wanted = checks.map(({ index, status }) => (/^(?:0|[1-9]\d*)$/.test(index) ? status : undefined))
    expect(answers.map(({ ok, value }) => (ok ? Number(value) : undefined))).toEqual(wanted)
  })

  test('heads and proofs of the worked log', async () => {
    interface Worked {
      readonly origin: string
      readonly vkeys: Readonly<Record<'log' | 'w1' | 'w2', string>>
      readonly checkpoints: readonly { readonly size: number; readonly note: string; readonly cosigned: string }[]
    }
    const { origin, vkeys, checkpoints } = json('ledger/own/worked.json') as Worked
    const args = { origin, vkeys: [vkeys.log, vkeys.w1, vkeys.w2] }
    const notes = await all(checkpoints.map(({ note }) => ({ op: 'note.verify', args: { ...args, note } })))
    const cosigned = checkpoints.filter((each) => each.cosigned !== undefined)
    const heads = await all(cosigned.map(({ cosigned: note }) => ({ op: 'note.verify', args: { ...args, note, quorum: 1 } })))
    expect(notes.length * heads.length).toBeGreaterThan(0)
    for (const [index, answer] of notes.entries())
      expect(answer).toMatchObject({ ok: true, value: { size: String(checkpoints[index]?.size) } })
    for (const answer of heads) expect(answer).toMatchObject({ ok: true })
  })
})
