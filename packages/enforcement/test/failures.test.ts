import { Refusal, type JsonObject } from '@aiegis/protocol'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createEnforcement, type Enforcement } from '../src/enforcement.ts'
import { createChains } from '../src/chains.ts'
import { createIssue } from '../src/issue.ts'
import { createIdempotencyStore } from '../src/idempotency.ts'
import { createNonceGuard } from '../src/nonces.ts'
import { createProtect } from '../src/protect.ts'
import { defaultCrypto, createSigner } from '@aiegis/protocol'
import { file, manifest, regoRule } from './policy/packs.ts'
import { API, createScene, NOW, shows, type Scene } from './scene.ts'

async function inScene<T>(use: (scene: Scene) => Promise<T>, options: Parameters<typeof createScene>[0] = {}): Promise<T> {
  const scene = await createScene(options)
  try {
    return await use(scene)
  } finally {
    await scene.close()
  }
}

describe('AHP-ASK-16 nothing is released that is not in the log', () => {
  test('a log that is closed: 503, no token, no decision', async () => {
    await inScene(async (scene) => {
      await scene.enforcement.log.close()
      const answers = [
        await scene.ask(shows('GET', '/a')),
        await scene.ask(shows('GET', '/a?x=ann@example.com')),
        await scene.askUnsigned({ action: 'http.get', target: 'x' }),
      ]
      for (const { status, json, headers } of answers) {
        expect([status, json['code'], json['decision'], headers['X-AEGIS-Token'], headers['X-AEGIS-Decision']]).toEqual([
          503,
          'ledger_unavailable',
          undefined,
          undefined,
          undefined,
        ])
        expect(Number(headers['Retry-After'])).toBeGreaterThan(0)
      }
    })
  })

  test('a log that fails in a way nobody foresaw: 500, and nothing of the cause', async () => {
    const faults: unknown[] = []
    const signer = createSigner(new Uint8Array(32).fill(1), 'did:web:h.example#1')
    const issue = createIssue({
      signer,
      did: 'did:web:h.example',
      tokenSeconds: 60,
      crypto: defaultCrypto(),
      now: () => NOW,
      log: { append: () => Promise.reject(new Error('disk on fire')) },
    })
    const protect = createProtect({
      did: 'did:web:h.example',
      blockStatus: 401,
      endpoint: 'https://h.example/api/protect',
      chains: createChains([], defaultCrypto()),
      crypto: defaultCrypto(),
      now: () => NOW,
      policy: {
        decide: () =>
          Promise.resolve({
            decision: 'ALLOW',
            deciding_pack: null,
            deciding_rule: null,
            deciding_layer: null,
            deny_reason: null,
          }),
      },
      interrupts: { reasonFor: () => undefined },
      nonces: createNonceGuard(() => NOW, defaultCrypto()),
      afterRestart: () => undefined,
      issue,
    })
    const body = new TextEncoder().encode('{"action":"http.get","target":"x"}')
    const error: unknown = await protect({ headers: ['Content-Type', 'application/json'], content: body }).catch(
      (cause: unknown) => faults.push(cause),
    )
    expect(error).toBe(1)
    expect(faults).toEqual([expect.objectContaining({ message: 'disk on fire' })])
  })

  test('a question whose nonce is in the log is refused after a restart too', async () => {
    await inScene(async (scene) => {
      expect((await scene.ask(shows('GET', '/a'), { nonce: 'before' })).status).toBe(200)
      const { did, issuerDid, url } = scene.enforcement
      await scene.enforcement.close()
      const again = await createEnforcement({ url, did, issuer: issuerDid, state: scene.state, now: () => NOW })
      const { signAsk } = await import('@aiegis/agent')
      const content = new TextEncoder().encode(JSON.stringify(shows('GET', '/a')))
      const ask = async (nonce: string): Promise<number> => {
        const headers = await signAsk(scene.agent, {
          url: again.endpoint,
          content,
          passport: scene.passport,
          created: Math.floor(NOW / 1000),
          nonce,
        })
        return (
          await again.protect({ headers: ['Content-Type', 'application/json', ...Object.entries(headers).flat()], content })
        ).status
      }
      expect([await ask('before'), await ask('after')]).toEqual([409, 200])
      await again.close()
    })
  })
})

