/** Questions of agents that got a task handed off: what receivers refuse about a chain, the harness does not sign (spec chapter 15.8). @module */
import { evidenceHeaders } from '@aiegis/agent'
import {
  createSigner,
  defaultCrypto,
  formatDidKey,
  hashText,
  parseEd25519Jwk,
  utf8,
  type JsonObject,
  type SyncSigner,
} from '@aiegis/protocol'
import { createVerifier, type Verifier } from '@aiegis/verifier'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PassportRequest } from '../src/passports.ts'
import { file, manifest, regoRule } from './policy/packs.ts'
import { ALLOWED, askParts } from './protect-of.ts'
import { API, claimsOf, createScene, handOff, NOW, shows, TASK, text, trustIn, type Answered, type Scene } from './scene.ts'

const SECONDS = Math.floor(NOW / 1000)
const OTHER_TASK = '01OTHERTASK000000000000000'
const MISSION = [{ action: '*', target: `${API}/*` }]

interface Agent {
  readonly key: SyncSigner
  readonly passport: string
  readonly statusIndex: number
}

let scene: Scene
beforeAll(async () => {
  scene = await createScene()
})
afterAll(() => scene.close())
beforeEach(() => {
  scene.clock.now = NOW
})

const did = ({ key }: Agent): string => formatDidKey(key.publicKey)
const code = ({ status, json }: Answered): string => `${status} ${text(json['code'])} ${text(json['reason'])}`

async function agent(seed: number, request: Partial<PassportRequest> = {}, of = scene): Promise<Agent> {
  const key = createSigner(new Uint8Array(32).fill(seed), 'agent')
  const wanted = { agent: key.publicKey, mission: MISSION, maxDepth: 2, ...request }
  const { passport, statusIndex } = await of.enforcement.issuePassport(wanted)
  return { key, passport, statusIndex }
}

/** A chain of these agents; `change` goes over each delegation, from depth 1. */
async function chainOf(agents: readonly Agent[], change: (depth: number) => JsonObject = () => ({})): Promise<string> {
  const [first, ...others] = agents
  if (first === undefined) throw new Error('a chain has an agent')
  let chain = first.passport
  let parent = first
  for (const [at, child] of others.entries()) {
    chain = await handOff(chain, parent.key, child, change(at + 1))
    parent = child
  }
  return chain
}

/** Asks as the last of `agents`. */
async function ask(
  agents: readonly Agent[],
  change: (depth: number) => JsonObject = () => ({}),
  body: JsonObject = shows('GET', '/a'),
  idempotencyKey?: string,
): Promise<Answered> {
  const [signer] = agents.slice(-1).map(({ key }) => key)
  if (signer === undefined) throw new Error('nobody asks')
  const passport = await chainOf(agents, change)
  return scene.ask(body, { passport, signer, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) })
}

const withContext = (members: JsonObject): JsonObject => {
  const body = shows('GET', '/a')
  return { ...body, context: { ...(body['context'] as JsonObject), ...members } }
}

