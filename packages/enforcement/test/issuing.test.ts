/** How an agent gets a passport over HTTP, and how nobody else does (spec chapter 19). @module */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  decodePassport,
  defaultCrypto,
  encodeBase64url,
  formatDidKey,
  formatVkey,
  parseVkey,
  WITNESS_KEY_TYPE,
  type JsonObject,
} from '@aiegis/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEnrolments } from '../src/enrolments.ts'
import { KEY_ROLES, loadKey } from '../src/keys.ts'
import { loadOperatorKey } from '../src/operator.ts'
import { statusIndexOf } from '../src/own-passport.ts'
import { agentKey, challengeText, claim, createDesk, MISSION, said, type Desk } from './desk.ts'
import { API, handOff, NOW, text } from './scene.ts'

const SECONDS = Math.floor(NOW / 1000)
const KEY = agentKey(41)

let desk: Desk
beforeAll(async () => {
  desk = await createDesk()
})
afterAll(() => desk.close())
beforeEach(() => {
  desk.clock.now = NOW
})
afterEach(() => {
  if (desk.faults.length > 0) throw new Error(desk.faults.join('; '))
})

/** Everything that the schemas say about an answer. */
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
const schemas = fileURLToPath(new URL('../../../spec/schemas/', import.meta.url))
for (const file of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, file), 'utf8')) as object)
const fits = (schema: string, value: unknown): unknown => ajv.validate(`${schema}.schema.json`, value) || ajv.errorsText()

