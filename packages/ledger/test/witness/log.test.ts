/** A log with witnesses: what it releases, what it refuses, and what it does when they know better (spec chapter 17.8). @module */
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import {
  createSigner,
  formatNote,
  formatVkey,
  hasQuorum,
  LOG_KEY_TYPE,
  parseCheckpoint,
  parseVkey,
  utf8,
  parseProof,
  verifyHead,
} from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newestIn } from '../../src/last-checkpoint.ts'
import type { WitnessPolicy } from '../../src/witness/cosigner.ts'
import { crypto, fill, keyOf, leafOf, openIn, optionsIn, ORIGIN, temporaryDirectory, verifyAll, vkey } from '../logs.ts'
import { openLog } from '../../src/open-log.ts'
import { policyOf, startWitness, type TestWitness } from './witnesses.ts'

const UNAVAILABLE = { code: 'ledger_unavailable' }

const three = async (): Promise<[TestWitness, TestWitness, TestWitness]> => [
  await startWitness('one.example'),
  await startWitness('two.example'),
  await startWitness('three.example'),
]

/** How many witnesses signed a head, now and not in the future; every known line is good. */
async function signed(note: string, witnesses: readonly TestWitness[]): Promise<number> {
  const head = parseCheckpoint(note, { maxSignatures: 9 })
  const verdicts = await verifyHead(crypto, head, { origin: ORIGIN, vkey, witnesses: witnesses.map((one) => one.vkey) })
  expect(verdicts.log).toBe('ok')
  expect(verdicts.witnesses.some(({ verdict }) => verdict === 'bad')).toBe(false)
  const count = verdicts.witnesses.filter(({ verdict }) => verdict === 'ok').length
  expect(hasQuorum(verdicts.witnesses, count, Math.floor(Date.now() / 1000))).toBe(true)
  return count
}

