/** What a witness signs and what not (spec chapter 17.8). @module */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import {
  consistencyPath,
  createSigner,
  formatCheckpointBody,
  formatNote,
  formatVkey,
  fromHex,
  importEd25519,
  hashLeaf,
  LOG_KEY_TYPE,
  parseCheckpoint,
  parseVkey,
  rootOf,
  utf8,
  verifyCosignature,
  type Signer,
} from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EMPTY_TREE, growTree, nodesOf, type Tree } from '../../src/tree.ts'
import { formatAddCheckpoint } from '../../src/witness/messages.ts'
import { serveWitness } from '../../src/witness/server.ts'
import { openWitnessStore, type WitnessStore } from '../../src/witness/store.ts'
import { createWitness, type Witness, type WitnessAnswer } from '../../src/witness/witness.ts'
import { crypto, leafOf, ORIGIN, signer, temporaryDirectory, vkey } from '../logs.ts'
import { witnessSigner } from './witnesses.ts'

const SECONDS = 1_795_212_000

/** Below 256 leaves everything is in the right edge. */
const treeOf = (size: number, name = ''): Tree =>
  growTree(
    crypto,
    EMPTY_TREE,
    Array.from({ length: size }, (_, number) => hashLeaf(crypto, leafOf(`${name}${number}`))),
  ).tree
const nodes = (tree: Tree): ReturnType<typeof nodesOf> =>
  nodesOf(tree, () => {
    throw new Error('a full tile')
  })

async function noteOf(tree: Tree, by: Signer = signer, origin = ORIGIN): Promise<string> {
  const body = formatCheckpointBody(origin, BigInt(tree.size), rootOf(crypto, nodes(tree), tree.size))
  return formatNote(body, [{ name: vkey.name, id: vkey.id, signature: await by.sign(utf8(body)) }])
}

async function requestFor(tree: Tree, old: number, claimed: number = old): Promise<Uint8Array> {
  const path = old === 0 || old === tree.size ? [] : consistencyPath(crypto, nodes(tree), old, tree.size)
  return utf8(formatAddCheckpoint(BigInt(claimed), path, await noteOf(tree)))
}

async function witnessIn(
  directory: string = temporaryDirectory(),
  change: { logs?: (typeof vkey)[]; signer?: Signer; now?: () => number } = {},
): Promise<{ witness: Witness; store: WitnessStore; file: string }> {
  const file = join(directory, 'witness.db')
  const store = await openWitnessStore(file)
  let isOpen = true
  const closing = { ...store, close: () => (isOpen ? ((isOpen = false), store.close()) : undefined) }
  onTestFinished(() => closing.close())
  const options = { name: 'one.example', signer: witnessSigner('one.example'), logs: [vkey], now: () => SECONDS * 1_000 + 999 }
  return { witness: createWitness({ ...options, ...change, store: closing, crypto }), store: closing, file }
}

const shown = ({ status, type, body }: WitnessAnswer): string => (status === 409 ? `${status} ${type} ${body}` : String(status))

