/** Stopping an agent or a task: nothing is released once it was answered, and no restart forgets it (spec chapter 15.9). @module */
import { formatDidKey, isObject, type JsonObject, type JsonValue, type SyncSigner } from '@aiegis/protocol'
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createEnforcement, type Enforcement } from '../src/enforcement.ts'
import { createInterruptsFile, openInterrupts, type Interrupted } from '../src/interrupts.ts'
import { KEY_ROLES } from '../src/keys.ts'
import { createSuspendedLimit } from '../src/suspended-limit.ts'
import { agentKey, createDesk, said, type Desk } from './desk.ts'
import { ALLOWED, askParts } from './protect-of.ts'
import { API, claimsOf, createScene, handOff, NOW, shows, TASK, text, type Answered, type Scene } from './scene.ts'

const ISSUER = 'did:web:identity.example'
const OTHER_TASK = '01OTHERTASK000000000000000'

interface Agent {
  readonly key: SyncSigner
  readonly passport: string
}

let scene: Scene
let agents: readonly [Agent, Agent, Agent]
beforeAll(async () => {
  scene = await createScene()
  agents = [await agent(61), await agent(62), await agent(63)]
})
afterAll(() => scene.close())
afterEach(async () => {
  for (const { what } of scene.enforcement.interrupts()) await scene.enforcement.resume(what)
  if (scene.faults.length > 0) throw new Error(scene.faults.splice(0).join('; '))
})

async function agent(seed: number): Promise<Agent> {
  const key = agentKey(seed)
  const mission = [{ action: '*', target: `${API}/*` }]
  return { key, passport: (await scene.enforcement.issuePassport({ agent: key.publicKey, mission, maxDepth: 2 })).passport }
}

const named = ({ key }: Agent, issuer = ISSUER): Interrupted => ({ agent: { issuer, did: formatDidKey(key.publicKey) } })
const reason = (answer: Answered): string => `${answer.status} ${text(answer.json['reason'])}`

async function chain(): Promise<string> {
  const [first, second, third] = agents
  return handOff(await handOff(first.passport, first.key, second), second.key, third)
}

/** Asks as the last agent of the chain. */
async function askHandedOff(): Promise<Answered> {
  return scene.ask(shows('GET', '/a'), { passport: await chain(), signer: agents[2].key })
}

const askAs = ({ key, passport }: Agent, txn?: string, idempotencyKey?: string): Promise<Answered> => {
  const body = shows('GET', '/a')
  const context = { ...(body['context'] as JsonObject), ...(txn === undefined ? {} : { txn }) }
  return scene.ask({ ...body, context }, { passport, signer: key, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) })
}

/** Clear text of the entries from `from` on. */
async function entries(from: bigint): Promise<readonly JsonValue[]> {
  const { log } = scene.enforcement
  const found: JsonValue[] = []
  for (let index = from; index < log.size(); index += 1n) {
    const { entry } = JSON.parse(new TextDecoder().decode((await log.entry(index))?.clear)) as { entry: JsonObject }
    found.push([entry['action'] ?? null, entry['target'] ?? null, entry['decision'] ?? null, entry['deny_reason'] ?? null])
  }
  return found
}