describe('AHP-POLICY-14 what goes wrong in policy is a BLOCK in the log', () => {
  const broken = file(
    manifest('broken', [regoRule('r', 'decision := "ALLOW" if true\ndecision := "DENY" if true')]),
    'broken.json',
  )

  test('a rule that contradicts itself', async () => {
    await inScene(
      async (scene) => {
        const size = scene.enforcement.log.size()
        const answer = await scene.ask(shows('GET', '/a'))
        expect([answer.status, answer.json]).toEqual([
          401,
          expect.objectContaining({ decision: 'BLOCK', reason: 'policy_error', deciding_pack: 'broken', deciding_rule: 'r' }),
        ])
        expect(scene.enforcement.log.size()).toBe(size + 1n)
        expect(scene.faults).toEqual(['policy_error in broken/r: eval: rule "decision" has two values'])
      },
      { packs: [broken], allowUnsignedPacks: true },
    )
  })

  test('no packs at all', async () => {
    await inScene(
      async (scene) => {
        expect((await scene.ask(shows('GET', '/a'))).json['reason']).toBe('no_policy_packs')
      },
      { packs: [] },
    )
  })

  test('threads that were ended', async () => {
    await inScene(async (scene) => {
      await scene.enforcement.policy.close()
      expect((await scene.ask(shows('GET', '/a'))).json['reason']).toBe('policy_error')
    })
  })
})

test('WARN is 200 with a token that says so; a BLOCK can be 403 for clients that take 401 for a login', async () => {
  const odd = file(
    manifest('odd', [regoRule('r', 'decision := "WARN" if input.action == "http.get" else := "DENY"')]),
    'odd.json',
  )
  await inScene(
    async (scene) => {
      const warned = await scene.ask(shows('GET', '/a'))
      expect([warned.status, warned.json['decision'], warned.json['reason'], typeof warned.json['token']]).toEqual([
        200,
        'WARN',
        'r says no',
        'string',
      ])
      const blocked = await scene.ask(shows('PUT', '/a'))
      expect([blocked.status, blocked.headers['WWW-Authenticate'], blocked.json['decision']]).toEqual([403, undefined, 'BLOCK'])
    },
    { packs: [odd], allowUnsignedPacks: true, blockStatus: 403 },
  )
})

test('a passport that is revoked while policy decides gets no token', async () => {
  await inScene(async (scene) => {
    const asking = scene.ask(shows('GET', '/a'))
    // The question was read up to its first wait; policy has not answered yet.
    scene.enforcement.revoke(scene.statusIndex)
    expect((await asking).status).toBe(401)
  })
})

test('the side table holds the clear text of an entry, and can be emptied without touching the tree', async () => {
  await inScene(async (scene) => {
    await scene.ask(shows('GET', '/a'))
    const { log } = scene.enforcement
    const entry = await log.entry(log.size() - 1n)
    const clear: JsonObject = JSON.parse(new TextDecoder().decode(entry?.clear))
    expect(clear).toMatchObject({
      agent_did: expect.stringMatching(/^did:key:/),
      entry: { action: 'http.get', target: `${API}/a` },
    })
    const index = log.size() - 1n
    expect(await log.custody?.erase(index, 'asked for by the principal')).toBe(true)
    expect(await log.entry(index)).toEqual({ leaf: entry?.leaf, clear: undefined })
  })
})