/** A server in the place of a witness, which answers as it likes. */
async function impostor(answer: (path: string) => { status: number; type?: string; body?: string } | undefined): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    const found = answer(request.url ?? '')
    if (found === undefined) return
    response.writeHead(found.status, { 'Content-Type': found.type ?? 'text/plain' })
    response.end(found.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => (server.closeAllConnections(), void server.close()))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('a log with witnesses', () => {
  test('AHP-WITNESS-4 releases heads that all of them signed, over many tiles, in proofs and at /checkpoint', async () => {
    const witnesses = await three()
    const directory = temporaryDirectory()
    const log = await openIn(directory, { witnesses: policyOf(witnesses) })
    expect(await signed(log.checkpoint(), witnesses)).toBe(3)
    const first = await log.append(leafOf(0), keyOf(0))
    await fill(log, 1, 700)
    const last = await log.append(leafOf(700), keyOf(700))
    for (const { proof, checkpoint } of [first, last]) {
      expect(parseProof(proof).checkpoint.raw).toBe(checkpoint)
      expect(await signed(checkpoint, witnesses)).toBe(3)
    }
    expect(newestIn(crypto, readFileSync(join(directory, 'last-checkpoint')))).toBe(last.checkpoint)
    expect(await verifyAll(log, [first.checkpoint, last.checkpoint])).toBe(701n)
    await log.close()
    const again = await openIn(directory, { witnesses: policyOf(witnesses) })
    expect(await signed(again.checkpoint(), witnesses)).toBe(3)
    expect((await again.append(leafOf(0), keyOf(0))).index).toBe(0n)
    // With the size that each witness knows, one question is enough.
    for (const { asked } of witnesses) {
      const before = asked.length
      await again.append(leafOf(`one more ${asked.length}`), keyOf(`one more ${before}`))
      expect(asked.length).toBe(before + 1)
    }
  })

  test('AHP-WITNESS-4 goes on with a quorum, and does not wait for one that is down', async () => {
    const witnesses = await three()
    const log = await openIn(undefined, { witnesses: policyOf(witnesses, { quorum: 2 }) })
    await witnesses[1].stop()
    expect(await signed((await log.append(leafOf(0), keyOf(0))).checkpoint, witnesses)).toBe(2)
    expect(await signed((await log.append(leafOf(1), keyOf(1))).checkpoint, witnesses)).toBe(2)
    await witnesses[1].start()
    // It is asked again all the time: back, it counts from the head after that on which it answers.
    let number = 2
    await expect
      .poll(async () => signed((await log.append(leafOf(number), keyOf(number++))).checkpoint, witnesses), { timeout: 20_000 })
      .toBe(3)
  })

  test('AHP-WITNESS-5 releases nothing without a quorum; what was appended is released when the witnesses are back', async () => {
    const witnesses = await three()
    const directory = temporaryDirectory()
    const log = await openIn(directory, { witnesses: policyOf(witnesses, { quorum: 3 }) })
    const { checkpoint } = await log.append(leafOf(0), keyOf(0))
    await witnesses[2].stop()
    for (const number of [1, 2]) await expect(log.append(leafOf(number), keyOf(number))).rejects.toMatchObject(UNAVAILABLE)
    expect(log.checkpoint()).toBe(checkpoint)
    expect([log.size(), await log.entry(1n)]).toEqual([1n, undefined])
    expect(newestIn(crypto, readFileSync(join(directory, 'last-checkpoint')))).toBe(checkpoint)
    await witnesses[2].start()
    const again = await log.append(leafOf(1), keyOf(1))
    expect([again.index, log.size()]).toEqual([1n, 3n])
    expect(await signed(again.checkpoint, witnesses)).toBe(3)
    expect(await verifyAll(log, [checkpoint, again.checkpoint])).toBe(3n)
  })

  test('AHP-WITNESS-5 releases it uncosigned only where that was asked for', async () => {
    const witnesses = await three()
    const policy = policyOf(witnesses, { onMissing: 'release-uncosigned' })
    const log = await openIn(undefined, { witnesses: policy })
    for (const witness of witnesses.slice(1)) await witness.stop()
    expect(await signed((await log.append(leafOf(0), keyOf(0))).checkpoint, witnesses)).toBe(1)
    await witnesses[0]?.stop()
    expect(await signed((await log.append(leafOf(1), keyOf(1))).checkpoint, witnesses)).toBe(0)
  })

  test('AHP-WITNESS-4 waits for a witness that does not answer once, and then only while the quorum is missing', async () => {
    const good = await startWitness('good.example')
    let open = 0
    const server = createServer((request, response) => {
      request.resume()
      if (request.method !== 'POST') response.writeHead(404).end()
      else {
        open++
        response.once('close', () => open--)
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => (server.closeAllConnections(), void server.close()))
    const address = server.address()
    const silent = {
      url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
      vkey: (await startWitness('x')).vkey,
    }
    const witnesses = [...policyOf([good]).witnesses, silent]
    const log = await openIn(undefined, { witnesses: { witnesses, quorum: 1, timeoutMs: 2_000 } })
    await log.append(leafOf(0), keyOf(0))
    await expect.poll(() => open).toBeGreaterThan(0)
    // Released while the question to the silent one, or one before it, is still open.
    await log.append(leafOf(1), keyOf(1))
    expect(open).toBeGreaterThan(0)
  })

  test('AHP-WITNESS-5 is not held up for longer than its time by a witness that does not answer', async () => {
    const [good] = await three()
    const url = await impostor(() => undefined)
    const silent = { url, vkey: (await startWitness('silent.example')).vkey }
    const policy: WitnessPolicy = { ...policyOf([good]), quorum: 1, timeoutMs: 200 }
    const log = await openIn(undefined, { witnesses: { ...policy, witnesses: [...policy.witnesses, silent] } })
    expect(await signed((await log.append(leafOf(0), keyOf(0))).checkpoint, [good])).toBe(1)
    const alone = { ...policy, witnesses: [silent] }
    await expect(openIn(undefined, { witnesses: alone })).rejects.toThrow(/^ledger: 0 of 1 witnesses answered/)
  })
})

describe('a log that changes its key', () => {
  const next = createSigner(crypto.sha256(utf8('the next log key')), ORIGIN)
  const nextVkey = parseVkey(formatVkey(ORIGIN, LOG_KEY_TYPE, next.publicKey, crypto), crypto)

  test('AHP-WITNESS-2 goes on with witnesses that know both keys', async () => {
    const witness = await startWitness('one.example', { logs: [vkey, nextVkey] })
    const witnesses = policyOf([witness])
    const directory = temporaryDirectory()
    for (const keys of [{}, { alsoSigner: next }, { signer: next }]) {
      const log = await openIn(directory, { witnesses, ...keys })
      const { checkpoint } = await log.append(leafOf(Object.keys(keys).join()), keyOf(Object.keys(keys).join()))
      expect(checkpoint).toContain('— one.example ')
      await log.close()
    }
  })

  test('AHP-WITNESS-6 does not start with the new key alone before they know it', async () => {
    const witness = await startWitness('one.example')
    const witnesses = policyOf([witness])
    const directory = temporaryDirectory()
    for (const keys of [{}, { alsoSigner: next }]) await (await openIn(directory, { witnesses, ...keys })).close()
    await expect(openLog({ ...optionsIn(directory), witnesses, signer: next })).rejects.toThrow(
      /^ledger: 0 of 1 witnesses answered/,
    )
  })
})

describe('a log whose witnesses know better', () => {
  /** A log of ten entries, of which a copy was made after five. */
  async function restored(witnesses: readonly TestWitness[]): Promise<{ copy: string; newest: string }> {
    const directory = temporaryDirectory()
    const copy = temporaryDirectory()
    const policy = policyOf(witnesses)
    const log = await openIn(directory, { witnesses: policy })
    await fill(log, 0, 5)
    await log.close()
    cpSync(directory, copy, { recursive: true })
    const on = await openIn(directory, { witnesses: policy })
    await fill(on, 5, 10)
    const newest = on.checkpoint()
    await on.close()
    return { copy, newest }
  }

  test('AHP-WITNESS-6 does not start from an old copy, although its last checkpoint was restored with it', async () => {
    const witnesses = await three()
    const { copy } = await restored(witnesses)
    const before = witnesses.map(({ asked }) => asked.length)
    await expect(openLog({ ...optionsIn(copy), witnesses: policyOf(witnesses) })).rejects.toThrow(
      /^ledger: the database ends after 5 entries, but the head that a witness remembers is over 10; going on with an old copy would fork the log/,
    )
    expect(witnesses.map(({ asked }) => asked.length)).toEqual(before)
    // One is enough.
    for (const witness of witnesses.slice(1)) await witness.stop()
    await expect(openLog({ ...optionsIn(copy), witnesses: policyOf(witnesses, { quorum: 1 }) })).rejects.toThrow(/is over 10/)
  })

  test('AHP-WITNESS-6 does not begin anew what witnesses remember', async () => {
    const witnesses = await three()
    const { copy } = await restored(witnesses)
    for (const name of ['ledger.db', 'last-checkpoint']) rmSync(join(copy, name))
    await expect(openLog({ ...optionsIn(copy), witnesses: policyOf(witnesses) })).rejects.toThrow(/ends after 0 entries/)
  })

  test('AHP-WITNESS-6 does not start as another tree of the same size or a larger one', async () => {
    const witnesses = await three()
    const { copy } = await restored(witnesses)
    const fork = await openIn(copy)
    for (const number of [0, 1, 2, 3, 4, 5, 6]) await fork.append(leafOf(`other ${number}`), keyOf(`other ${number}`))
    await fork.close()
    await expect(openLog({ ...optionsIn(copy), witnesses: policyOf(witnesses) })).rejects.toThrow(
      /^ledger: the first 10 entries in the database are not those under the head that a witness remembers/,
    )
  })

  test('AHP-WITNESS-6 does not start before a quorum answers', async () => {
    const witnesses = await three()
    const { copy } = await restored(witnesses)
    for (const witness of witnesses.slice(1)) await witness.stop()
    for (const onMissing of ['refuse', 'release-uncosigned'] as const)
      await expect(openLog({ ...optionsIn(copy), witnesses: policyOf(witnesses, { quorum: 2, onMissing }) })).rejects.toThrow(
        /^ledger: 1 of 2 witnesses answered/,
      )
  })

  test.each([
    ['a larger head', 2, /witness one\.example has signed 5 entries of this log, and here are 4/],
    [
      'another tree of the same size',
      1,
      /witness one\.example does not sign the head over 4 entries: .*; the log must not go on/,
    ],
  ])('AHP-WITNESS-6 ends when a witness shows, while it runs, %s that its key signed', async (_, forged, sentence) => {
    const witnesses = await three()
    const copy = temporaryDirectory()
    const log = await openIn(copy, { witnesses: policyOf(witnesses) })
    await fill(log, 0, 3)
    // Somebody who has the key and another copy goes on.
    const [first] = witnesses
    const other = temporaryDirectory()
    await log.close()
    cpSync(copy, other, { recursive: true })
    const honest = await openIn(copy, { witnesses: policyOf(witnesses) })
    const thief = await openIn(other, { witnesses: policyOf([first]) })
    for (let number = 0; number < forged; number++) await thief.append(leafOf(`forged ${number}`), keyOf(`forged ${number}`))
    await expect(honest.append(leafOf(3), keyOf(3))).rejects.toMatchObject({
      code: 'ledger_unavailable',
      cause: { message: expect.stringMatching(sentence) },
    })
    for (const question of [() => honest.checkpoint(), () => honest.size()])
      expect(question).toThrow(expect.objectContaining(UNAVAILABLE))
  })

  test.each([
    ['a larger head', { status: 409, type: 'text/x.tlog.size', body: '1000\n' }],
    ['another tree', { status: 422 }],
    ['another tree, in older words', { status: 409, type: 'text/plain', body: 'no' }],
    ['nothing', { status: 500 }],
    ['no number', { status: 409, type: 'text/x.tlog.size', body: '0x5\n' }],
    ['good things without a signature', { status: 200, body: '' }],
    ['a line that is none', { status: 200, body: '— one.example AAAA\n' }],
    ['far too much', { status: 200, body: 'x'.repeat(20_000) }],
    ['another place', { status: 307 }],
  ])('AHP-WITNESS-7 a witness that says %s and shows no head stops nobody as long as the others sign', async (_, reply) => {
    const [good] = await three()
    const url = await impostor((path) => (path === '/add-checkpoint' ? reply : { status: 404 }))
    const rogue = { url, vkey: (await startWitness('rogue.example')).vkey }
    const witnesses = [...policyOf([good]).witnesses, rogue]
    const log = await openIn(undefined, { witnesses: { witnesses, quorum: 1 } })
    for (const number of [0, 1, 2])
      expect(await signed((await log.append(leafOf(number), keyOf(number))).checkpoint, [good])).toBe(1)
  })

  test.each([
    ['a larger head', { status: 409, type: 'text/x.tlog.size', body: '1000\n' }],
    ['another tree', { status: 422 }],
  ])('AHP-WITNESS-7 and without a quorum nothing is released while it says %s, whatever the policy', async (_, reply) => {
    const url = await impostor((path) => (path === '/add-checkpoint' ? reply : { status: 404 }))
    const rogue = { url, vkey: (await startWitness('rogue.example')).vkey }
    await expect(
      openIn(undefined, { witnesses: { witnesses: [rogue], quorum: 1, onMissing: 'release-uncosigned' } }),
    ).rejects.toThrow(/^ledger: /)
  })

  test('AHP-WITNESS-7 lines that bear its name and do not verify do not count, nor those of another head', async () => {
    const real = await startWitness('real.example')
    const elsewhere = await openIn(undefined, { witnesses: policyOf([real]) })
    const [, line] = parseCheckpoint(elsewhere.checkpoint()).note.signatures
    const name = real.vkey.name
    for (const signature of [
      new Uint8Array(72),
      new Uint8Array(64),
      line?.signature.with(0, 0x80),
      line?.signature.with(20, 0),
    ]) {
      const body = formatNote('\n', [{ name, id: real.vkey.id, signature: signature ?? new Uint8Array(72) }]).slice(2)
      const url = await impostor((path) => (path === '/add-checkpoint' ? { status: 200, body } : { status: 404 }))
      await expect(openIn(undefined, { witnesses: { witnesses: [{ url, vkey: real.vkey }], quorum: 1 } })).rejects.toThrow(
        /no cosignature of its key in its answer/,
      )
    }
    const body = formatNote('\n', line === undefined ? [] : [line]).slice(2)
    const url = await impostor((path) => (path === '/add-checkpoint' ? { status: 200, body } : { status: 404 }))
    const policy = { witnesses: [{ url, vkey: real.vkey }], quorum: 1 }
    // Good for the head over nothing, which is the same in every log of this name, and for no other.
    const replayed = await openIn(undefined, { witnesses: policy })
    await expect(replayed.append(leafOf(0), keyOf(0))).rejects.toMatchObject(UNAVAILABLE)
  })

  test('AHP-WITNESS-7 a witness is asked where it was named, and nowhere that an answer names', async () => {
    const real = await startWitness('real.example')
    const server = createServer((request, response) => {
      request.resume()
      if (request.method === 'POST') response.writeHead(307, { Location: real.url + (request.url ?? '') }).end()
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    await expect(openIn(undefined, { witnesses: { witnesses: [{ url, vkey: real.vkey }], quorum: 1 } })).rejects.toThrow(
      /^ledger: /,
    )
    expect(real.asked).toEqual([])
  })

  test('AHP-WITNESS-7 an answer that goes on is not read, also when it begins with a good line', async () => {
    const real = await startWitness('real.example')
    const log = await openIn(undefined, { witnesses: policyOf([real]) })
    const [, line] = parseCheckpoint(log.checkpoint()).note.signatures
    const long = Array.from({ length: 9 }, (_, number) => ({
      name: `more.example/${number}`,
      id: number,
      signature: new Uint8Array(1_500),
    }))
    const answers = [
      [line, ...long.slice(0, 3)],
      [line, ...long],
    ].map((lines) =>
      formatNote(
        '\n',
        lines.flatMap((one) => (one === undefined ? [] : [one])),
      ).slice(2),
    )
    expect(answers.map((body) => body.length > 16_384)).toEqual([false, true])
    const opened = answers.map(async (body) => {
      const url = await impostor((path) => (path === '/add-checkpoint' ? { status: 200, body } : { status: 404 }))
      return openIn(undefined, { witnesses: { witnesses: [{ url, vkey: real.vkey }], quorum: 1 } })
    })
    expect((await Promise.allSettled(opened)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  test('AHP-WITNESS-7 a cosignature from the future does not count: no receiver would take it', async () => {
    const ahead = await startWitness('ahead.example', { now: () => Date.now() + 3_600_000 })
    await expect(openIn(undefined, { witnesses: policyOf([ahead]) })).rejects.toThrow(
      /^ledger: 0 of 1 witnesses signed the head \(ahead\.example: no cosignature of its key in its answer\)/,
    )
  })
})

describe('a policy', () => {
  test('AHP-WITNESS-4 that cannot be met or counts a key twice is refused before anything is opened', async () => {
    const [one, two] = await three()
    const { witnesses } = policyOf([one, two])
    const witness = { url: one.url, vkey: one.vkey }
    const bad: readonly (readonly [WitnessPolicy, RegExp])[] = [
      [{ witnesses, quorum: 3 }, /a quorum from 1 to 2, not 3/],
      [{ witnesses, quorum: 0 }, /a quorum from 1 to 2, not 0/],
      [{ witnesses: [], quorum: 0 }, /from 1 to 8, not 0/],
      [{ witnesses: Array.from({ length: 9 }, () => witness), quorum: 1 }, /from 1 to 8, not 9/],
      [{ witnesses: [witness, witness], quorum: 2 }, /a key stands twice/],
      [{ witnesses: [{ ...witness, url: 'http://witness.example' }], quorum: 1 }, /write an https URL/],
      [{ witnesses: [{ ...witness, url: 'https://witness.example/' }], quorum: 1 }, /without a final slash/],
      [{ witnesses: [{ ...witness, vkey }], quorum: 1 }, /is not the key of a witness/],
    ]
    for (const [policy, sentence] of bad) await expect(openIn(undefined, { witnesses: policy })).rejects.toThrow(sentence)
  })
})