describe('AHP-ASK-28 a suspended agent', () => {
  test.each([0, 1, 2] as const)(
    'in place %i of a chain is BLOCK, in the log, and served again when it is resumed',
    async (place) => {
      const what = named(agents[place])
      expect(await scene.enforcement.suspend(what, 'too many orders')).toBe(true)
      const size = scene.enforcement.log.size()
      const stopped = await askHandedOff()
      expect([reason(stopped), stopped.json['token'], scene.enforcement.log.size()]).toEqual([
        '401 agent_suspended',
        undefined,
        size + 1n,
      ])
      expect(await scene.enforcement.resume(what)).toBe(true)
      expect(reason(await askHandedOff())).toBe('200 -')
    },
  )

  test('is one of its issuer, and does not stop another', async () => {
    await scene.enforcement.suspend(named(agents[0], 'did:web:other.example'))
    expect(reason(await askAs(agents[0]))).toBe('200 -')
    await scene.enforcement.suspend(named(agents[0]))
    expect([reason(await askAs(agents[0])), reason(await askAs(agents[1]))]).toEqual(['401 agent_suspended', '200 -'])
  })

  test('gets neither a new token nor the one that it got before, and that one again when it is resumed', async () => {
    const before = await askAs(agents[0], undefined, 'again')
    await scene.enforcement.suspend(named(agents[0]))
    const size = scene.enforcement.log.size()
    const stopped = await askAs(agents[0], undefined, 'again')
    expect([reason(stopped), 'X-AEGIS-Token' in stopped.headers, stopped.json['token']]).toEqual([
      '401 agent_suspended',
      false,
      undefined,
    ])
    expect(scene.enforcement.log.size()).toBe(size + 1n)
    await scene.enforcement.resume(named(agents[0]))
    expect((await askAs(agents[0], undefined, 'again')).json['token']).toBe(before.json['token'])
  })

  test('is stopped also while policy decides', async () => {
    let stop: 'agent_suspended' | undefined
    const decide = (): Promise<typeof ALLOWED> => {
      stop = 'agent_suspended'
      return Promise.resolve(ALLOWED)
    }
    const asked = { body: shows('GET', '/a'), passport: agents[0].passport, signer: agents[0].key }
    const size = scene.enforcement.log.size()
    const answer = await askParts(scene, { policy: { decide }, interrupts: { reasonFor: () => stop } }, asked)
    expect(answer).toMatchObject({ status: 401, json: { decision: 'BLOCK', reason: 'agent_suspended' } })
    expect(scene.enforcement.log.size()).toBe(size + 1n)
  })

  test('is stopped also while the log writes its token: that is not released, and the log says both', async () => {
    let stop: 'agent_suspended' | undefined
    const hands = { interrupts: { reasonFor: () => stop }, beforeAppend: () => (stop = 'agent_suspended') }
    const asked = { body: shows('GET', '/a'), passport: agents[0].passport, signer: agents[0].key }
    const size = scene.enforcement.log.size()
    const answer = await askParts(scene, hands, asked)
    expect(answer).toMatchObject({ status: 401, json: { decision: 'BLOCK', reason: 'agent_suspended' } })
    expect(answer.json).not.toHaveProperty('token')
    expect(await entries(size)).toEqual([
      ['http.get', `${API}/a`, 'ALLOW', null],
      ['http.get', `${API}/a`, 'BLOCK', 'agent_suspended'],
    ])
  })

  test('never gets a token after the suspension was answered, however many questions are on their way', async () => {
    for (let round = 0; round < 5; round += 1) {
      let answered = false
      const late: Answered[] = []
      const asking = Array.from({ length: 8 }, async () => {
        const answer = await askAs(agents[0])
        if (answered && answer.json['token'] !== undefined) late.push(answer)
      })
      const suspending = scene.enforcement.suspend(named(agents[0])).then(() => (answered = true))
      await Promise.all([...asking, suspending])
      expect(late).toEqual([])
      await scene.enforcement.resume(named(agents[0]))
    }
  })
})