describe('from code to passport', () => {
  test('AHP-ISSUE-2 an agent gets the passport that the operator decided on, for the key that it proved', async () => {
    const wanted = {
      mission: MISSION,
      harness: ['did:web:harness.example', 'did:web:other.example'],
      attestations: {
        human: {
          type: 'fido2',
          grade: 'asserted',
          time: '2026-11-01T00:00:00Z',
          digest: 'A'.repeat(43),
          id: 'did:web:acme.example:people:7f3a',
        },
      },
      jurisdiction: 'EU',
      risk: 'limited',
      maxDepth: 1,
      delegatedOnly: false,
      lifetimeSeconds: 86_400,
      validSeconds: 60,
    }
    const enrolled = await desk.post('/api/agent/enrol', wanted)
    const code = text(enrolled.json['enrolment'])
    const challenge = await desk.post('/api/agent/issue/challenge', undefined, code)
    const id = text(challenge.json['challenge_id'])
    const body = claim(KEY, id, challengeText(KEY, id, text(challenge.json['challenge_nonce_hex'])))
    const issued = await desk.post('/api/agent/issue', body, code)
    expect([enrolled.json['expires'], challenge.json['ttl_seconds'], issued.json]).toEqual([
      SECONDS + 60,
      60,
      {
        status: 'issued',
        passport: expect.stringMatching(/^eyJ/),
        agent_did: formatDidKey(KEY.publicKey),
        status_index: expect.any(Number),
        expires: SECONDS + 86_400,
      },
    ])
    expect(decodePassport(text(issued.json['passport'])).kid).toBe('did:web:identity.example#issuer')
    const verified = await desk.post('/api/agent/verify', { passport: issued.json['passport'] }, null)
    expect(verified.json).toEqual({
      valid: true,
      agent_did: formatDidKey(KEY.publicKey),
      issuer: 'did:web:identity.example',
      expires_at: SECONDS + 86_400,
      revoked: false,
      verified_at: SECONDS,
      checks: { evidence: true, place: true, status: true },
      code: null,
    })
    for (const [schema, value] of [
      ['enrol-request', wanted],
      ['enrol-answer', enrolled.json],
      ['issue-challenge', challenge.json],
      ['issue-request', body],
      ['issue-answer', issued.json],
      ['verify-answer', verified.json],
    ] as const)
      expect([schema, fits(schema, value)]).toEqual([schema, true])
    expect(enrolled.headers.get('cache-control')).toBe('no-store')
  })

  const FACT = { type: 'tpm2', grade: 'asserted', time: '2026-11-01T00:00:00Z', digest: 'A'.repeat(43) }
  test.each<[string, string, JsonObject]>([
    ['no mission', '400 ask_malformed', { mission: [] }],
    ['a mission of other hosts', '400 ask_malformed', { mission: [{ action: '*', target: 'https://api.example*' }] }],
    ['an unknown member', '400 ask_malformed', { subject: 'x' }],
    ['a harness that is no DID', '400 ask_malformed', { harness: ['harness.example'] }],
    ['a harness twice', '422 issue_refused', { harness: ['did:web:a.example', 'did:web:a.example'] }],
    ['a depth of three', '400 ask_malformed', { maxDepth: 3 }],
    ['more than 366 days', '400 ask_malformed', { lifetimeSeconds: 31_622_401 }],
    ['no lifetime', '400 ask_malformed', { lifetimeSeconds: 0 }],
    ['a code for more than a day', '400 ask_malformed', { validSeconds: 86_401 }],
    ['a fact that there is not', '400 ask_malformed', { attestations: { software: { grade: 'none' } } }],
    ['a fact without what it needs', '422 issue_refused', { attestations: { hardware: FACT } }],
    ['a fact with what it has not', '422 issue_refused', { attestations: { runtime: { ...FACT, id: 'did:web:a.example' } } }],
    ['a fact that is text', '400 ask_malformed', { attestations: { hardware: 'tpm2' } }],
    ['delegatedOnly that is a number', '400 ask_malformed', { delegatedOnly: 1 }],
    ['a jurisdiction in lower case', '400 ask_malformed', { jurisdiction: 'eu' }],
    [
      'a passport that would be too long',
      '422 issue_refused',
      { mission: Array.from({ length: 16 }, (_, at) => ({ action: 'x', target: `${at}${'t'.repeat(300)}` })) },
    ],
  ])('AHP-ISSUE-2 %s is not enrolled', async (_, expected, members) => {
    expect(said(await desk.post('/api/agent/enrol', { mission: MISSION, ...members }))).toBe(expected)
  })

  test('AHP-ISSUE-3 a code ends when it says, and with the process', async () => {
    const code = await desk.enrol({ validSeconds: 100 })
    const standard = await desk.enrol()
    desk.clock.now = NOW + 99_999
    await desk.challenge(code)
    desk.clock.now = NOW + 100_000
    const ended = async (which: string): Promise<string> => said(await desk.post('/api/agent/issue/challenge', undefined, which))
    expect([await ended(code), await ended(standard)]).toEqual(['401 enrolment_unknown', '200'])
    desk.clock.now = NOW + 600_000
    expect(await ended(standard)).toBe('401 enrolment_unknown')
    desk.clock.now = NOW
    const other = await createDesk()
    const lost = await other.enrol()
    await other.restart()
    expect(said(await other.post('/api/agent/issue/challenge', undefined, lost))).toBe('401 enrolment_unknown')
    await other.close()
  })

  test('AHP-ISSUE-3 a thousand codes are open, and those that ended make room', async () => {
    const other = await createDesk()
    for (let count = 0; count < 1_000; count += 1) await other.enrol({ validSeconds: count === 0 ? 10 : 600 })
    expect(said(await other.post('/api/agent/enrol', { mission: MISSION }))).toBe('503 overloaded')
    other.clock.now = NOW + 10_000
    expect(said(await other.post('/api/agent/enrol', { mission: MISSION }))).toBe('200')
    expect(said(await other.post('/api/agent/enrol', { mission: MISSION }))).toBe('503 overloaded')
    await other.close()
  })
})