describe('a chain', () => {
  test.each([1, 2])('of %i hand-offs gets a token for its task and its text, which receivers serve', async (handOffs) => {
    const agents = [await agent(21), await agent(22), await agent(23)].slice(0, handOffs + 1)
    const chain = await chainOf(agents)
    const last = agents.at(-1) ?? (await agent(21))
    const verifier = receiver()
    await verifier.warm()
    scene.clock.now += 6_000
    const answer = await scene.ask(shows('GET', '/a'), { passport: chain, signer: last.key })
    const claims = await claimsOf(scene, answer.json['token'], 'aegis-token+jwt')
    expect([answer.status, claims['sub'], claims['txn'], claims['psp']]).toEqual([
      200,
      did(last),
      TASK,
      hashText(defaultCrypto(), utf8(chain)),
    ])
    const evidence = await evidenceHeaders(last.key, {
      method: 'GET',
      url: `${API}/a`,
      token: text(answer.json['token']),
      passport: chain,
      proof: text(answer.json['proof']),
      created: SECONDS,
    })
    const headers = ['Host', 'api.example.com', ...Object.entries(evidence).flat()]
    const context = await verifier.verify({ method: 'GET', target: '/a', headers, content: () => new Uint8Array() })
    expect([context.depth, context.task, context.path.map((one) => one.did)]).toEqual([handOffs, TASK, agents.map(did)])
    verifier.close()
  })

  test('AHP-ASK-3 that does not verify is never taken for an unsigned question', async () => {
    const agents = [await agent(21), await agent(22)]
    const stranger = createSigner(new Uint8Array(32).fill(99), 'x')
    const size = scene.enforcement.log.size()
    const forged = await handOff(agents[0]?.passport ?? '', stranger, agents[1] ?? (await agent(22)))
    const chain = await chainOf(agents)
    for (const [passport, signer] of [
      [forged, agents[1]?.key],
      [chain, agents[0]?.key],
      [chain.replace(/~[^~]*~/, '~'), agents[1]?.key],
      [`${chain}~${chain}`, agents[1]?.key],
    ] as const) {
      expect(code(await scene.ask(shows('GET', '/a'), { passport, ...(signer && { signer }) }))).toBe('401 ask_untrusted -')
    }
    expect(code(await ask(agents, () => ({ exp: SECONDS })))).toBe('401 ask_untrusted -')
    expect(scene.enforcement.log.size()).toBe(size)
    expect((await ask(agents)).status).toBe(200)
  })

  test('by reference is refused, also one that was just read', async () => {
    const agents = [await agent(21), await agent(22)]
    const chain = await chainOf(agents)
    const [, last] = agents
    expect((await scene.ask(shows('GET', '/a'), { passport: chain, ...(last && { signer: last.key }) })).status).toBe(200)
    const passport = `sha-256=${hashText(defaultCrypto(), utf8(chain))}`
    expect(code(await scene.ask(shows('GET', '/a'), { passport, ...(last && { signer: last.key }) }))).toBe('401 ask_untrusted -')
  })

  test('AHP-ASK-24 of more than 7,980 characters is refused, one of 7,980 is not', async () => {
    // The first one is meant for chains of three, and so too short to fill one.
    const long = (characters: number): Partial<PassportRequest> => ({
      mission: [...MISSION, { action: 'x', target: 't'.repeat(characters) }],
      maxDepth: 1,
    })
    const before = [await agent(21), await agent(22, long(1000))]
    const withLast = async (characters: number): Promise<readonly [string, Agent]> => {
      const last = await agent(23, long(characters))
      return [await chainOf([...before, last]), last]
    }
    const [{ length: reached }] = await withLast(400)
    // Base64url makes four characters of three, and the status index has one digit to six.
    const wanted = 400 + Math.floor(((7_980 - reached) * 3) / 4)
    const lengths = new Map<number, readonly [string, Agent]>()
    for (let characters = wanted - 10; characters < wanted + 10; characters += 1) {
      const [chain, last] = await withLast(characters)
      lengths.set(chain.length, [chain, last])
    }
    const at = async (length: number): Promise<string> => {
      const [passport = '', last] = lengths.get(length) ?? []
      return code(await scene.ask(shows('GET', '/a'), { passport, ...(last && { signer: last.key }) }))
    }
    const over = Math.min(...[...lengths.keys()].filter((length) => length > 7_980))
    const within = Math.max(...[...lengths.keys()].filter((length) => length <= 7_980))
    expect([over - within <= 8, await at(over), await at(within)]).toEqual([true, '401 ask_untrusted -', '200 - -'])
  })
})

describe('AHP-ASK-24 roles', () => {
  test.each([
    [['root'], '200 - -', '401 ask_untrusted -'],
    [['hop'], '401 ask_untrusted -', '200 - -'],
  ] as const)('an issuer that has only %j', async (roles, asFirst, asLater) => {
    const guest = await createScene({ issuer: 'did:web:guest.example' })
    const [issuer] = guest.enforcement.trustFragment()['issuers'] as unknown as readonly Pinned[]
    const pinned = issuer?.keys[0]
    if (issuer === undefined || pinned === undefined) throw new Error('no issuer')
    const key = createSigner(new Uint8Array(32).fill(31), 'agent')
    const request = { agent: key.publicKey, mission: MISSION, maxDepth: 2 }
    const host = await createScene({
      issuers: [
        {
          did: issuer.did,
          keys: [{ kid: pinned.kid, key: parseEd25519Jwk(pinned.jwk) }],
          roles,
          lists: issuer.status.lists,
          isRevoked: () => false,
        },
      ],
    })
    const stranger = { key, ...(await guest.enforcement.issuePassport(request)) }
    const own = await agent(32, {}, host)
    const asked = async (chain: string, signer: SyncSigner): Promise<string> =>
      code(await host.ask(shows('GET', '/a'), { passport: chain, signer }))
    expect(await asked(await handOff(stranger.passport, key, own), own.key)).toBe(asFirst)
    expect(await asked(await handOff(own.passport, own.key, stranger), key)).toBe(asLater)
    await guest.close()
    await host.close()
  })
})

