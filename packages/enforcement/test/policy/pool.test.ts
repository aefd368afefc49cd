import { describe, expect, test } from 'vitest'
import { PackRefused } from '../../src/policy/pack-refused.ts'
import { parsePack } from '../../src/policy/pack.ts'
import { createPool, type Pool } from '../../src/policy/pool.ts'
import type { ServerQuestion } from '../../src/policy/question.ts'
import { alone, file, manifest, NOW, question, saying } from './packs.ts'

const pack = parsePack(file(manifest('p', [saying('a', 'ALLOW'), saying('b', 'ALLOW')])))
const base = { packs: [pack], deadlineMs: 1_000, compileMs: 3_000, threads: 1 }

/** A thread that does to itself what the action of a question says, after noting that rule 1 of pack 0 runs. */
function entry(start = "parentPort.postMessage({ kind: 'ready', warnings: [] })"): URL {
  const code = `
import { parentPort, workerData } from 'node:worker_threads'
const at = new Int32Array(workerData.progress)
parentPort.postMessage({ kind: 'started' })
parentPort.on('message', ({ action }) => {
  at[0] = 0
  at[1] = 1
  if (action === 'hang') for (;;);
  if (action === 'exit') process.exit(0)
  if (action === 'throw') throw new Error('boom')
  if (action === 'memory') { const all = []; for (;;) all.push(new Array(100000).fill(Math.random())) }
  parentPort.postMessage({ kind: 'outcome', outcome: { verdict: { decision: 'ALLOW' }, fuel: 1, fault: null } })
})
${start}`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}

function asking(action: string, signed = false): ServerQuestion {
  const passport = signed ? alone('did:web:i.example') : null
  return {
    ...question({ action, passport }),
    now: NOW,
    serverJurisdictions: [],
    counters: { requests_1m: 1, requests_1h: 1, action_requests_1m: 1, action_requests_1h: 1 },
  }
}

async function withPool<T>(use: (pool: Pool) => Promise<T>, change: Partial<Parameters<typeof createPool>[0]> = {}): Promise<T> {
  const pool = await createPool({ ...base, entry: entry(), ...change })
  try {
    return await use(pool)
  } finally {
    await pool.close()
  }
}

describe('AHP-POLICY-119 a thread that breaks costs one question', () => {
  test.each([
    ['hang', /^timeout: no answer within 1000 ms$/],
    ['exit', /^worker: the thread ended$/],
    ['throw', /^worker: Error: boom$/],
    ['memory', /^worker: .*ERR_WORKER_OUT_OF_MEMORY/],
  ])('%s: BLOCK that names the rule, and a fresh thread for those that waited', async (action, fault) => {
    await withPool(
      async (pool) => {
        const [broken, ...others] = await Promise.all([action, 'ok', 'ok'].map((each) => pool.decide(asking(each))))
        expect(broken?.verdict).toEqual({
          decision: 'BLOCK',
          deciding_pack: 'p',
          deciding_rule: 'b',
          deciding_layer: 'L3-Compliance',
          deny_reason: 'policy_error',
        })
        expect(broken?.fault).toMatch(fault)
        expect(others.map(({ verdict }) => verdict.decision)).toEqual(['ALLOW', 'ALLOW'])
      },
      action === 'memory' ? { deadlineMs: 30_000 } : {},
    )
  })

  test('threads break side by side, again and again, and the pool still answers', async () => {
    await withPool(
      async (pool) => {
        const actions = Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 'exit' : 'ok'))
        const outcomes = await Promise.all(actions.map((action) => pool.decide(asking(action))))
        expect(outcomes.map(({ verdict }) => verdict.decision)).toEqual(
          actions.map((action) => (action === 'ok' ? 'ALLOW' : 'BLOCK')),
        )
      },
      { threads: 2 },
    )
  })

  test('the end waits for what runs, also when that breaks', async () => {
    const pool = await createPool({ ...base, entry: entry() })
    const waiting = ['exit', 'ok', 'exit', 'ok'].map((action) => pool.decide(asking(action)))
    await pool.close()
    expect((await Promise.all(waiting)).map(({ verdict }) => verdict.decision)).toEqual(['BLOCK', 'ALLOW', 'BLOCK', 'ALLOW'])
  })
})

describe('AHP-POLICY-121 questions that nobody signed do not delay signed ones', () => {
  /** The order in which questions are answered, all asked at once. */
  async function order(
    pool: Pool,
    asked: readonly (readonly [name: string, action: string, signed: boolean])[],
  ): Promise<string[]> {
    const answered: string[] = []
    await Promise.all(
      asked.map(async ([name, action, signed]) => {
        await pool.decide(asking(action, signed)).catch(() => undefined)
        answered.push(name)
      }),
    )
    return answered
  }

  test('many that use their whole time occupy one thread; the other answers those who sign', async () => {
    await withPool(
      async (pool) => {
        const hostile = Array.from({ length: 6 }, (_, i) => [`hostile ${i}`, 'hang', false] as const)
        const honest = Array.from({ length: 6 }, (_, i) => [`honest ${i}`, 'ok', true] as const)
        expect((await order(pool, [...hostile, ...honest])).slice(0, 6)).toEqual(honest.map(([name]) => name))
      },
      { threads: 2, deadlineMs: 300 },
    )
  })

  test('with one thread a signed question waits for one of them and for no more', async () => {
    await withPool(
      async (pool) => {
        const hostile = Array.from({ length: 4 }, (_, i) => [`hostile ${i}`, 'hang', false] as const)
        expect((await order(pool, [...hostile, ['honest', 'ok', true]])).indexOf('honest')).toBe(1)
      },
      { deadlineMs: 300 },
    )
  })

  test('their queue is their own: 250 wait, one more is refused, and signed ones still find room', async () => {
    await withPool(
      async (pool) => {
        const all = Array.from({ length: 252 }, () => pool.decide(asking('ok')).then(() => 'answered', String))
        const signed = Array.from({ length: 300 }, () => pool.decide(asking('ok', true)).then(() => 'answered', String))
        const said = await Promise.all(all)
        expect(said.filter((each) => each !== 'answered')).toEqual([expect.stringContaining('250 questions wait for policy')])
        expect(new Set(await Promise.all(signed))).toEqual(new Set(['answered']))
      },
      { threads: 2 },
    )
  })
})

describe('AHP-POLICY-3 packs that do not compile in time are refused', () => {
  test.each([
    ['never answers', 'for (;;);', 'pack test.json: compiling the rules took longer than 500 ms; make them smaller'],
    ['ends', 'process.exit(0)', 'pack test.json: the rules could not be compiled (the thread ended)'],
    ['throws', 'throw new Error("boom")', 'pack test.json: the rules could not be compiled (Error: boom)'],
  ])('a thread that %s', async (what, start, sentence) => {
    const compileMs = what === 'never answers' ? 500 : 30_000
    const error: unknown = await createPool({ ...base, compileMs, threads: 2, entry: entry(start) }).catch(
      (cause: unknown) => cause,
    )
    expect(error).toBeInstanceOf(PackRefused)
    expect(String(error)).toContain(sentence)
  })
})