describe('AHP-ASK-28 a suspended task', () => {
  test('stops who got it handed off, who names it, and nobody else', async () => {
    await scene.enforcement.suspend({ task: TASK })
    expect(reason(await askHandedOff())).toBe('401 task_suspended')
    expect([
      reason(await askAs(agents[0], TASK)),
      reason(await askAs(agents[0], OTHER_TASK)),
      reason(await askAs(agents[0])),
    ]).toEqual(['401 task_suspended', '200 -', '200 -'])
    const unsigned = { action: 'http.get', target: 'x', context: { txn: TASK } }
    expect(reason(await scene.askUnsigned(unsigned))).toBe('401 task_suspended')
  })

  test('stops the answer that was given before also when the harness chose the task, and the log says whose it is', async () => {
    const before = await askAs(agents[0], undefined, 'own-task')
    const { txn } = await claimsOf(scene, before.json['token'], 'aegis-token+jwt')
    await scene.enforcement.suspend({ task: text(txn) })
    const stopped = await askAs(agents[0], undefined, 'own-task')
    const decision = await claimsOf(scene, stopped.headers['X-AEGIS-Decision'], 'aegis-decision+jwt')
    expect([reason(stopped), 'X-AEGIS-Token' in stopped.headers, decision['txn']]).toEqual(['401 task_suspended', false, txn])
    await scene.enforcement.resume({ task: text(txn) })
    expect((await askAs(agents[0], undefined, 'own-task')).json['token']).toBe(before.json['token'])
  })

  test('is judged by the task of the token before it leaves, whoever chose it', async () => {
    const judged: unknown[] = []
    const interrupts = { reasonFor: (_: unknown, task?: string) => void judged.push(task) }
    const asked = { body: shows('GET', '/a'), passport: agents[0].passport, signer: agents[0].key }
    const { json } = await askParts(scene, { interrupts }, asked)
    const token = isObject(json) ? text(json['token']) : ''
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(judged.at(-1)).toBe(isObject(claims) ? claims['txn'] : 'no claims')
  })
})

describe('AHP-ASK-33 a suspended agent that goes on asking', () => {
  const outcomes = async (count: number, one: (at: number) => Promise<Answered>): Promise<Record<string, number>> => {
    const found: Record<string, number> = {}
    for (let at = 0; at < count; at += 1) {
      const answer = await one(at)
      const name = answer.status === 503 ? `503 ${text(answer.json['code'])}` : reason(answer)
      found[name] = (found[name] ?? 0) + 1
      if (answer.status !== 200) expect('X-AEGIS-Token' in answer.headers || 'token' in answer.json).toBe(false)
    }
    return found
  }

  test('makes 60 entries, then one in 10 seconds, and is refused without one beyond', async () => {
    const own = await createScene()
    const { log } = own.enforcement
    await own.ask(shows('GET', '/a'), { idempotencyKey: 'before' })
    const what = { agent: { issuer: ISSUER, did: formatDidKey(own.agent.publicKey) } }
    await own.enforcement.suspend(what)
    const size = log.size()
    expect(await outcomes(70, () => own.ask(shows('GET', '/a')))).toEqual({ '401 agent_suspended': 60, '503 overloaded': 10 })
    expect(log.size()).toBe(size + 60n)
    // Neither under a new key nor under one that has an answer is more made, and nothing that was made is released.
    for (const idempotencyKey of ['before', 'new'])
      expect(await outcomes(1, () => own.ask(shows('GET', '/a'), { idempotencyKey }))).toEqual({ '503 overloaded': 1 })
    own.clock.now += 9_999
    expect(await outcomes(1, () => own.ask(shows('GET', '/a')))).toEqual({ '503 overloaded': 1 })
    own.clock.now += 1
    expect(await outcomes(2, () => own.ask(shows('GET', '/a')))).toEqual({ '401 agent_suspended': 1, '503 overloaded': 1 })
    expect(log.size()).toBe(size + 61n)
    await own.enforcement.resume(what)
    expect((await own.ask(shows('GET', '/a'))).status).toBe(200)
    await own.close()
  })

  test('takes no room from another one, and a suspended task is counted for who asks', async () => {
    const own = await createScene()
    await own.enforcement.suspend({ task: TASK })
    const body = { ...shows('GET', '/a') }
    const context = { ...(body['context'] as JsonObject), txn: TASK }
    const other = agentKey(65)
    const mission = [{ action: '*', target: `${API}/*` }]
    const { passport } = await own.enforcement.issuePassport({ agent: other.publicKey, mission })
    expect(await outcomes(61, () => own.ask({ ...body, context }))).toEqual({ '401 task_suspended': 60, '503 overloaded': 1 })
    const theirs = (): Promise<Answered> => own.ask({ ...body, context }, { passport, signer: other })
    expect(await outcomes(61, theirs)).toEqual({ '401 task_suspended': 60, '503 overloaded': 1 })
    // Who asks for another task was never stopped.
    expect(await outcomes(2, () => own.ask(body))).toEqual({ '200 -': 2 })
    await own.close()
  })

  test('is refused when more ask than are counted, until some have been silent', () => {
    let now = NOW
    const count = createSuspendedLimit(() => now)
    for (let at = 0; at < 10_000; at += 1) count(`agent-${at}`)
    expect(() => count('one-more')).toThrow('overloaded')
    expect(() => count('agent-0')).not.toThrow()
    now += 10_000
    expect(() => count('one-more')).not.toThrow()
  })
})