describe('a witness', () => {
  test('AHP-WITNESS-1 signs the first head that it sees, and every one that contains the one before', async () => {
    const { witness } = await witnessIn()
    for (const [old, size] of [
      [0, 3],
      [3, 3],
      [3, 8],
      [8, 200],
    ] as const) {
      const note = await noteOf(treeOf(size))
      const answer = await witness.add(await requestFor(treeOf(size), old))
      expect([answer.status, answer.type]).toEqual([200, 'text/plain; charset=utf-8'])
      const cosigned = parseCheckpoint(note + answer.body)
      expect(await verifyCosignature(crypto, cosigned, parseVkey(witness.vkey, crypto))).toEqual({
        verdict: 'ok',
        seconds: BigInt(SECONDS),
      })
      const hash = Buffer.from(crypto.sha256(utf8(ORIGIN))).toString('hex')
      expect(witness.latest(hash)).toMatchObject({ status: 200, body: note + answer.body })
    }
    expect(witness.latest('0'.repeat(64)).status).toBe(404)
  })

  test('AHP-WITNESS-1 keeps no line that is named like another log: whoever passes a head on would make it unreadable', async () => {
    const others = Array.from({ length: 15 }, (_, at) => {
      const origin = `other.example/${at}`
      return parseVkey(formatVkey(origin, LOG_KEY_TYPE, createSigner(crypto.sha256(utf8(origin)), origin).publicKey, crypto))
    })
    const { witness } = await witnessIn(undefined, { logs: [vkey, ...others] })
    const note = await noteOf(treeOf(3))
    const { text, signatures } = parseCheckpoint(note).note
    const lines = others.map(({ name, id }) => ({ name, id, signature: new Uint8Array(64) }))
    const { status, body } = await witness.add(utf8(formatAddCheckpoint(0n, [], formatNote(text, [...signatures, ...lines]))))
    expect(status).toBe(200)
    const hash = Buffer.from(crypto.sha256(utf8(ORIGIN))).toString('hex')
    expect(witness.latest(hash).body).toBe(note + body)
    expect(shown(await witness.add(await requestFor(treeOf(8), 3)))).toBe('200')
  })

  test('AHP-WITNESS-1 signs an empty tree, which everything continues', async () => {
    const { witness } = await witnessIn()
    expect(shown(await witness.add(await requestFor(treeOf(0), 0)))).toBe('200')
    expect(shown(await witness.add(await requestFor(treeOf(5), 0)))).toBe('200')
    expect(shown(await witness.add(await requestFor(treeOf(0), 0)))).toBe('409 text/x.tlog.size 5\n')
  })

  test('AHP-WITNESS-1 refuses a head that goes back, another tree, and a proof of something else', async () => {
    const { witness } = await witnessIn()
    await witness.add(await requestFor(treeOf(8), 0))
    const answers = {
      smaller: await witness.add(await requestFor(treeOf(5), 0)),
      smallerWithItsSize: await witness.add(await requestFor(treeOf(5), 5)),
      smallerClaimingOurs: await witness.add(await requestFor(treeOf(5), 0, 8)),
      sameSizeOtherTree: await witness.add(await requestFor(treeOf(8, 'x'), 8)),
      largerOtherTree: await witness.add(await requestFor(treeOf(20, 'x'), 8)),
      noProof: await witness.add(utf8(formatAddCheckpoint(8n, [], await noteOf(treeOf(20))))),
      anew: await witness.add(await requestFor(treeOf(20), 0)),
      proofOfAnotherSize: await witness.add(await requestFor(treeOf(20), 7, 8)),
      pathForEqualSizes: await witness.add(utf8(formatAddCheckpoint(8n, [new Uint8Array(32)], await noteOf(treeOf(8))))),
    }
    expect(Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, shown(answer)]))).toEqual({
      smaller: '409 text/x.tlog.size 8\n',
      smallerWithItsSize: '409 text/x.tlog.size 8\n',
      smallerClaimingOurs: '400',
      sameSizeOtherTree: '422',
      largerOtherTree: '422',
      noProof: '422',
      anew: '409 text/x.tlog.size 8\n',
      proofOfAnotherSize: '422',
      pathForEqualSizes: '422',
    })
    expect(shown(await witness.add(await requestFor(treeOf(20), 8)))).toBe('200')
  })

  test('AHP-WITNESS-1 refuses a path with a first head, which would prove nothing', async () => {
    const { witness } = await witnessIn()
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [new Uint8Array(32)], await noteOf(treeOf(8))))))).toBe('422')
  })

  test('AHP-WITNESS-2 knows logs by origin and key', async () => {
    const { witness, store } = await witnessIn()
    const stranger = createSigner(crypto.sha256(utf8('stranger')), ORIGIN)
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [], await noteOf(treeOf(3), signer, 'other.example')))))).toBe(
      '404',
    )
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [], await noteOf(treeOf(3), stranger)))))).toBe('403')
    const body = formatCheckpointBody(ORIGIN, 3n, rootOf(crypto, nodes(treeOf(3)), 3))
    const other = { name: vkey.name, id: vkey.id + 1, signature: await signer.sign(utf8(body)) }
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [], formatNote(body, [other])))))).toBe('403')
    expect(store.get(ORIGIN)).toBeUndefined()
  })

  test('AHP-WITNESS-2 takes heads of a log that changes its key under either, and under none with a bad line', async () => {
    const next = createSigner(crypto.sha256(utf8('next key')), ORIGIN)
    const nextVkey = parseVkey(formatVkey(ORIGIN, LOG_KEY_TYPE, next.publicKey, crypto), crypto)
    const { witness } = await witnessIn(undefined, { logs: [vkey, nextVkey] })
    const body = formatCheckpointBody(ORIGIN, 3n, rootOf(crypto, nodes(treeOf(3)), 3))
    const old = { name: vkey.name, id: vkey.id, signature: await signer.sign(utf8(body)) }
    const fresh = { name: nextVkey.name, id: nextVkey.id, signature: next.sign(utf8(body)) }
    const lines = [old, fresh]
    const bad = [old, { ...fresh, signature: old.signature }]
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [], formatNote(body, bad)))))).toBe('403')
    expect(shown(await witness.add(utf8(formatAddCheckpoint(0n, [], formatNote(body, [fresh])))))).toBe('200')
    expect(shown(await witness.add(utf8(formatAddCheckpoint(3n, [], formatNote(body, lines)))))).toBe('200')
  })

  test('AHP-WITNESS-2 reads one form of a request', async () => {
    const { witness, store } = await witnessIn()
    const note = await noteOf(treeOf(3))
    const hash = `${Buffer.alloc(32).toString('base64')}\n`
    const bad = [
      '',
      note,
      `old 0\n${note}`,
      `old 00\n\n${note}`,
      `old +0\n\n${note}`,
      `old \n\n${note}`,
      `old 9223372036854775808\n\n${note}`,
      `Old 0\n\n${note}`,
      `old 0 \n\n${note}`,
      `old 0\r\n\r\n${note}`,
      `old 0\nx\n\n${note}`,
      `old 0\n${hash.slice(0, -2)}\n\n${note}`,
      `old 0\n${hash.repeat(64)}\n${note}`,
      `old 0\n\n\n${note}`,
      `old 0\n\n${note}\n`,
      `old 0\n\n${note.slice(0, -1)}`,
      `old 0\n\n${note.replace('\n3\n', '\n03\n')}`,
      `old 0\n\n${note}${'x'.repeat(65_536)}`,
    ]
    const answers = await Promise.all(bad.map(async (text) => (await witness.add(utf8(text))).status))
    expect(answers).toEqual(bad.map(() => 400))
    expect((await witness.add(new Uint8Array([...utf8('old 0\n\n'), 0xff]))).status).toBe(400)
    expect(store.get(ORIGIN)).toBeUndefined()
  })

  test('AHP-WITNESS-3 lets one of two questions win that came while its key signed', async () => {
    const releases: (() => void)[] = []
    const key = witnessSigner('one.example')
    const slow: Signer = { ...key, sign: (bytes) => new Promise((resolve) => releases.push(() => resolve(key.sign(bytes)))) }
    const { witness, store } = await witnessIn(undefined, { signer: slow })
    const both = [witness.add(await requestFor(treeOf(9), 0)), witness.add(await requestFor(treeOf(4), 0))]
    while (releases.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    for (const release of releases) release()
    expect((await Promise.all(both)).map(shown)).toEqual(['200', '409 text/x.tlog.size 9\n'])
    expect(store.get(ORIGIN)?.size).toBe(9n)
  })

  test('AHP-WITNESS-3 remembers over a restart, alone with its file, and forgets nothing', async () => {
    const directory = temporaryDirectory()
    const { witness, store, file } = await witnessIn(directory)
    await witness.add(await requestFor(treeOf(8), 0))
    await expect(openWitnessStore(file)).rejects.toThrow(/is open in another process/)
    store.close()
    const database = new DatabaseSync(file)
    for (const statement of [
      'UPDATE witnessed SET size = 5',
      'DELETE FROM witnessed',
      `UPDATE witnessed SET origin = 'x'`,
      `REPLACE INTO witnessed(origin, size, note) SELECT origin, 5, note FROM witnessed`,
    ])
      expect(() => database.exec(statement)).toThrow(/^witness: /)
    database.close()
    const { witness: again } = await witnessIn(directory)
    expect(shown(await again.add(await requestFor(treeOf(5), 0)))).toBe('409 text/x.tlog.size 8\n')
    expect(shown(await again.add(await requestFor(treeOf(9), 8)))).toBe('200')
  })

  test('AHP-WITNESS-3 does not answer when it could not remember', async () => {
    const { witness, store } = await witnessIn()
    store.close()
    await expect(witness.add(await requestFor(treeOf(8), 0))).rejects.toThrow(/./)
  })

  test('a file that lost a trigger is refused', async () => {
    const directory = temporaryDirectory()
    const { store, file } = await witnessIn(directory)
    store.close()
    const database = new DatabaseSync(file)
    database.exec('DROP TRIGGER witnessed_up')
    database.close()
    await expect(openWitnessStore(file)).rejects.toThrow(/lost a trigger/)
  })

  test('keys in a wrong role are refused', async () => {
    const { store } = await witnessIn()
    const options = { name: 'one.example', signer: witnessSigner('one.example'), store, crypto, now: Date.now }
    const own = parseVkey(formatVkey('one.example', LOG_KEY_TYPE, options.signer.publicKey, crypto), crypto)
    const witnessKey = parseVkey(createWitness({ ...options, logs: [vkey] }).vkey, crypto)
    expect(() => createWitness({ ...options, logs: [own] })).toThrow(/is the key of the witness itself/)
    expect(() => createWitness({ ...options, logs: [witnessKey] })).toThrow(/is not the key of a log/)
    expect(() => createWitness({ ...options, name: 'a b', logs: [vkey] })).toThrow(/names a key in notes/)
  })
})

