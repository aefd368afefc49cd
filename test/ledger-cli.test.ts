/** The auditor's commands on the log of a server that decided, and on logs in use (spec chapter 17.12). @module */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createSigner,
  decodeBase64url,
  decodeUtf8,
  formatReceipt,
  formatVkey,
  fromHex,
  hashLeaf,
  parseCheckpoint,
  parseEd25519Jwk,
  parseProof,
  parseVkey,
  utf8,
  verifyInclusion,
} from '@aiegis/protocol'
import { cosign, namedSigner } from '@aiegis/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { permit } from '../examples/story/attempt.ts'
import { SCENES } from '../examples/story/scenes.ts'
import { createWorld } from '../examples/story/world.ts'
import { runCommand } from '../packages/ledger/src/cli/command.ts'
import { CRASH_ORIGIN } from '../packages/ledger/src/crash/load.ts'
import { actEntry } from '../packages/ledger/src/custody/acts.ts'
import {
  crypto,
  fill,
  keyOf,
  leafOf,
  openIn,
  ORIGIN,
  temporaryDirectory,
  vkey as testVkey,
} from '../packages/ledger/test/logs.ts'
import { filesWith } from '../packages/ledger/test/custody/logs.ts'
import { openTiles } from '../packages/ledger/test/tiles/logs.ts'
import { asOwner, fileWith, ledger, ledgerJson, blob } from './ledger-cli.ts'

/** The state of a server that decided eight scenes, and is closed. */
const state = mkdtempSync(join(tmpdir(), 'aiegis-auditor-'))
const db = join(state, 'ledger.db')
const key = join(state, 'vkey')
const trust = join(state, 'aiegis-trust.json')
let agent = ''
let receipt = ''

beforeAll(async () => {
  const world = await createWorld({ state, harnessPort: 0, ordersPort: 0 })
  try {
    for (const scene of SCENES.slice(0, 8)) await scene.play(world)
    const { headers } = await permit(world.agent, { url: `${world.orders}/orders/7`, action: 'orders.read' })
    receipt = receiptOf(headers, JSON.parse(readFileSync(world.trustFile, 'utf8')))
    const answer = await fetch(`${new URL(world.agent.protect).origin}/vkey`)
    writeFileSync(key, await answer.text())
  } finally {
    await world.close()
  }
  const { last } = await ledgerJson('show', '0', '--db', db, '--vkey', key)
  agent = String((last['clear'] as Record<string, unknown>)['agent_did'])
})
afterAll(() => rmSync(state, { recursive: true }))

interface Bundle {
  readonly harnesses: readonly { readonly keys: readonly { readonly kid: string; readonly jwk: never }[] }[]
  readonly ledgers: readonly { readonly vkey: string }[]
}

function receiptOf(headers: Headers, { harnesses, ledgers }: Bundle): string {
  const [pinned] = harnesses[0]?.keys ?? []
  if (pinned === undefined) throw new TypeError('no key')
  return formatReceipt({
    verified: '2026-11-20T22:00:00Z',
    token: headers.get('X-AEGIS-Token') ?? '',
    proof: decodeUtf8(decodeBase64url(headers.get('X-AEGIS-Proof') ?? '')),
    kid: pinned.kid,
    key: parseEd25519Jwk(pinned.jwk),
    assurance: 'asserted',
    ledger: { vkey: parseVkey(ledgers[0]?.vkey ?? '', crypto), quorum: 0, witnesses: [] },
  })
}