describe('AHP-ASK-30 the log', () => {
  test('has an entry for each act, also one that changes nothing', async () => {
    const size = scene.enforcement.log.size()
    const did = formatDidKey(agents[0].key.publicKey)
    expect([
      await scene.enforcement.suspend(named(agents[0]), 'why'),
      await scene.enforcement.suspend(named(agents[0]), 'why again'),
      await scene.enforcement.suspend({ task: TASK }),
      await scene.enforcement.resume(named(agents[0]), 'better now'),
      await scene.enforcement.resume(named(agents[0])),
      await scene.enforcement.resume({ task: TASK }),
    ]).toEqual([true, false, true, true, false, true])
    expect(await entries(size)).toEqual([
      ['harness.suspend', `${ISSUER} ${did}`, 'ALLOW', 'why'],
      ['harness.suspend', `${ISSUER} ${did}`, 'ALLOW', 'why again'],
      ['harness.suspend', TASK, 'ALLOW', null],
      ['harness.resume', `${ISSUER} ${did}`, 'ALLOW', 'better now'],
      ['harness.resume', `${ISSUER} ${did}`, 'ALLOW', null],
      ['harness.resume', TASK, 'ALLOW', null],
    ])
  })

  test('has the acts in the order in which they took effect', async () => {
    const size = scene.enforcement.log.size()
    const { enforcement } = scene
    const acts = Array.from({ length: 20 }, (_, at) => enforcement[at % 3 === 0 ? 'resume' : 'suspend'](named(agents[0])))
    await Promise.all(acts)
    const made = await entries(size)
    const last = made.at(-1) as readonly string[]
    expect([made.length, last[0], scene.enforcement.interrupts().length]).toEqual([20, 'harness.suspend', 1])
  })

  test('AHP-ASK-31 has no act of anybody else', async () => {
    const size = scene.enforcement.log.size()
    for (const action of ['harness.suspend', 'harness.resume', 'harness.x.y']) {
      const signed = await scene.ask({ action, target: 'x' }, { passport: agents[0].passport, signer: agents[0].key })
      const unsigned = await scene.askUnsigned({ action, target: 'x' })
      expect([signed, unsigned].map(({ status, json }) => `${status} ${text(json['code'])}`)).toEqual(
        Array(2).fill('400 ask_malformed'),
      )
    }
    expect(scene.enforcement.log.size()).toBe(size)
    await scene.askUnsigned({ action: 'harnesses.list', target: 'x' })
    expect(scene.enforcement.log.size()).toBe(size + 1n)
  })
})