describe('the witness over HTTP', () => {
  test('answers what it is for, and bounds what it reads', async () => {
    const { witness } = await witnessIn()
    const server = await serveWitness(witness, { port: 0 })
    onTestFinished(() => server.close())
    const url = `http://127.0.0.1:${server.port}`
    const post = async (body: Uint8Array): Promise<Response> =>
      fetch(`${url}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) })
    expect((await post(await requestFor(treeOf(8), 0))).status).toBe(200)
    const conflict = await post(await requestFor(treeOf(5), 0))
    expect([conflict.status, conflict.headers.get('Content-Type'), await conflict.text()]).toEqual([
      409,
      'text/x.tlog.size',
      '8\n',
    ])
    expect((await post(new Uint8Array(65_537))).status).toBe(413)
    const hash = Buffer.from(crypto.sha256(utf8(ORIGIN))).toString('hex')
    expect(parseCheckpoint(await (await fetch(`${url}/${hash}/checkpoint`)).text()).size).toBe(8n)
    for (const path of ['/', '/checkpoint', `/${hash.toUpperCase()}/checkpoint`, '/add-checkpoint'])
      expect((await fetch(url + path)).status).toBe(404)
  })
})

const VECTORS = `${process.env['VECTORS_DIR'] ?? ''}/ledger/torchwood/add-checkpoint.json`
test.skipIf(!existsSync(VECTORS))(
  'AHP-WITNESS-1 answers the questions of torchwood as it does, but for an unknown log and for base64 that is not canonical',
  async () => {
    const vectors: { log_pubkey_hex: string; origin: string; requests: { body: string; status: number; assert: string }[] } =
      JSON.parse(readFileSync(VECTORS, 'utf8'))
    const key = fromHex(vectors.log_pubkey_hex)
    const log = parseVkey(formatVkey(vectors.origin, LOG_KEY_TYPE, importEd25519(key), crypto), crypto)
    const { witness } = await witnessIn(undefined, { logs: [log] })
    const statuses: number[] = []
    const sizes: ([string, string] | undefined)[] = []
    for (const { body, assert } of vectors.requests) {
      const answer = await witness.add(utf8(body))
      statuses.push(answer.status)
      const [, size] = /^body == "(\d+)/.exec(assert) ?? []
      sizes.push(size === undefined ? undefined : [`${size}\n`, answer.body])
    }
    const expected = vectors.requests.map(({ status, assert }) => {
      if (assert.includes('unknown log')) return 404
      // Its bad signature differs in bits that base64 does not use: here such a line has no form at all.
      return assert.includes('invalid signature') ? 400 : status
    })
    expect(statuses).toEqual(expected)
    expect(sizes.flatMap((both) => (both === undefined ? [] : [both[0] === both[1]]))).toEqual([true, true])
  },
)