describe('AHP-ASK-25 the task', () => {
  test('may be named by the question when it is that of the hand-offs', async () => {
    const agents = [await agent(21), await agent(22)]
    expect(code(await ask(agents, undefined, withContext({ txn: TASK })))).toBe('200 - -')
    expect(code(await ask(agents, undefined, withContext({ txn: OTHER_TASK })))).toBe('401 ask_untrusted -')
  })

  test('is one in all hand-offs', async () => {
    const agents = [await agent(21), await agent(22), await agent(23)]
    expect(code(await ask(agents, (depth) => ({ txn: depth === 2 ? OTHER_TASK : TASK })))).toBe('401 ask_untrusted -')
    expect(code(await ask(agents, () => ({ txn: OTHER_TASK })))).toBe('200 - -')
  })
})

describe('AHP-ASK-26 what no receiver would serve is BLOCK, in the log and without a token', () => {
  const NARROW = [{ action: 'orders.read', target: `${API}/*` }]
  type Row = readonly [
    string,
    string,
    readonly [Partial<PassportRequest>, Partial<PassportRequest>, Partial<PassportRequest>],
    (depth: number) => JsonObject,
  ]
  const honest = (): JsonObject => ({})
  const rows: readonly Row[] = [
    ['a first agent that acts only for others', '401 - delegated_only', [{ delegatedOnly: true }, {}, {}], honest],
    ['the mission of the first passport', '401 - mission_exceeded', [{ mission: NARROW }, {}, {}], honest],
    ['the mission of the second passport', '401 - mission_exceeded', [{}, { mission: NARROW }, {}], honest],
    ['the mission of the last passport', '401 - mission_exceeded', [{}, {}, { mission: NARROW }], honest],
    ...[1, 2].map((at): Row => [
      `the mission of delegation ${at}`,
      '401 - mission_exceeded',
      [{}, {}, {}],
      (depth) => (depth === at ? { mission: NARROW } : {}),
    ]),
    ...[1, 2].map((at): Row => [
      `the audience of delegation ${at}`,
      '401 - delegation_audience_mismatch',
      [{}, {}, {}],
      (depth) => (depth === at ? { aud: ['https://other.example'] } : { aud: [API, 'https://other.example'] }),
    ]),
    [
      'agents after the first that act only for others are served',
      '200 - -',
      [{}, { delegatedOnly: true }, { delegatedOnly: true }],
      honest,
    ],
  ]
  test.each(rows)('%s', async (_, expected, requests, change) => {
    const agents = await Promise.all(requests.map((request, at) => agent(21 + at, request)))
    const size = scene.enforcement.log.size()
    const answer = await ask(agents, change)
    expect([code(answer), 'X-AEGIS-Token' in answer.headers]).toEqual([expected, expected.startsWith('200')])
    expect(scene.enforcement.log.size()).toBe(size + 1n)
  })

  test('an audience is compared only with a request that was shown', async () => {
    const agents = [await agent(21), await agent(22)]
    const body = { action: 'http.get', target: `${API}/a` }
    expect(code(await ask(agents, () => ({ aud: ['https://other.example'] }), body))).toBe('200 - -')
  })
})

describe('AHP-ASK-14 the token ends with the first part of the chain', () => {
  test.each([0, 1, 2])('the passport in place %i', async (place) => {
    const ends = (at: number) => (at === place ? { lifetimeSeconds: 40 } : {})
    const agents = await Promise.all([0, 1, 2].map((at) => agent(21 + at, ends(at))))
    // No hand-off outlives who made it; the last agent makes none.
    const exp = SECONDS + (place === 2 ? 3_600 : 40)
    expect(await expiry(await ask(agents, () => ({ exp })))).toBe(SECONDS + 40)
  })

  test.each([1, 2])('the delegation at depth %i', async (at) => {
    const agents = [await agent(21), await agent(22), await agent(23)]
    expect(await expiry(await ask(agents, (depth) => ({ exp: SECONDS + (depth < at ? 60 : 30) })))).toBe(SECONDS + 30)
  })

  const expiry = async (answer: Answered): Promise<unknown> =>
    (await claimsOf(scene, answer.json['token'], 'aegis-token+jwt'))['exp']
})