describe('state', () => {
  test('AHP-LEDGER-4 a second server on the same state is refused, also with another ledger: it would sign with the same keys', async () => {
    await inScene(async (scene) => {
      const { url, did, issuerDid, log } = scene.enforcement
      const second = (auditDb?: string): Promise<Enforcement> =>
        createEnforcement({ url, did, issuer: issuerDid, state: scene.state, auditDb, now: () => NOW })
      const sentence = `--state ${scene.state}: another server has it; end that one, or name another directory`
      await expect(second()).rejects.toThrow(sentence)
      await expect(second(join(scene.state, 'other.db'))).rejects.toThrow(sentence)
      expect(existsSync(join(scene.state, 'other.db'))).toBe(false)
      await scene.ask(shows('GET', '/a'))
      expect(log.size()).toBe(1n)
      await scene.enforcement.close()
      await expect(second(join(scene.state, 'other.db'))).rejects.toThrow(/other\.db is missing, and its log key would sign/)
      await (await second()).close()
    })
  })

  test('AHP-LEDGER-12 a ledger that was lost with its remembered head stops the start: its key would sign a second log', async () => {
    await inScene(async (scene) => {
      const { url, did, issuerDid } = scene.enforcement
      await scene.ask(shows('GET', '/a'))
      await scene.enforcement.close()
      for (const name of ['ledger.db', 'last-checkpoint']) rmSync(join(scene.state, name))
      const start = (): Promise<Enforcement> =>
        createEnforcement({ url, did, issuer: issuerDid, state: scene.state, now: () => NOW })
      await expect(start()).rejects.toThrow(/^ledger: .*ledger\.db is missing/)
      await expect(start()).rejects.toThrow(/^ledger: .*ledger\.db is missing/)
      // With a key of its own it is another log.
      rmSync(join(scene.state, 'log.key'))
      await (await start()).close()
    })
  })

  test('AHP-LEDGER-7 the remembered head may lie elsewhere, so that it is not restored together with an old ledger', async () => {
    const elsewhere = join(mkdtempSync(join(tmpdir(), 'aiegis-head-')), 'head')
    const names = ['ledger.db', 'last-checkpoint'] as const
    await inScene(
      async (scene) => {
        const { url, did, issuerDid } = scene.enforcement
        await scene.enforcement.close()
        const start = (): Promise<Enforcement> =>
          createEnforcement({ url, did, issuer: issuerDid, state: scene.state, lastCheckpoint: elsewhere, now: () => NOW })
        const old = readFileSync(join(scene.state, names[0]))
        const running = await start()
        await running.protect({
          headers: ['Content-Type', 'application/json'],
          content: new TextEncoder().encode('{"action":"http.get","target":"x"}'),
        })
        await running.close()
        expect(existsSync(join(scene.state, names[1]))).toBe(false)
        writeFileSync(join(scene.state, names[0]), old)
        await expect(start()).rejects.toThrow(/going on with an old copy would fork the log/)
      },
      { lastCheckpoint: elsewhere },
    )
    rmSync(dirname(elsewhere), { recursive: true })
  })

  test('files in directories that are missing are named with their flags, before a key is made', async () => {
    const state = mkdtempSync(join(tmpdir(), 'aiegis-missing-'))
    const start = (more: object): Promise<Enforcement> => createEnforcement({ url: 'https://harness.example', state, ...more })
    const lost = join(state, 'none', 'file')
    await expect(start({ auditDb: lost })).rejects.toThrow(
      `--audit-db ${lost}: it cannot be made (ENOENT); name a file in a directory that exists`,
    )
    await expect(start({ lastCheckpoint: lost })).rejects.toThrow(
      `--last-checkpoint ${lost}: its directory is missing; name a file in one that exists`,
    )
    expect(existsSync(join(state, 'log.key'))).toBe(false)
    rmSync(state, { recursive: true })
  })

  test('revocations that were lost with their file stop the start', async () => {
    await inScene(async (scene) => {
      const { url, did, issuerDid } = scene.enforcement
      await scene.enforcement.close()
      rmSync(join(scene.state, 'status.json'))
      await expect(createEnforcement({ url, did, issuer: issuerDid, state: scene.state, now: () => NOW })).rejects.toThrow(
        'revoked passports would be good again',
      )
      // A new issuer key alone is no new issuer: receivers that pin the status key would take its empty list.
      rmSync(join(scene.state, 'issuer.key'))
      await expect(createEnforcement({ url, did, issuer: issuerDid, state: scene.state, now: () => NOW })).rejects.toThrow(
        'remove issuer.key and status.key',
      )
    })
  })

  test('a first start that was cut short between the keys does not hinder the next one', async () => {
    const state = mkdtempSync(join(tmpdir(), 'aiegis-cut-'))
    const start = (): Promise<Enforcement> => createEnforcement({ url: 'https://harness.example', state, now: () => NOW })
    // The keys are made in order; the last of them cannot be.
    mkdirSync(join(state, 'pack.key'))
    await expect(start()).rejects.toThrow('it is not a regular file')
    expect(existsSync(join(state, 'issuer.key'))).toBe(true)
    rmdirSync(join(state, 'pack.key'))
    await (await start()).close()
    rmSync(state, { recursive: true })
  })

  test('the last checkpoint lies beside the keys, also when the ledger is elsewhere', async () => {
    await inScene(async (scene) => {
      await scene.ask(shows('GET', '/a'))
      expect(existsSync(join(scene.state, 'last-checkpoint'))).toBe(true)
      expect(readFileSync(join(scene.state, 'last-checkpoint'), 'utf8')).toContain(scene.enforcement.log.checkpoint())
    })
  })
})