describe('on the log of a server', () => {
  const at = ['--db', db, '--vkey', key]

  test('AHP-AUDITOR-1 verify and audit say what holds and what is not shown', async () => {
    const kept = join(state, 'kept')
    const verified = await ledger('verify', ...at, '--keep', kept)
    expect(verified.code).toBe(0)
    expect(verified.out).toContain('entries of ledger.example/aiegis/1 were hashed again and are those that its key signed')
    expect(verified.out).toContain('not shown: that the log has every decision')
    expect(parseCheckpoint(readFileSync(kept, 'utf8')).origin).toBe('ledger.example/aiegis/1')
    for (const since of [kept, join(state, 'last-checkpoint'), fileWith(receipt)])
      expect((await ledger('audit', '--since', since, '--db', db, '--trust', trust)).code).toBe(0)
  })

  test('AHP-AUDITOR-5 prove gives a proof that anybody can check, by number and by receipt id', async () => {
    const shown = await ledgerJson('show', '2', ...at)
    const clear = shown.last['clear'] as Record<string, unknown>
    for (const word of ['2', String(clear['jti'])]) {
      const { code, out } = await ledger('prove', word, ...at)
      expect(code).toBe(0)
      const { index, path, checkpoint } = parseProof(`${out}\n`)
      const leafHash = hashLeaf(crypto, decodeBase64url(String(shown.last['leaf_bytes'])))
      expect(index).toBe(2n)
      expect(verifyInclusion(crypto, { index, size: checkpoint.size, leafHash, path, root: checkpoint.root })).toBe(true)
    }
    expect(await ledger('prove', '999', ...at)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^there is no entry 999/),
    })
    expect(await ledger('prove', '01M7YF91KRVP5MT61KS7BEWKDX', ...at)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no entry of'),
    })
    expect((await ledger('prove', 'no such', ...at)).code).toBe(2)
  })

  test('show fits a page: of a signed text only the start, of a signature all', async () => {
    const { out } = await ledger('show', '2', ...at)
    expect(out).toMatch(/"jws": "eyJ\S{29}… \(\d{3,4} characters; --json has them all\)"/)
    expect(out).toMatch(/"ledger_sig": "[\w-]{86}"/)
    expect(out.split('\n').filter((line) => line.length > 110)).toEqual([])
  })

  test('AHP-AUDITOR-6 why answers the four questions, and says what it does not know', async () => {
    const { code, out } = await ledger('why', '2', '--db', db, '--trust', trust)
    expect(code).toBe(0)
    const page = out.split('\n')
    expect(page.filter((line) => /^[A-Z].*\?$/.test(line))).toEqual([
      'Which agent?',
      'On what authority?',
      'Under which policy?',
      'What was decided?',
    ])
    for (const line of [
      agent,
      'pack "pii-block"',
      'rule "pii-email"',
      'reason: "e-mail address in the request"',
      'whether the request was carried out',
    ])
      expect(page.map((text) => text.trim())).toContain(line)
    expect(out).toContain('did:web:harness.example signed this decision')
    expect(out).toContain('BLOCK on "orders.create"')
    // Without a key for it nobody says that the harness signed.
    expect((await ledger('why', '2', ...at)).out).toContain('that key was not given (--trust)')
  })

  test('AHP-AUDITOR-6 why takes a receipt, alone and against the log', async () => {
    const file = fileWith(receipt)
    const alone = await ledger('why', file)
    expect(alone.code).toBe(0)
    expect(alone.out).toContain('whether the log still has it')
    const held = await ledgerJson('why', file, '--db', db, '--trust', trust)
    expect(held).toMatchObject({
      code: 0,
      last: { type: 'why', agent: { did: agent, chain: [agent] }, decision: { decision: 'ALLOW', htm: 'GET' } },
    })
    expect(held.last['proven']).toContain('the log that was named still has exactly this entry')
    // A receipt of another log, and one whose entry is another in this log.
    const directory = temporaryDirectory()
    const other = await openIn(directory)
    await fill(other, 0, 30)
    await other.close()
    const elsewhere = await ledger('why', file, '--db', join(directory, 'ledger.db'), '--vkey', testVkey.text)
    expect(elsewhere).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/is another one than that of the receipt/) })
    expect((await ledger('why', fileWith(receipt.replace('"token":"e', '"token":"f')), '--db', db, '--trust', trust)).code).toBe(
      1,
    )
  })

  test('AHP-AUDITOR-7 clear text that was changed is not shown as what was decided', async () => {
    const copy = temporaryDirectory()
    writeFileSync(join(copy, 'ledger.db'), readFileSync(db))
    const { last } = await ledgerJson('show', '2', ...at)
    const forged = utf8(JSON.stringify(last['clear']).replace('"BLOCK"', '"ALLOW"'))
    asOwner(copy, `UPDATE private SET clear = ${blob(forged)} WHERE idx = 2`)
    const place = ['--db', join(copy, 'ledger.db'), '--vkey', key]
    const shown = await ledger('show', '2', ...place)
    expect([shown.code, shown.out]).toEqual([
      1,
      expect.stringContaining('clear text that does not open the leaf; it was changed'),
    ])
    expect(await ledger('why', '2', ...place)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('does not open its leaf'),
    })
    expect((await ledger('tail', '--once', ...place)).out).toMatch(/^2 \S+ BLOCK by layer "L3-Compliance"$/m)
    expect((await ledger('export', agent, ...place)).code).toBe(1)
  })

  test('AHP-AUDITOR-7 nor on whose behalf it was: of a receipt the chain is told only where it opens the leaf', async () => {
    const copy = temporaryDirectory()
    writeFileSync(join(copy, 'ledger.db'), readFileSync(db))
    const { index } = parseProof(JSON.parse(receipt).proof)
    const { last } = await ledgerJson('show', String(index), ...at)
    const clear = last['clear'] as Record<string, unknown>
    const forged = utf8(
      JSON.stringify({ ...clear, chain: ['did:example:somebody', ...(clear['chain'] as string[])], more: true }),
    )
    asOwner(copy, `UPDATE private SET clear = ${blob(forged)} WHERE idx = ${index}`)
    const told = async (file: string): Promise<unknown> => {
      const why = await ledgerJson('why', fileWith(receipt), '--db', file, '--trust', trust)
      return [why.code, why.last['agent']]
    }
    expect(await told(db)).toEqual([0, expect.objectContaining({ chain: [agent] })])
    expect(await told(join(copy, 'ledger.db'))).toEqual([0, expect.objectContaining({ chain: null })])
  })

  test('AHP-CUSTODY-8 export prints each entry with its proof on a line, and nothing about nobody', async () => {
    const { code, out, err } = await ledger('export', agent, ...at)
    expect(code).toBe(0)
    const lines = out.split('\n').map((line): Record<string, unknown> => JSON.parse(line))
    expect(err).toBe(`${lines.length} entries of ledger.example/aiegis/1 say something about "${agent}"`)
    for (const { index, leaf, proof, opens } of lines) {
      const parsed = parseProof(String(proof))
      const { size, root } = parsed.checkpoint
      const leafHash = hashLeaf(crypto, decodeBase64url(String(leaf)))
      expect([parsed.index, opens]).toEqual([BigInt(Number(index)), true])
      expect(verifyInclusion(crypto, { index: parsed.index, size, leafHash, path: parsed.path, root })).toBe(true)
    }
    expect(await ledger('export', 'nobody', ...at)).toMatchObject({ code: 0, out: '' })
  })

  test('AHP-AUDITOR-8 erase and hold record who ordered it and why; what is on hold stays', async () => {
    const by = ['--by', 'Ada (data protection)', '--reason', 'request 17', '--db', db]
    for (const missing of [
      ['erase', '1', '--db', db],
      ['erase', '1', '--by', ' ', '--reason', 'x', '--db', db],
      ['hold', '1', '--by', 'x', '--db', db],
    ])
      expect(await ledger(...missing)).toMatchObject({ code: 2, err: expect.stringContaining('both are recorded') })
    const held = await ledgerJson('hold', '3-4', ...by)
    expect(held).toMatchObject({ code: 0, last: { type: 'held', ok: true, first: 3, last: 4 } })
    expect(await ledgerJson('hold', '--db', db)).toMatchObject({
      code: 0,
      last: { type: 'hold', id: held.last['id'], first: 3, last: 4 },
    })
    expect(await ledger('erase', '4', ...by)).toMatchObject({ code: 1, err: 'entry 4 is on hold; release the hold first' })
    expect(await ledgerJson('erase', '1', ...by)).toMatchObject({ code: 0, last: { type: 'erased', index: 1 } })
    expect(await ledger('erase', '1', ...by)).toMatchObject({ code: 1, err: expect.stringMatching(/^entry 1 has no clear text/) })
    const tail = await ledger('tail', '--once', '--lines', '2', ...at)
    expect(tail.out).toMatch(/act: hold of entries 3 to 4, hold \S+: reason "by Ada \(data protection\): request 17"/)
    expect(tail.out).toMatch(/act: erase of entry 1: reason "by Ada \(data protection\): request 17"/)
    expect((await ledger('show', '1', ...at)).out).toContain('clear text: erased, or never kept')
    expect((await ledgerJson('show', '1', ...at)).last).toMatchObject({ clear_state: 'gone', clear: null, opens: null })
    const page = await ledger('why', '1', ...at)
    expect([page.code, page.out]).toEqual([0, expect.stringContaining('its clear text is gone')])
    expect(await ledger('hold', String(held.last['id']), '--release', ...by)).toMatchObject({ code: 0 })
    expect(await ledger('hold', 'A'.repeat(22), '--release', ...by)).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no hold'),
    })
    expect(await ledger('hold', '3-99999', ...by)).toMatchObject({ code: 1, err: expect.stringContaining('are not in the log') })
    expect((await ledger('verify', ...at)).code).toBe(0)
  })
})