describe('AHP-ASK-29 what is suspended', () => {
  test('is suspended when it cannot be recorded, and resumed only when it can', async () => {
    const own = await createScene()
    await own.enforcement.suspend({ task: TASK })
    await own.enforcement.log.close()
    await expect(own.enforcement.suspend({ task: OTHER_TASK })).rejects.toMatchObject({ code: 'ledger_unavailable' })
    await expect(own.enforcement.resume({ task: TASK })).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(own.enforcement.interrupts().map(({ what }) => what)).toEqual([{ task: TASK }, { task: OTHER_TASK }])
    await own.close()
  })

  test('is suspended when it cannot be stored, and stored with the next try', async () => {
    const own = await createScene()
    const blocked = join(own.state, 'interrupts.json.new')
    mkdirSync(blocked)
    await expect(own.enforcement.suspend({ task: TASK })).rejects.toThrow('EISDIR')
    const body = { action: 'http.get', target: 'x', context: { txn: TASK } }
    expect(reason(await own.askUnsigned(body))).toBe('401 task_suspended')
    expect(readFileSync(join(own.state, 'interrupts.json'), 'utf8')).not.toContain(TASK)
    await expect(own.enforcement.resume({ task: TASK })).rejects.toThrow('EISDIR')
    expect(reason(await own.askUnsigned(body))).toBe('401 task_suspended')
    rmdirSync(blocked)
    expect(await own.enforcement.suspend({ task: TASK })).toBe(false)
    expect(readFileSync(join(own.state, 'interrupts.json'), 'utf8')).toContain(TASK)
    await own.close()
  })

  test('stays so after a restart, with its reason and its time', async () => {
    const own = await createScene()
    const { url, did, issuerDid } = own.enforcement
    const start = (): Promise<Enforcement> =>
      createEnforcement({ url, did, issuer: issuerDid, state: own.state, now: () => NOW + 60_000 })
    await own.enforcement.suspend(named(agents[0]), 'why "so"\n')
    await own.enforcement.suspend({ task: TASK })
    await own.enforcement.close()
    const again = await start()
    expect(again.interrupts()).toEqual([
      { what: named(agents[0]), reason: 'why "so"\n', since: Math.floor(NOW / 1000) },
      { what: { task: TASK }, reason: null, since: Math.floor(NOW / 1000) },
    ])
    await again.close()
    const file = join(own.state, 'interrupts.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    rmSync(file)
    await expect(start()).rejects.toThrow(
      `${file}: it is missing, so that suspended agents would go on; put it back, or write {"interrupts":[]} into it to begin without interrupts`,
    )
    // Nor without the operator's key, the second time as the first.
    rmSync(join(own.state, 'operator-token'))
    await expect(start()).rejects.toThrow(`${file}: it is missing`)
    await expect(start()).rejects.toThrow(`${file}: it is missing`)
    expect(existsSync(file)).toBe(false)
    writeFileSync(file, '{"interrupts":[]}')
    const anew = await start()
    expect(anew.interrupts()).toEqual([])
    await anew.close()
    await own.close()
  })

  test.each(KEY_ROLES)(
    'stops the start when it is lost with the key of the operator, as long as %s.key is there',
    async (role) => {
      const own = await createScene()
      const { url, did, issuerDid } = own.enforcement
      await own.enforcement.suspend({ task: TASK })
      await own.enforcement.close()
      const lost = [
        'interrupts.json',
        'operator-token',
        ...KEY_ROLES.filter((other) => other !== role).map((other) => `${other}.key`),
      ]
      for (const name of lost) rmSync(join(own.state, name))
      await expect(createEnforcement({ url, did, issuer: issuerDid, state: own.state })).rejects.toThrow(
        `${join(own.state, 'interrupts.json')}: it is missing`,
      )
      await own.close()
    },
  )

  test('is nothing at a first start that was cut short before its keys, and the next one begins', async () => {
    const own = await createScene()
    const { url, did, issuerDid } = own.enforcement
    const state = join(own.state, 'cut')
    mkdirSync(state)
    createInterruptsFile(join(state, 'interrupts.json'))
    const next = await createEnforcement({ url, did, issuer: issuerDid, state })
    expect(next.interrupts()).toEqual([])
    await next.close()
    await own.close()
  })

  test('has a form that the next start can read, whoever suspends it', async () => {
    const size = scene.enforcement.log.size()
    const wrong: readonly (readonly [Interrupted, string?])[] = [
      [{ task: 'short' }],
      [{ agent: { issuer: ISSUER, did: ISSUER } }],
      [{ agent: { issuer: 'x', did: formatDidKey(agents[0].key.publicKey) } }],
      [{ task: TASK }, 'x'.repeat(257)],
    ]
    for (const [what, why] of wrong) {
      await expect(scene.enforcement.suspend(what, why)).rejects.toMatchObject({ code: 'ask_malformed' })
      await expect(scene.enforcement.resume(what, why)).rejects.toMatchObject({ code: 'ask_malformed' })
    }
    expect([scene.enforcement.interrupts(), scene.enforcement.log.size()]).toEqual([[], size])
  })

  test.each<[string, string, string]>([
    ['cut', '{"interrupts":[', 'not JSON'],
    ['another object', '{}', '"interrupts" is no list'],
    ['an entry of nothing', '{"interrupts":[{"reason":null,"since":1}]}', 'not one of "agent" and "task"'],
    ['an entry without reason', `{"interrupts":[{"task":"${TASK}","since":1}]}`, 'an interrupt lacks "reason"'],
    ['an agent without issuer', '{"interrupts":[{"agent":{"did":"x"},"reason":null,"since":1}]}', '"agent" lacks "issuer"'],
  ])('stops the start when the file is %s, and the file stays as it is', (_, content, why) => {
    const file = join(scene.state, 'spoilt.json')
    writeFileSync(file, content)
    expect(() => openInterrupts(file)).toThrow(`${file}: it is damaged (${why}); put a good copy back`)
    expect(readFileSync(file, 'utf8')).toBe(content)
  })

  test('AHP-ASK-32 is never forgotten to make room for more', () => {
    const file = join(scene.state, 'full.json')
    const task = (at: number): Interrupted => ({ task: `task-${String(at).padStart(16, '0')}` })
    const stored = (count: number): void => {
      const interrupts = Array.from({ length: count }, (_, at) => ({ ...task(at), reason: null, since: 1 }))
      writeFileSync(file, JSON.stringify({ interrupts }))
    }
    stored(1_999)
    const interrupts = openInterrupts(file)
    expect(interrupts.suspend({ what: task(1_999), reason: null, since: 2 })).toBe(true)
    expect(() => interrupts.suspend({ what: task(2_000), reason: null, since: 2 })).toThrow('overloaded')
    expect(interrupts.suspend({ what: task(0), reason: null, since: 2 })).toBe(false)
    expect([interrupts.resume(task(5)), interrupts.suspend({ what: task(2_000), reason: null, since: 2 })]).toEqual([true, true])
    expect(openInterrupts(file).list()).toHaveLength(2_000)
    stored(2_001)
    expect(() => openInterrupts(file)).toThrow('it is damaged (more than 2000)')
  })

  test('AHP-ASK-32 can be read again with the longest names and reasons that there are, as many as are kept', () => {
    const file = join(scene.state, 'longest.json')
    const issuer = `did:web:${'a'.repeat(60)}.example${`:${'a'.repeat(64)}`.repeat(6)}:${'a'.repeat(45)}`
    const since = Number.MAX_SAFE_INTEGER
    const interrupts = Array.from({ length: 2_000 }, (_, at) => {
      const did = `did:key:z6Mk${at.toString(2).replaceAll('0', '2').padStart(44, '3')}`
      return { agent: { issuer, did }, reason: '\u0001'.repeat(256), since }
    })
    writeFileSync(file, JSON.stringify({ interrupts }))
    expect([issuer.length, statSync(file).size < 4_400_000]).toEqual([512, true])
    const open = openInterrupts(file)
    expect(open.list()).toHaveLength(2_000)
    open.resume({ agent: { issuer, did: interrupts[0]?.agent.did ?? '' } })
    expect(openInterrupts(file).list()).toHaveLength(1_999)
  })

  test('a file that is there is not made anew', () => {
    const file = join(scene.state, 'fresh.json')
    createInterruptsFile(file)
    openInterrupts(file).suspend({ what: { task: TASK }, reason: null, since: 1 })
    createInterruptsFile(file)
    expect([existsSync(file), openInterrupts(file).list().length]).toEqual([true, 1])
  })
})

describe('over HTTP', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await createDesk()
  })
  afterAll(() => desk.close())

  test('an operator suspends, lists and resumes, and has each act signed', async () => {
    const agentName = { issuer: ISSUER, did: formatDidKey(agentKey(64).publicKey) }
    const suspended = await desk.post('/api/agent/suspend', { agent: agentName, reason: 'why' })
    const again = await desk.post('/api/agent/suspend', { agent: agentName })
    const task = await desk.post('/api/agent/suspend', { task: TASK })
    expect([suspended.json, again.json['changed']]).toEqual([
      { suspended: true, changed: true, receipt_id: expect.stringMatching(/^[0-9A-Z]{26}$/) },
      false,
    ])
    const claims = await claimsOf(
      { ...scene, enforcement: desk.server().enforcement },
      task.headers.get('x-aegis-decision'),
      'aegis-decision+jwt',
    )
    expect(claims).toMatchObject({ txn: TASK, jti: task.json['receipt_id'], entry: { action: 'harness.suspend', target: TASK } })
    expect(claims).not.toHaveProperty('sub')
    const list = async (): Promise<unknown> =>
      (await fetch(`${desk.origin()}/api/agent/interrupts`, { headers: { Authorization: `Bearer ${desk.operator}` } })).json()
    const since = Math.floor(NOW / 1000)
    expect(await list()).toEqual({
      interrupts: [
        { agent: agentName, reason: 'why', since },
        { task: TASK, reason: null, since },
      ],
    })
    await desk.restart()
    const resumed = await desk.post('/api/agent/resume', { agent: agentName, reason: 'better now' })
    expect(resumed.json).toMatchObject({ suspended: false, changed: true })
    expect(await list()).toEqual({ interrupts: [{ task: TASK, reason: null, since }] })
  })

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['both', { task: TASK, agent: { issuer: ISSUER, did: formatDidKey(agentKey(64).publicKey) } }],
    ['a short task', { task: 'short' }],
    ['an agent without issuer', { agent: { did: formatDidKey(agentKey(64).publicKey) } }],
    ['an agent that is no did:key', { agent: { issuer: ISSUER, did: ISSUER } }],
    ['an issuer that is none', { agent: { issuer: 'identity.example', did: formatDidKey(agentKey(64).publicKey) } }],
    ['an agent with more', { agent: { issuer: ISSUER, did: formatDidKey(agentKey(64).publicKey), name: 'x' } }],
    ['a reason of 257 bytes', { task: TASK, reason: `${'é'.repeat(128)}x` }],
    ['a reason that is null', { task: TASK, reason: null }],
    ['a member more', { task: TASK, until: 5 }],
  ])('%s is refused', async (_, body) => {
    expect(said(await desk.post('/api/agent/suspend', body))).toBe('400 ask_malformed')
    expect(said(await desk.post('/api/agent/resume', body))).toBe('400 ask_malformed')
  })

  test('a reason of 256 bytes is not, and is in the entry', async () => {
    const words = 'é'.repeat(128)
    const { headers } = await desk.post('/api/agent/suspend', { task: OTHER_TASK, reason: words })
    const claims = await claimsOf(
      { ...scene, enforcement: desk.server().enforcement },
      headers.get('x-aegis-decision'),
      'aegis-decision+jwt',
    )
    const { entry } = claims
    expect(isObject(entry) && entry['deny_reason']).toBe(words)
  })
})