describe('bounds of memory', () => {
  test('AHP-ASK-19 answers are remembered as long as they live, and no agent takes all room from the next one', async () => {
    let now = NOW
    const store = createIdempotencyStore<string>(() => now)
    const run = (agent: string, key: string): Promise<string> =>
      store.run({ agent, key, digest: 'd' }, () => Promise.resolve({ value: `${agent} ${key} ${now}`, until: now / 1000 + 60 }))
    const fill = async (agent: string): Promise<number> => {
      for (let count = 0; count < 1_000; count += 1) {
        try {
          await run(agent, `k${count}`)
        } catch (error) {
          if (error instanceof Refusal && error.code === 'overloaded') return count
          throw error
        }
      }
      return Number.POSITIVE_INFINITY
    }
    const counts: number[] = []
    for (let agent = 0; agent < 200; agent += 1) counts.push(await fill(`a${agent}`))
    expect([counts[0], counts[15], counts[199], counts.reduce((sum, count) => sum + count) <= 16_384]).toEqual([
      252,
      199,
      12,
      true,
    ])
    expect(await run('one more', 'k0')).toBe(`one more k0 ${NOW}`)
    // Nothing was forgotten for it.
    now += 59_000
    expect([await run('a0', 'k0'), await run('a199', 'k0')]).toEqual([`a0 k0 ${NOW}`, `a199 k0 ${NOW}`])
    now += 1_000
    expect([await fill('a0'), await run('a0', 'k0')]).toEqual([252, `a0 k0 ${now}`])
    // One key is one answer, however often it was used.
    for (let turn = 0; turn < 300; turn += 1) {
      now += 60_000
      expect(await run('again', 'k0')).toBe(`again k0 ${now}`)
    }
    expect(await fill('again')).toBe(252)
  })

  test('an answer that failed is not remembered', async () => {
    const store = createIdempotencyStore<number>(() => NOW)
    const id = { agent: 'a', key: 'k', digest: 'd' }
    await expect(store.run(id, () => Promise.reject(new Refusal('ledger_unavailable', 'x')))).rejects.toThrow(
      'ledger_unavailable',
    )
    expect(await store.run({ ...id, digest: 'other' }, () => Promise.resolve({ value: 2, until: NOW }))).toBe(2)
  })

  test('AHP-ASK-19 answers that failed take none of the room of an agent', async () => {
    const store = createIdempotencyStore<number>(() => NOW)
    const fail = (): Promise<never> => Promise.reject(new Refusal('ledger_unavailable', 'x'))
    for (let count = 0; count < 300; count += 1)
      await expect(store.run({ agent: 'a', key: `k${count}`, digest: 'd' }, fail)).rejects.toThrow('ledger_unavailable')
    const good = (): Promise<{ value: number; until: number }> => Promise.resolve({ value: 1, until: NOW / 1000 + 60 })
    for (let count = 0; count < 252; count += 1) await store.run({ agent: 'a', key: `k${count}`, digest: 'd' }, good)
    await expect(store.run({ agent: 'a', key: 'one more', digest: 'd' }, good)).rejects.toThrow('overloaded')
  })
})