describe('while another process has the log open', () => {
  test('AHP-AUDITOR-9 reading neither waits for the writer nor changes a byte beside it, and every copy is whole', async () => {
    const directory = temporaryDirectory()
    const script = fileURLToPath(new URL('../packages/ledger/dist/crash/child.js', import.meta.url))
    expect(existsSync(script), 'build first: npx tsc -b').toBe(true)
    const seed = 'c7'.repeat(32)
    const child = spawn(process.execPath, [script, 'sqlite', directory, seed, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    child.stdout.resume()
    const vkey = formatVkey(CRASH_ORIGIN, 1, createSigner(fromHex(seed), CRASH_ORIGIN).publicKey, crypto)
    const file = join(directory, 'ledger.db')
    const kept = join(directory, 'kept')
    let size = -1
    for (let round = 0; round < 12; round++) {
      const { code, last } = await ledgerJson('verify', '--db', file, '--vkey', vkey, '--keep', kept)
      expect({ code, last }).toMatchObject({ code: 0, last: { ok: true, findings: [] } })
      expect(Number(last['size'])).toBeGreaterThanOrEqual(size)
      size = Number(last['size'])
      expect((await ledger('audit', '--since', kept, '--db', file, '--vkey', vkey)).code).toBe(0)
    }
    expect(size).toBeGreaterThan(0)
    expect(child.exitCode).toBeNull()
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
    // What a killed writer left is read as it is, and stays as it is.
    const marks = (): unknown =>
      readdirSync(directory).map((name) => {
        const { ino, size: bytes, mtimeMs } = statSync(join(directory, name))
        return [name, ino, bytes, mtimeMs]
      })
    const before = marks()
    expect((await ledger('audit', '--since', kept, '--db', file, '--vkey', vkey)).code).toBe(0)
    expect(marks()).toEqual(before)
  })

  test('AHP-AUDITOR-8 erase and hold are refused: a log has one writer', async () => {
    const directory = temporaryDirectory()
    const script = fileURLToPath(new URL('../packages/ledger/dist/crash/child.js', import.meta.url))
    const child = spawn(process.execPath, [script, 'sqlite', directory, 'c8'.repeat(32), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    child.stdout.resume()
    const logKey = join(directory, 'log.key')
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 0xc8)])
    writeFileSync(logKey, `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 })
    const ended = await ledger('hold', '0', '--by', 'x', '--reason', 'y', '--db', join(directory, 'ledger.db'))
    expect(ended).toMatchObject({ code: 1, out: '', err: expect.stringContaining('is open in another process') })
  })
})

describe('an act', () => {
  /** The log key of the tests as a file. */
  function keyFile(seed: Uint8Array): string {
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const file = fileWith(`-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`)
    chmodSync(file, 0o600)
    return file
  }
  const seeds = [crypto.sha256(utf8('log key of the tests')), crypto.sha256(utf8('the next log key'))] as const

  test('AHP-LEDGER-17 ends no change of the log key, and begins none', async () => {
    const directory = temporaryDirectory()
    const next = createSigner(seeds[1], ORIGIN)
    const call = ['hold', '0', '--by', 'x', '--reason', 'y', '--db', join(directory, 'ledger.db'), '--key', keyFile(seeds[0])]
    const first = await openIn(directory)
    await fill(first, 0, 2)
    await first.close()
    const early = await ledger(...call, '--also-key', keyFile(seeds[1]))
    expect(early).toMatchObject({ code: 2, err: expect.stringContaining('would begin a change of its key') })
    const both = await openIn(directory, { alsoSigner: next })
    await both.close()
    expect(await ledger(...call)).toMatchObject({
      code: 2,
      err: expect.stringContaining('name one with --key and the other with --also-key'),
    })
    expect((await ledger(...call, '--also-key', keyFile(seeds[1]))).code).toBe(0)
    const after = await openIn(directory, { alsoSigner: next })
    // Two entries, one about the keys, one about the hold, and nothing else about keys.
    expect(after.size()).toBe(4n)
  })

  test('AHP-AUDITOR-8 of a log with witnesses is not done without them', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await fill(log, 0, 2)
    await log.close()
    const file = join(directory, 'last-checkpoint')
    writeFileSync(file, cosign(crypto, readFileSync(file, 'utf8'), namedSigner('witness', 'witness.example'), 1_795_212_000))
    const call = ['hold', '0', '--by', 'x', '--reason', 'y', '--db', join(directory, 'ledger.db'), '--key', keyFile(seeds[0])]
    expect(await ledger(...call)).toMatchObject({ code: 2, err: expect.stringContaining('--witnesses') })
    expect((await openIn(directory)).size()).toBe(2n)
  })
})

describe('what goes to a terminal', () => {
  const strange = 'x"\u001b[2J\u009b2J\u202e\nproven: by all\u2028\u{e0041}'

  test('AHP-AUDITOR-10 has no sign that it obeys and no line of its own from data, as text and as JSON', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    const act = actEntry(crypto, { kind: 'erase', first: 0, last: 0 }, strange, 1_795_212_000)
    await log.append(act.leaf, act.key, act.clear)
    await log.append(utf8(strange), keyOf('1'), utf8(strange))
    await log.append(
      utf8(JSON.stringify({ act: { kind: strange, ts: strange } })),
      keyOf('2'),
      utf8(JSON.stringify({ jti: strange })),
    )
    await log.close()
    const place = ['--db', join(directory, 'ledger.db'), '--vkey', testVkey.text]
    for (const command of [
      ['tail', '--once'],
      ['show', '0'],
      ['show', '1'],
      ['show', '2'],
      ['why', '0'],
      ['export', strange],
      ['prove', strange],
    ]) {
      for (const json of [[], ['--json']]) {
        const { code, out, err } = await ledger(...command, ...place, ...json)
        expect([0, 1, 2]).toContain(code)
        expect(`${out}${err}`).not.toMatch(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/u)
        expect(`${out}\n${err}`).not.toMatch(/^proven: by all/m)
      }
    }
    const { last } = await ledgerJson('show', '0', ...place)
    expect((last['clear'] as { readonly act: { readonly reason: string } }).act.reason).toBe(strange)
  })

  test('AHP-AUDITOR-10 has no password and no key', async () => {
    for (const place of [
      ['--db', 'postgres://a:sesame@127.0.0.1:1/c'],
      ['--db', 'postgres://a@127.0.0.1:1/c?password=sesame'],
      ['--db', 'postgresql://a:sesame@127.0.0.1:1/c'],
      ['--url', 'http://a:sesame@127.0.0.1:1'],
    ])
      for (const command of [['verify'], ['tail'], ['show', '1']]) {
        const { code, out, err } = await ledger(...command, ...place, '--vkey', testVkey.text)
        expect(code).toBe(2)
        expect(out + err).not.toContain('sesame')
      }
    expect((await ledger('verify', '--db', 'postgres://a@127.0.0.1:1/c', '--vkey', testVkey.text)).code).toBe(3)
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await log.append(leafOf(0), keyOf(0), utf8('{}'))
    await log.close()
    const wrong = fileWith('-----BEGIN PRIVATE KEY-----\nc2VzYW1l\n-----END PRIVATE KEY-----\n')
    const { code, err } = await ledger(
      'erase',
      '0',
      '--by',
      'x',
      '--reason',
      'y',
      '--db',
      join(directory, 'ledger.db'),
      '--key',
      wrong,
    )
    expect([code, err]).toEqual([1, expect.not.stringContaining('c2VzYW1l')])
  })
})

describe('a call', () => {
  test.each([
    [['verify', '--db', 'x', 'y'], /is too much/],
    [['audit', '--db', 'x'], /--since/],
    [['prove'], /something is missing/],
    [['verify', '--by', 'x'], /--by is not an option of this command/],
    [['check', 'x', '--json', '--db', 'y'], /--db is not an option/],
    [['hold', '--release', '--db', db], /id of the hold/],
    [['tail', '--lines', '-1', '--db', db], /usage|wrong call/],
    [['verify', '--db', 'x', '--url', 'http://x'], /either --db or --url/],
    [['verify', '--url', 'ftp://x'], /http or https/],
    [['verify', '--url', 'http://127.0.0.1:1/?a=1'], /without query/],
    [['verify', '--url', 'http://127.0.0.1:1/#a'], /without query/],
    [['verify', '--url', 'http://somebody@127.0.0.1:1/'], /has a password/],
    [['verify', '--url', 'http://:secret@127.0.0.1:1/'], /has a password/],
    [['verify', '--db', join(tmpdir(), 'no such file')], /no such file/],
    [['verify', '--db', db], /--vkey.*\/vkey/],
    [['verify', '--db', db, '--vkey', 'a+b+c'], /no verifier key/],
    [['dance'], /usage: aiegis-ledger COMMAND/],
    [[], /usage: aiegis-ledger COMMAND/],
  ])('%j that cannot be meant is answered with one sentence', async (args, reason) => {
    const { code, out, err } = await ledger(...args)
    expect([code, `${out}\n${err}`]).toEqual([2, expect.stringMatching(reason)])
    const json = await ledgerJson(...args.filter((word) => word !== '--json'))
    expect(json).toMatchObject({ code: 2, last: { type: 'error', kind: 'usage', first_bad: null } })
  })

  test.each(['verify', 'audit', 'prove', 'check', 'show', 'why', 'export', 'erase', 'hold', 'tail'])(
    '%s --help explains it',
    async (name) => {
      const { code, out } = await ledger(name, '--help')
      expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^usage: aiegis-ledger ${name}`))])
      expect(out.split('\n').filter((line) => line.length > 100)).toEqual([])
      expect(out).toContain('Exit code 0')
      expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(130)
      const all = (await ledger('--help')).out
      expect(all).toContain(`  ${name}`)
      expect(all.split('\n').filter((line) => line.length > 100)).toEqual([])
    },
  )
})