describe('nobody else gets one', () => {
  test('AHP-ISSUE-4 without a code, or with one that never was', async () => {
    const before = issued()
    for (const bearer of [null, 'x', 'A'.repeat(43), desk.operator]) {
      expect(said(await desk.post('/api/agent/issue/challenge', undefined, bearer))).toBe('401 enrolment_unknown')
      expect(said(await desk.post('/api/agent/issue', claim(KEY, 'x', 'x'), bearer))).toBe('401 enrolment_unknown')
    }
    expect(issued()).toBe(before)
  })

  test('AHP-ISSUE-5 a challenge is used up by an attempt, ends after 60 seconds and when another is asked for', async () => {
    const code = await desk.enrol()
    const at = async ({ id, nonce }: { id: string; nonce: string }, key = KEY): Promise<string> =>
      said(await desk.post('/api/agent/issue', claim(KEY, id, challengeText(KEY, id, nonce), key), code))
    const first = await desk.challenge(code)
    expect([await at(first, agentKey(42)), await at(first)]).toEqual(['401 issue_untrusted', '401 challenge_unknown'])
    const second = await desk.challenge(code)
    const third = await desk.challenge(code)
    expect(await at(second)).toBe('401 challenge_unknown')
    desk.clock.now = NOW + 60_000
    expect(await at(third)).toBe('401 challenge_unknown')
    const fourth = await desk.challenge(code)
    desk.clock.now = NOW + 119_999
    expect(await at(fourth)).toBe('200')
    expect(said(await desk.post('/api/agent/issue/challenge', undefined, code))).toBe('401 enrolment_unknown')
  })

  test.each<[string, (id: string, nonce: string) => readonly [string, typeof KEY?]]>([
    ['of another key', (id, nonce) => [challengeText(KEY, id, nonce), agentKey(42)]],
    ['for another issuer', (id, nonce) => [challengeText(KEY, id, nonce, 'did:web:other.example')]],
    ['for another agent', (id, nonce) => [challengeText(agentKey(42), id, nonce)]],
    ['for another challenge', (_, nonce) => [challengeText(KEY, 'another', nonce)]],
    ['for another nonce', (id) => [challengeText(KEY, id, '0'.repeat(64))]],
    ['without the last line feed', (id, nonce) => [challengeText(KEY, id, nonce).slice(0, -1)]],
    ['under the nonce alone', (_, nonce) => [nonce]],
  ])('AHP-ISSUE-6 with a signature %s', async (_, forge) => {
    const code = await desk.enrol()
    const { id, nonce } = await desk.challenge(code)
    const [signed, signer] = forge(id, nonce)
    expect(said(await desk.post('/api/agent/issue', claim(KEY, id, signed, signer), code))).toBe('401 issue_untrusted')
    expect(said(await desk.issue(KEY, code))).toBe('200')
  })

  test('AHP-ISSUE-6 with a challenge of another code', async () => {
    const [mine, yours] = [await desk.enrol(), await desk.enrol()]
    const { id, nonce } = await desk.challenge(yours)
    await desk.challenge(mine)
    expect(said(await desk.post('/api/agent/issue', claim(KEY, id, challengeText(KEY, id, nonce)), mine))).toBe(
      '401 challenge_unknown',
    )
  })

  test('AHP-ISSUE-6 after five wrong signatures', async () => {
    const wrong = async (code: string): Promise<string> => {
      const { id } = await desk.challenge(code)
      return said(await desk.post('/api/agent/issue', claim(KEY, id, 'wrong'), code))
    }
    const [four, five] = [await desk.enrol(), await desk.enrol()]
    for (let count = 0; count < 4; count += 1)
      expect([await wrong(four), await wrong(five)]).toEqual(Array(2).fill('401 issue_untrusted'))
    expect(await wrong(five)).toBe('401 issue_untrusted')
    expect([said(await desk.issue(KEY, four)), said(await desk.post('/api/agent/issue/challenge', undefined, five))]).toEqual([
      '200',
      '401 enrolment_unknown',
    ])
  })

  test('AHP-ISSUE-7 of many that use one code at once one does, with one challenge and with one each', async () => {
    const code = await desk.enrol()
    const { id, nonce } = await desk.challenge(code)
    const before = issued()
    const body = claim(KEY, id, challengeText(KEY, id, nonce))
    const answers = await Promise.all(Array.from({ length: 20 }, () => desk.post('/api/agent/issue', body, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const again = await desk.enrol()
    const tries = await Promise.all(Array.from({ length: 20 }, (_, at) => desk.issue(agentKey(50 + at), again)))
    expect(tries.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(issued()).toBe(before + 1 + tries.filter(({ status }) => status === 200).length)
  })

  test('AHP-ISSUE-7 of two challenges that are answered at once one counts, and an attempt that fails gives the code back', async () => {
    const enrolments = createEnrolments<string>(
      () => NOW,
      (length) => randomBytes(length),
    )
    const code = enrolments.open('a passport', NOW + 1_000)
    const slow = async (wanted: string): Promise<string> => {
      await Promise.resolve()
      return wanted
    }
    const both = await Promise.allSettled([enrolments.use(code, slow), enrolments.use(code, slow)])
    expect(both).toMatchObject([{ value: 'a passport' }, { reason: { code: 'enrolment_unknown' } }])
    const other = enrolments.open('a passport', NOW + 1_000)
    const failing = enrolments.use(other, () => Promise.reject(new Error('disk on fire')))
    await expect(failing).rejects.toThrow('disk on fire')
    expect(await enrolments.use(other, slow)).toBe('a passport')
    await expect(enrolments.use(other, slow)).rejects.toMatchObject({ code: 'enrolment_unknown' })
  })

  test('AHP-ISSUE-8 for a key of the server itself', async () => {
    for (const role of KEY_ROLES) {
      const code = await desk.enrol()
      const key = loadKey(join(desk.state, `${role}.key`), 'x')
      expect([role, said(await desk.issue(key, code))]).toEqual([role, '422 issue_refused'])
      expect(said(await desk.issue(KEY, code))).toBe('200')
    }
  })

  test('AHP-ISSUE-8 for a key whose packs the server accepts, that of an issuer it accepts, or that of a witness it asks', async () => {
    const [packs, root, roots, witness] = [agentKey(71), agentKey(72), agentKey(73), agentKey(74)]
    const vkey = parseVkey(formatVkey('witness.example', WITNESS_KEY_TYPE, witness.publicKey, defaultCrypto()), defaultCrypto())
    const pinned = (key: typeof KEY): { kid: string; key: typeof KEY.publicKey } => ({ kid: 'x', key: key.publicKey })
    const unseen = (): Promise<Response> => Promise.resolve(new Response(null, { status: 404 }))
    const issuer = { did: 'did:web:other.example', roles: ['root'] as const, lists: [], isRevoked: () => false }
    const other = await createDesk({
      packKeys: [pinned(packs)],
      issuers: [{ ...issuer, keys: [pinned(root), pinned(roots)] }],
      witnesses: {
        quorum: 1,
        onMissing: 'release-uncosigned',
        witnesses: [{ url: 'https://witness.example', vkey }],
        fetch: unseen,
      },
    })
    for (const key of [packs, root, roots, witness]) {
      const code = await other.enrol()
      expect(said(await other.issue(key, code))).toBe('422 issue_refused')
      expect(said(await other.issue(KEY, code))).toBe('200')
      const issuing = other
        .server()
        .enforcement.issuePassport({ agent: key.publicKey, mission: [{ action: '*', target: `${API}/*` }] })
      await expect(issuing).rejects.toThrow('a key has one role')
    }
    await other.close()
  })

  /** How many passports were issued, as the status file says. */
  function issued(): number {
    const { issued: bits } = JSON.parse(readFileSync(join(desk.state, 'status.json'), 'utf8')) as { issued: string }
    return [...Buffer.from(bits, 'base64url')].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  }
})

describe('AHP-ISSUE-1 the operator', () => {
  const ROUTES: readonly (readonly [string, unknown])[] = [
    ['/api/agent/enrol', { mission: MISSION }],
    ['/api/agent/revoke', { status_index: 1 }],
    ['/api/agent/suspend', { task: 'task-0123456789ab' }],
    ['/api/agent/resume', { task: 'task-0123456789ab' }],
  ]

  test.each(ROUTES)('%s needs the whole key', async (path, body) => {
    const { operator } = desk
    const wrong = [null, '', operator.slice(0, -1), `${operator}A`, operator.toLowerCase(), 'A'.repeat(43), 'A'.repeat(300)]
    for (const bearer of wrong)
      expect([bearer, said(await desk.post(path, body, bearer))]).toEqual([bearer, '401 operator_required'])
    // Nothing of the content was looked at.
    expect(said(await desk.post(path, new Uint8Array([0xff]), null))).toBe('401 operator_required')
    expect(said(await desk.post(path, body))).toBe('200')
  })

  test('listing too, and the scheme may be in any case', async () => {
    const status = async (authorization?: string): Promise<number> =>
      (
        await fetch(`${desk.origin()}/api/agent/interrupts`, {
          headers: authorization === undefined ? {} : { Authorization: authorization },
        })
      ).status
    expect([await status(), await status(`Basic ${desk.operator}`), await status(`bearer ${desk.operator}`)]).toEqual([
      401, 401, 200,
    ])
  })

  test('has a challenge in its refusal, and two keys are none', async () => {
    const refused = await desk.post('/api/agent/enrol', {}, null)
    expect(refused.headers.get('www-authenticate')).toBe(
      'AEGIS error="operator_required", harness="did:web:harness.example", ahp="ahp-receiver/0.1"',
    )
    const head = `POST /api/agent/enrol HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n`
    const one = `Authorization: Bearer ${desk.operator}\r\n`
    expect(await raw(`${head}${one}${one}\r\n`)).toMatch(/^HTTP\/1\.1 400 [^]*ask_malformed/)
  })

  test('has a key that is made once and only its owner reads', () => {
    const file = join(desk.state, 'operator-token')
    expect([statSync(file).mode & 0o777, loadOperatorKey(file)]).toEqual([0o600, desk.operator])
    const other = join(desk.state, 'other-token')
    const made = loadOperatorKey(other)
    expect([made.length, loadOperatorKey(other), made === desk.operator]).toEqual([43, made, false])
    chmodSync(other, 0o640)
    expect(() => loadOperatorKey(other)).toThrow(`${other}: others can read it`)
    for (const content of ['', 'short\n', `${made}\n${made}\n`, `${made}=\n`, 'x'.repeat(2_000)]) {
      writeFileSync(other, content)
      chmodSync(other, 0o600)
      expect(() => loadOperatorKey(other)).toThrow(`${other}: it holds no 32 bytes as base64url`)
    }
    unlinkSync(other)
    symlinkSync(file, other)
    expect(() => loadOperatorKey(other)).toThrow(`${other}: it is a link`)
  })
})

describe('content', () => {
  const ROUTES = ['/api/agent/enrol', '/api/agent/issue', '/api/agent/verify', '/api/agent/revoke', '/api/agent/suspend']

  test.each(ROUTES)('AHP-ASK-1 AHP-ASK-2 of %s is JSON of its form and not too long', async (path) => {
    const bearer = path.endsWith('/issue') ? await desk.enrol() : desk.operator
    const bad = ['', '{', '[]', 'null', '{"x":1}', '{"a":1,"a":1}', '{"__proto__":{}}', '"'.repeat(10)]
    for (const body of bad) {
      expect([body, said(await desk.post(path, new TextEncoder().encode(body), bearer))]).toEqual([body, '400 ask_malformed'])
    }
    const send = (headers: Record<string, string>, body: string): Promise<Response> =>
      fetch(desk.origin() + path, { method: 'POST', body, headers: { Authorization: `Bearer ${bearer}`, ...headers } })
    expect((await send({ 'Content-Type': 'text/plain' }, '{}')).status).toBe(415)
    expect((await send({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, '{}')).status).toBe(415)
    expect(said(await desk.post(path, { x: 'y'.repeat(1_048_576) }, bearer))).toBe('413 ask_too_large')
  })

  test('of a challenge is none', async () => {
    const code = await desk.enrol()
    expect(said(await desk.post('/api/agent/issue/challenge', {}, code))).toBe('400 ask_malformed')
    expect(said(await desk.post('/api/agent/issue/challenge', new Uint8Array(140_000), code))).toBe('413 ask_too_large')
  })

  test.each<[string, JsonObject]>([
    ['a member more', { extra: 1 }],
    ['another method of DID', { agent_pubkey: 'did:web:agent.example' }],
    ['a key of small order', { agent_pubkey: `did:key:z6Mk${'1'.repeat(44)}` }],
    ['a signature of 63 bytes', { challenge_signature: encodeBase64url(new Uint8Array(63)) }],
    ['a signature in another base64', { challenge_signature: `${'A'.repeat(85)}+` }],
    ['a challenge that is a number', { challenge_id: 1 }],
  ])('AHP-ISSUE-5 with %s uses neither challenge nor code', async (_, members) => {
    const code = await desk.enrol()
    const { id, nonce } = await desk.challenge(code)
    const body = claim(KEY, id, challengeText(KEY, id, nonce))
    expect(said(await desk.post('/api/agent/issue', { ...body, ...members }, code))).toBe('400 ask_malformed')
    expect(said(await desk.post('/api/agent/issue', body, code))).toBe('200')
  })

  test('AHP-ASK-21 that comes slowly keeps nobody waiting', async () => {
    const code = await desk.enrol()
    const socket = connect(desk.server().port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(
      `POST /api/agent/issue HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${code}\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n{`,
    )
    expect(said(await desk.issue(KEY, code))).toBe('200')
    socket.destroy()
  })

  test('AHP-ISSUE-13 from others, however much, keeps neither the operator nor an agent with a code waiting', async () => {
    const most = 1_572_863
    const sizes = [...Array.from({ length: 42 }, () => most), 67_108_864 - 42 * most]
    const release = holdContent('POST /api/protect HTTP/1.1\r\nHost: x\r\nContent-Length: 1572864', sizes)
    const ask = async (): Promise<string> => said(await desk.post('/api/protect', { action: 'a', target: 'b' }, null))
    await vi.waitFor(async () => expect(await ask()).toBe('503 overloaded'), { timeout: 20_000, interval: 200 })

    const task = { task: '01OVERLOADEDTASK0000000000' }
    const issued = await desk.issue(KEY, await desk.enrol())
    expect([
      said(issued),
      said(await desk.post('/api/agent/suspend', task)),
      said(await desk.post('/api/agent/resume', task)),
      said(await desk.post('/api/agent/revoke', { passport: issued.json['passport'] })),
      await ask(),
    ]).toEqual(['200', '200', '200', '200', '503 overloaded'])
    release()
    // Decided again: BLOCK, for who has no passport.
    await vi.waitFor(async () => expect(await ask()).toBe('401 -'), { timeout: 20_000, interval: 200 })
  }, 60_000)

  test('AHP-ISSUE-13 from those who showed a bearer is bounded for each route by itself', async () => {
    const head = `POST /api/agent/suspend HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${desk.operator}\r\nContent-Length: 131072`
    const release = holdContent(
      head,
      Array.from({ length: 16 }, () => 131_071),
    )
    const task = { task: '01BOUNDEDTASK0000000000000' }
    const suspend = async (): Promise<string> => said(await desk.post('/api/agent/suspend', task))
    await vi.waitFor(async () => expect(await suspend()).toBe('503 overloaded'), { timeout: 20_000, interval: 200 })
    expect(said(await desk.post('/api/agent/resume', task))).toBe('200')
    release()
    await vi.waitFor(async () => expect(await suspend()).toBe('200'), { timeout: 20_000, interval: 200 })
    expect(said(await desk.post('/api/agent/resume', task))).toBe('200')
  }, 60_000)

  test('AHP-ISSUE-1 AHP-ISSUE-4 is not waited for when nobody who may sent it', async () => {
    for (const [path, code] of [
      ['issue', 'enrolment_unknown'],
      ['issue/challenge', 'enrolment_unknown'],
      ['enrol', 'operator_required'],
      ['suspend', 'operator_required'],
    ]) {
      const head = `POST /api/agent/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 99\r\n\r\n`
      expect(await raw(head)).toMatch(new RegExp(`^HTTP/1\\.1 401 [^]*"code":"${code}"`))
    }
  })

  test('AHP-ASK-20 another method is refused with the one that there is', async () => {
    const response = await fetch(`${desk.origin()}/api/agent/enrol`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

/** Sends content of these sizes, each without its end, until the function that comes back is called. */
function holdContent(head: string, sizes: readonly number[]): () => void {
  const sockets = new Set<Socket>()
  const hold = (size: number): void => {
    const socket = connect(desk.server().port, '127.0.0.1')
    sockets.add(socket)
    socket.on('error', () => undefined)
    // Refused, for a question that came between: once more.
    socket.once('data', () => {
      socket.destroy()
      if (sockets.delete(socket)) hold(size)
    })
    socket.write(`${head}\r\nContent-Type: application/json\r\n\r\n`)
    socket.write(Buffer.alloc(size, ' '))
  }
  for (const size of sizes) hold(size)
  return () => {
    const held = [...sockets]
    sockets.clear()
    for (const socket of held) socket.destroy()
  }
}

describe('verifying', () => {
  const verify = async (passport: unknown): Promise<JsonObject> => (await desk.post('/api/agent/verify', { passport }, null)).json
  const passportOf = async (seed: number, wanted: JsonObject = {}): Promise<{ passport: string; index: number }> => {
    const { json } = await desk.issue(agentKey(seed), await desk.enrol(wanted))
    return { passport: text(json['passport']), index: Number(json['status_index']) }
  }

  test('AHP-ISSUE-9 what does not verify has the public code and nothing of itself', async () => {
    const { passport } = await passportOf(43)
    const nothing = { valid: false, agent_did: null, issuer: null, expires_at: null, revoked: null }
    const foreign = passport.replace(
      /^[^.]+/,
      encodeBase64url(new TextEncoder().encode('{"alg":"Ed25519","cty":"vc","kid":"did:web:other.example#1","typ":"vc+jwt"}')),
    )
    for (const [bad, code] of [
      ['nothing', 'passport_malformed'],
      ['a~b', 'passport_malformed'],
      [`sha-256=${'A'.repeat(43)}`, 'passport_required'],
      [passport.replace(/.{4}$/, 'AAAA'), 'untrusted'],
      [foreign, 'untrusted'],
    ]) {
      const answer = await verify(bad)
      expect(answer).toEqual({ ...nothing, verified_at: SECONDS, checks: { evidence: false, place: null, status: null }, code })
      expect(fits('verify-answer', answer)).toBe(true)
    }
    expect(said(await desk.post('/api/agent/verify', { passport: 'x'.repeat(7_981) }, null))).toBe('400 ask_malformed')
  })

  test('AHP-ISSUE-9 a passport that has ended, was revoked or may not stand first is not valid', async () => {
    const short = await passportOf(43, { lifetimeSeconds: 10 })
    desk.clock.now = NOW + 9_000
    expect((await verify(short.passport))['valid']).toBe(true)
    desk.clock.now = NOW + 9_877
    expect(await verify(short.passport)).toMatchObject({ valid: false, code: 'passport_expired' })
    const revoked = await passportOf(43)
    await desk.post('/api/agent/revoke', { status_index: revoked.index })
    expect(await verify(revoked.passport)).toMatchObject({
      valid: false,
      revoked: true,
      agent_did: formatDidKey(agentKey(43).publicKey),
      code: 'passport_revoked',
      checks: { evidence: true, place: true, status: false },
    })
    const helper = await passportOf(44, { delegatedOnly: true })
    expect(await verify(helper.passport)).toMatchObject({ valid: false, revoked: false, code: 'delegated_only' })
  })

  test('AHP-ISSUE-9 a chain is as good as each of its parts, and ends with the first', async () => {
    const parent = agentKey(45)
    const first = await passportOf(45, { maxDepth: 2 })
    const child = { key: agentKey(46), passport: (await passportOf(46, { delegatedOnly: true })).passport }
    const chain = await handOff(first.passport, parent, child, { exp: SECONDS + 100 })
    expect(await verify(chain)).toMatchObject({
      valid: true,
      agent_did: formatDidKey(child.key.publicKey),
      expires_at: SECONDS + 100,
    })
    await desk.post('/api/agent/revoke', { passport: first.passport })
    expect(await verify(chain)).toMatchObject({ valid: false, revoked: true, code: 'passport_revoked' })
  })

  test('AHP-ISSUE-10 a flood is refused and takes no room from unsigned questions', async () => {
    const other = await createDesk()
    const flood = await Promise.all(Array.from({ length: 1_010 }, () => other.post('/api/agent/verify', { passport: 'x' }, null)))
    const codes = flood.map(said)
    expect([codes.filter((one) => one === '200').length, new Set(codes)]).toEqual([1_000, new Set(['200', '503 overloaded'])])
    const question = { action: 'http.get', target: `${API}/a` }
    expect(said(await other.post('/api/protect', question, null))).toBe('200')
    await other.close()
  })
})

describe('revoking', () => {
  test('AHP-ISSUE-11 takes a passport of this issuer, also one that has ended, or an index', async () => {
    const { json } = await desk.issue(KEY, await desk.enrol({ lifetimeSeconds: 10 }))
    desk.clock.now = NOW + 20_000
    const byPassport = await desk.post('/api/agent/revoke', { passport: json['passport'] })
    const byIndex = await desk.post('/api/agent/revoke', { status_index: json['status_index'] })
    const index = json['status_index']
    expect([byPassport.json, byIndex.json]).toEqual([
      { revoked: true, status_index: index, changed: true },
      { revoked: true, status_index: index, changed: false },
    ])
    expect(desk.server().enforcement.revoke(Number(index))).toBe(false)
  })

  test('AHP-ISSUE-11 refuses what this issuer did not sign', async () => {
    const { json } = await desk.issue(KEY, await desk.enrol())
    const passport = text(json['passport'])
    const other = await createDesk()
    for (const bad of ['x', passport.replace(/.{4}$/, 'AAAA'), `${passport}~x~${passport}`]) {
      expect([bad.slice(0, 9), said(await desk.post('/api/agent/revoke', { passport: bad }))]).toEqual([
        bad.slice(0, 9),
        '422 passport_unknown',
      ])
    }
    expect(said(await other.post('/api/agent/revoke', { passport }))).toBe('422 passport_unknown')
    await other.close()
  })

  test('AHP-ISSUE-11 refuses what it signed for a list of another name: nobody would see it there', async () => {
    const { json } = await desk.issue(KEY, await desk.enrol())
    const signer = loadKey(join(desk.state, 'issuer.key'), 'did:web:identity.example#issuer')
    const at = (statusUrl: string): Promise<number> =>
      statusIndexOf(text(json['passport']), { signer, statusUrl }, defaultCrypto())
    expect(await at(`${desk.origin()}/status/revocation/1`)).toBe(json['status_index'])
    await expect(at('https://identity.example/status/revocation/1')).rejects.toMatchObject({ code: 'passport_unknown' })
  })

  test.each([{}, { passport: 'x', status_index: 1 }, { status_index: 131_072 }, { status_index: -1 }, { status_index: '1' }])(
    'refuses %j',
    async (body) => {
      expect(said(await desk.post('/api/agent/revoke', body))).toBe('400 ask_malformed')
    },
  )

  test('AHP-ISSUE-12 an index that was revoked before it was given out is never given out', async () => {
    const state = (): { issued: string; revoked: string } =>
      JSON.parse(readFileSync(join(desk.state, 'status.json'), 'utf8')) as { issued: string; revoked: string }
    const at = (bits: string, index: number): number =>
      ((Buffer.from(bits, 'base64url')[index >> 3] ?? 0) >> (7 - (index & 7))) & 1
    await desk.post('/api/agent/revoke', { status_index: 7 })
    expect([at(state().issued, 7), at(state().revoked, 7)]).toEqual([1, 1])
  })
})

/** Sends bytes as they are and reads until the server closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(desk.server().port, '127.0.0.1')
    let seen = ''
    socket.on('data', (data) => (seen += data.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(seen))
    socket.write(bytes)
  })
}