describe('AHP-ASK-27 a chain of which a part was revoked', () => {
  test.each([0, 1, 2])('in place %i gets neither a token nor the one that it got before', async (place) => {
    const agents = [await agent(21), await agent(22), await agent(23)]
    expect((await ask(agents, undefined, undefined, `key-${place}`)).status).toBe(200)
    scene.enforcement.revoke(agents[place]?.statusIndex ?? -1)
    expect(code(await ask(agents))).toBe('401 ask_untrusted -')
    expect(code(await ask(agents, undefined, undefined, `key-${place}`))).toBe('401 ask_untrusted -')
  })

  test('while policy decides gets no token and no entry, nor does one of which a part ended meanwhile', async () => {
    const [first, last] = [await agent(21), await agent(22)]
    const passport = await chainOf([first, last], () => ({ exp: SECONDS + 10 }))
    const asked = { body: shows('GET', '/a'), passport, signer: last.key }
    const size = scene.enforcement.log.size()
    let isRevoked = false
    let now = NOW
    const after = (effect: () => unknown) => ({ decide: () => Promise.resolve(effect()).then(() => ALLOWED) })
    const revoking = askParts(scene, { isRevoked: () => isRevoked, policy: after(() => (isRevoked = true)) }, asked)
    await expect(revoking).rejects.toMatchObject({ code: 'ask_untrusted' })
    const ending = askParts(scene, { now: () => now, policy: after(() => (now += 9_877)) }, asked)
    await expect(ending).rejects.toMatchObject({ code: 'ask_untrusted' })
    expect(scene.enforcement.log.size()).toBe(size)
    now = NOW
    expect(await askParts(scene, { now: () => now, policy: after(() => (now += 9_876)) }, asked)).toMatchObject({ status: 200 })
  })
})

test('AHP-POLICY-10 policy sees the chain: who handed off to whom', async () => {
  const rule = regoRule(
    'r',
    [
      'default decision := "DENY"',
      'decision := "ALLOW" if { input.passport.depth == 0; count(input.passport.path) == 1 }',
      'decision := "WARN" if { input.passport.depth == 2; input.passport.path[0].issuer == "did:web:identity.example" }',
    ].join('\n'),
  )
  const watched = await createScene({ packs: [file(manifest('p', [rule]), 'p.json')], allowUnsignedPacks: true })
  const agents = await Promise.all([21, 22, 23].map((seed) => agent(seed, {}, watched)))
  const said = async (count: number): Promise<unknown> => {
    const some = agents.slice(0, count)
    const [last] = some.slice(-1)
    const passport = await chainOf(some)
    return (await watched.ask(shows('GET', '/a'), { passport, ...(last && { signer: last.key }) })).json['decision']
  }
  expect([await said(1), await said(2), await said(3)]).toEqual(['ALLOW', 'BLOCK', 'WARN'])
  await watched.close()
})

test('AHP-ASK-3 policy is not asked about an agent whose passport was revoked before', async () => {
  const only = await agent(21)
  let isAsked = false
  const decide = (): Promise<typeof ALLOWED> => {
    isAsked = true
    return Promise.resolve(ALLOWED)
  }
  const asked = { body: shows('GET', '/a'), passport: only.passport, signer: only.key }
  const asking = askParts(scene, { isRevoked: () => true, policy: { decide } }, asked)
  await expect(asking).rejects.toMatchObject({ code: 'ask_untrusted' })
  expect(isAsked).toBe(false)
})

test('AHP-ASK-27 what was revoked while the log was written is not released', async () => {
  let isRevoked = false
  const [first, last] = [await agent(21), await agent(22)]
  const asked = { body: shows('GET', '/a'), passport: await chainOf([first, last]), signer: last.key }
  expect(await askParts(scene, { isRevoked: () => isRevoked }, asked)).toMatchObject({ status: 200 })
  const asking = askParts(scene, { isRevoked: () => isRevoked, beforeAppend: () => (isRevoked = true) }, asked)
  await expect(asking).rejects.toMatchObject({ code: 'ask_untrusted' })
})

interface Pinned {
  readonly did: string
  readonly keys: readonly { readonly kid: string; readonly jwk: unknown }[]
  readonly status: { readonly lists: readonly string[] }
}

function receiver(): Verifier {
  return createVerifier({
    trust: trustIn(scene.enforcement),
    get: async () => ({ status: 200, contentType: 'application/vc+jwt', body: utf8(await scene.enforcement.statusList()) }),
    inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
    now: () => scene.clock.now,
  })
}