describe('tail', () => {
  test('AHP-AUDITOR-11 prints what is appended, from a directory that is in use, until it is ended', async () => {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    await fill(log, 0, 260)
    const ending = new AbortController()
    const lines: string[] = []
    const complaints: string[] = []
    const place = [
      'tail',
      '--db',
      join(directory, 'public'),
      '--vkey',
      testVkey.text,
      '--lines',
      '3',
      '--interval',
      '1',
      '--json',
    ]
    const code = runCommand(place, {
      print: (line) => void lines.push(line),
      complain: (line) => void complaints.push(line),
      signal: ending.signal,
    })
    await expect.poll(() => lines.length).toBe(3)
    await fill(log, 260, 520)
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(263)
    ending.abort()
    expect([await code, complaints]).toEqual([0, []])
    expect(lines.map((line): unknown => JSON.parse(line).index)).toEqual(Array.from({ length: 263 }, (_, offset) => 257 + offset))
  })

  test('AHP-AUDITOR-11 ends when the log goes back or shows another history', async () => {
    const [honest, other] = [temporaryDirectory(), temporaryDirectory()]
    const log = await openTiles(honest)
    await fill(log, 0, 300)
    const forged = await openTiles(other)
    await fill(forged, 1, 320)
    const published = join(honest, 'public')
    const lines: string[] = []
    const push = (line: string): void => void lines.push(line)
    const place = ['tail', '--db', published, '--vkey', testVkey.text, '--interval', '1', '--lines', '1']
    const forked = runCommand(place, { print: push, complain: push })
    await expect.poll(() => lines.length).toBe(1)
    // Its key signed both.
    cpSync(join(other, 'public'), published, { recursive: true })
    expect(await forked).toBe(1)
    expect(lines.join('\n')).toContain('the head over 319 entries does not extend what was seen before')
    const back = runCommand(place, { print: push, complain: push })
    await expect.poll(() => lines.some((line) => line.startsWith('318 '))).toBe(true)
    writeFileSync(join(published, 'checkpoint'), log.checkpoint())
    expect(await back).toBe(1)
    expect(lines.at(-1)).toBe('does not hold: the log went back: it ended after 319 entries, and now after 300')
  })
})

test('AHP-AUDITOR-9 copies of clear text do not outlive a command', async () => {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  await log.append(leafOf(0), keyOf(0), utf8('{"agent_did":"somebody"}'))
  await log.close()
  const scratch = temporaryDirectory()
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = scratch
  try {
    expect((await ledger('show', '0', '--db', join(directory, 'ledger.db'), '--vkey', testVkey.text)).out).toContain('somebody')
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  expect(filesWith(scratch, 'somebody')).toEqual([])
})
