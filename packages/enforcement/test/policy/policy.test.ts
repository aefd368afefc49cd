import { Refusal, type JsonObject } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { PackRefused } from '../../src/policy/pack-refused.ts'
import { signPack } from '../../src/policy/pack-signature.ts'
import { createPolicy, type PolicyOptions } from '../../src/policy/policy.ts'
import { alone, file, manifest, NOW, packSigner, question, reference, regoRule, saying, withPolicy } from './packs.ts'

async function sentence(packs: PolicyOptions['packs'], options: Partial<PolicyOptions> = {}): Promise<string> {
  return withPolicy(packs, () => Promise.resolve('the packs load'), options).catch((error: unknown) => {
    if (error instanceof PackRefused) return error.message
    throw error
  })
}

describe('loading', () => {
  test('packs are listed with their digest and number of rules', async () => {
    const packs = [reference('pii-block'), reference('rate-limit')]
    await withPolicy(packs, async (policy) => {
      expect(policy.packs()).toEqual([
        { pack_id: 'pii-block', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), rules: 2 },
        { pack_id: 'rate-limit', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), rules: 1 },
      ])
    })
  })

  test('signed packs load with their key and not without it', async () => {
    const signer = packSigner(7)
    const bytes = await signPack(manifest('p', [saying('r', 'WARN')]), signer)
    const packKeys = [{ kid: signer.kid, key: signer.publicKey }]
    const policy = await createPolicy({ packs: [{ name: 'p', bytes }], packKeys, now: () => NOW, threads: 1 })
    expect((await policy.decide(question())).decision).toBe('WARN')
    await policy.close()
    await expect(createPolicy({ packs: [{ name: 'p', bytes }], packKeys: [], now: () => NOW })).rejects.toThrow(
      'which is no pack key of this server',
    )
    await expect(createPolicy({ packs: [reference('pii-block')], packKeys, now: () => NOW })).rejects.toThrow('it is not signed')
  })

  test.each<[string, JsonObject[], string]>([
    [
      'the same id twice',
      [manifest('p', [saying('a', 'ALLOW')]), manifest('p', [saying('b', 'ALLOW')])],
      'pack 1.json: its "pack_id" is that of 0.json; load one of the two',
    ],
    [
      'an expired pack',
      [manifest('p', [saying('a', 'ALLOW')], { expires_at: '2026-11-20T22:00:00Z' })],
      'pack 0.json: it has expired; load one that is in force',
    ],
    [
      'a pack of tomorrow',
      [manifest('p', [saying('a', 'ALLOW')], { issued_at: '2026-11-20T22:00:01Z' })],
      'pack 0.json: it is issued in the future; check the clock or the pack',
    ],
    [
      'a rule that the thread refuses',
      [manifest('p', [saying('a', 'ALLOW'), regoRule('b', 'decision := "DENY" if opa.runtime()')])],
      'pack 0.json, rule b: line 3: "opa.runtime" is no function of this Rego subset and no function of the module',
    ],
  ])('AHP-POLICY-3 AHP-POLICY-4 %s stops the start', async (_, manifests, expected) => {
    expect(await sentence(manifests.map((value, index) => file(value, `${index}.json`)))).toBe(expected)
  })

  test('many rules in many modules load, and are asked in order', async () => {
    const rules = Array.from({ length: 1_000 }, (_, i) => saying(`r${i}`, i === 900 ? 'DENY' : 'ALLOW'))
    const packs = Array.from({ length: 5 }, (_, i) => file(manifest(`p${i}`, rules), `p${i}`))
    await withPolicy(packs, async (policy) => {
      expect(await policy.decide(question())).toMatchObject({ decision: 'BLOCK', deciding_pack: 'p0', deciding_rule: 'r900' })
    })
  })

  test('20,000 rules in one module are refused', async () => {
    const many = regoRule('r', `decision := "ALLOW"\n${Array.from({ length: 20_000 }, (_, i) => `a${i} := 1`).join('\n')}`)
    expect(await sentence([file(manifest('p', [many]))])).toMatch(/^pack test\.json, rule r: line \d+: the module has more than/)
  })

  test('a rule that is probably not meant so is named at load, and loads', async () => {
    const sentences: string[] = []
    const rule = regoRule('r', 'decision := "DENY" if input.request.context.age < 18')
    await withPolicy(
      [file(manifest('p', [rule]), 'p.json')],
      async (policy) => expect((await policy.decide(question())).decision).toBe('ALLOW'),
      {
        onWarning: (warning) => sentences.push(warning),
      },
    )
    expect(sentences).toEqual([
      expect.stringContaining(
        'pack p.json, rule r: line 3: an order says nothing when the agent leaves out input.request.context.age',
      ),
    ])
  })

  test('AHP-POLICY-122 a rule that an agent silences by leaving a field out does not load', async () => {
    const rule = regoRule('r', 'decision := "DENY" if not startswith(input.request.context.path, "/safe")')
    expect(await sentence([file(manifest('p', [rule]), 'p.json')])).toBe(
      'pack p.json, rule r: line 3: "not" says nothing when the agent leaves out input.request.context.path; state before it that it is there, as in "input.request.context.path != null", or give "decision" the default "DENY" and rules that allow',
    )
  })

  test('AHP-POLICY-6 a jurisdiction of the server that no pack could name is a wrong option', async () => {
    const packs = [file(manifest('p', [saying('r', 'ALLOW')], { jurisdictions: ['US-CA'] }))]
    for (const name of ['USA', 'eu', '*', 'US-', '']) {
      await expect(withPolicy(packs, async () => undefined, { jurisdictions: [name] })).rejects.toThrow(
        new TypeError(`jurisdictions: "${name}" is no code; write one such as "EU" or "US-CA"`),
      )
    }
    await withPolicy(packs, async (policy) => expect((await policy.decide(question())).decision).toBe('ALLOW'), {
      jurisdictions: ['US-CA'],
    })
  })

  test('the same package name in two rules does not mix their rules', async () => {
    const rules = [
      regoRule('a', 'helper := 1\ndecision := "ALLOW" if helper == 1'),
      regoRule('b', 'helper := 2\ndecision := "ALLOW" if helper == 2'),
    ]
    await withPolicy([file(manifest('p', rules, { default_decision: 'DENY' }))], async (policy) => {
      expect((await policy.decide(question())).decision).toBe('ALLOW')
    })
  })
})

describe('AHP-POLICY-14 AHP-POLICY-119 a pack cannot stop the server', () => {
  test('the operator is told why a decision is policy_error; the caller is not', async () => {
    const faults: unknown[] = []
    const wrong = regoRule('r', 'decision := "DENY" if input.value > 1')
    await withPolicy(
      [file(manifest('p', [wrong]))],
      async (policy) => {
        expect(await policy.decide(question())).toEqual({
          decision: 'BLOCK',
          deciding_pack: 'p',
          deciding_rule: 'r',
          deciding_layer: 'L3-Compliance',
          deny_reason: 'policy_error',
        })
        expect(faults).toEqual([{ pack: 'p', rule: 'r', message: 'eval: an order between a string and a number' }])
      },
      { onFault: (fault) => faults.push(fault) },
    )
  })

  test('a question that cannot be sent to a thread is BLOCK', async () => {
    await withPolicy([file(manifest('p', [saying('r', 'ALLOW')]))], async (policy) => {
      const strange = question({ context: { f: (() => 1) as unknown as string } })
      expect(await policy.decide(strange)).toMatchObject({ decision: 'BLOCK', deny_reason: 'policy_error' })
      expect((await policy.decide(question())).decision).toBe('ALLOW')
    })
  })

  test('deep and cyclic input is BLOCK and ends no thread', async () => {
    await withPolicy([file(manifest('p', [saying('r', 'ALLOW')]))], async (policy) => {
      let deep: JsonObject = {}
      for (let i = 0; i < 2_000; i += 1) deep = { deep }
      const cycle: Record<string, JsonObject> = {}
      cycle['self'] = cycle
      expect((await policy.decide(question({ input: deep }))).deny_reason).toBe('policy_error')
      expect((await policy.decide(question({ input: cycle }))).deny_reason).toBe('policy_error')
      expect((await policy.decide(question())).decision).toBe('ALLOW')
    })
  })

  test('more questions than may wait are refused as overloaded, the others are answered', async () => {
    await withPolicy([file(manifest('p', [saying('r', 'ALLOW')]))], async (policy) => {
      const answers = await Promise.allSettled(Array.from({ length: 1_100 }, () => policy.decide(question())))
      const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
      expect(refused.length).toBeGreaterThan(0)
      expect(refused.every((reason) => reason instanceof Refusal && reason.code === 'overloaded')).toBe(true)
      expect(answers.filter((answer) => answer.status === 'fulfilled' && answer.value.decision === 'ALLOW')).toHaveLength(
        1_100 - refused.length,
      )
    })
  })

  test('after the end a question is BLOCK, and those that waited were answered', async () => {
    const policy = await createPolicy({
      packs: [file(manifest('p', [saying('r', 'ALLOW')]))],
      packKeys: [],
      allowUnsignedPacks: true,
      now: () => NOW,
    })
    const waiting = Array.from({ length: 20 }, () => policy.decide(question()))
    await policy.close()
    expect((await Promise.all(waiting)).map(({ decision }) => decision)).toEqual(Array(20).fill('ALLOW'))
    expect((await policy.decide(question())).deny_reason).toBe('policy_error')
  })
})

describe('AHP-POLICY-5 packs are exchanged all at once or not at all', () => {
  const ok = file(manifest('ok', [saying('r', 'ALLOW')]), 'ok.json')

  test('one bad rule keeps the whole old set', async () => {
    await withPolicy([ok], async (policy) => {
      const better = file(manifest('better', [saying('r', 'WARN')]), 'better.json')
      const bad = file(manifest('bad', [saying('a', 'DENY'), regoRule('b', 'decision := "deny"')]), 'bad.json')
      await expect(policy.reload([better, bad])).rejects.toThrow('pack bad.json, rule b: line 3: "decision" is "deny"')
      expect(policy.packs().map(({ pack_id }) => pack_id)).toEqual(['ok'])
      expect((await policy.decide(question())).decision).toBe('ALLOW')
      await policy.reload([better])
      expect(policy.packs().map(({ pack_id }) => pack_id)).toEqual(['better'])
      expect((await policy.decide(question())).decision).toBe('WARN')
    })
  })

  const named = (id: string, verdict: string) => file(manifest(id, [saying('r', verdict)]), `${id}.json`)

  test('exchanges at the same time happen one after the other: what was asked for last stays', async () => {
    await withPolicy([ok], async (policy) => {
      const slow = Array.from({ length: 400 }, (_, i) =>
        regoRule(`r${i}`, Array.from({ length: 40 }, (__, k) => `decision := "ALLOW" if input.action == "a${k}"`).join('\n')),
      )
      await Promise.all([
        policy.reload([file(manifest('large', [...slow, saying('r', 'ALLOW')]), 'large.json')]),
        policy.reload([named('small', 'DENY')]),
      ])
      expect(policy.packs().map(({ pack_id }) => pack_id)).toEqual(['small'])
      expect((await policy.decide(question())).decision).toBe('BLOCK')
    })
  })

  test('an exchange that is refused does not stop the one behind it', async () => {
    await withPolicy([ok], async (policy) => {
      const refused = policy.reload([named('bad', 'deny')])
      const taken = policy.reload([named('good', 'WARN')])
      await expect(refused).rejects.toBeInstanceOf(PackRefused)
      await taken
      expect((await policy.decide(question())).decision).toBe('WARN')
    })
  })

  test('the end also ends an exchange that goes on: no new set comes into use', async () => {
    const policy = await createPolicy({ packs: [ok], packKeys: [], allowUnsignedPacks: true, now: () => NOW, threads: 1 })
    const reload = policy.reload([named('late', 'ALLOW')]).then(
      () => 'taken',
      (error: unknown) => String(error),
    )
    await Promise.all([policy.close(), policy.close()])
    expect(await reload).toMatch(/^Error: the policy (?:is|was) closed/)
    expect(policy.packs().map(({ pack_id }) => pack_id)).toEqual(['ok'])
    expect((await policy.decide(question())).deny_reason).toBe('policy_error')
    await expect(policy.reload([named('later', 'ALLOW')])).rejects.toThrow('the policy is closed')
    expect((await policy.decide(question())).deny_reason).toBe('policy_error')
  })

  test('an exchange that has begun to load when the end comes closes what it loaded', async () => {
    let begun = (): void => undefined
    const loading = new Promise<void>((resolve) => (begun = resolve))
    let asked = 0
    const now = (): number => {
      asked += 1
      if (asked === 2) begun()
      return NOW
    }
    const policy = await createPolicy({ packs: [ok], packKeys: [], allowUnsignedPacks: true, now, threads: 1 })
    const reload = policy.reload([named('late', 'ALLOW')])
    await loading
    await Promise.all([expect(reload).rejects.toThrow('the policy was closed while packs were loaded'), policy.close()])
    expect((await policy.decide(question())).deny_reason).toBe('policy_error')
  })

  test('questions in flight are answered by the old set', async () => {
    await withPolicy([ok], async (policy) => {
      const before = Array.from({ length: 50 }, () => policy.decide(question()))
      const reload = policy.reload([file(manifest('next', [saying('r', 'DENY')]))])
      expect((await Promise.all(before)).map(({ decision }) => decision)).toEqual(Array(50).fill('ALLOW'))
      await reload
      expect((await policy.decide(question())).decision).toBe('BLOCK')
    })
  })
})

test('AHP-POLICY-120 each agent has its own rate, named by issuer and DID; questions without a passport share one', async () => {
  const rule = regoRule('r', 'decision := "ALLOW" if { input.harness.counters.requests_1m <= 2 } else := "DENY"')
  await withPolicy([file(manifest('p', [rule]))], async (policy) => {
    const ask = async (change: Parameters<typeof question>[0]) => (await policy.decide(question(change))).decision
    const a = alone('did:web:a.example')
    expect([await ask({ passport: a }), await ask({ passport: a }), await ask({ passport: a })]).toEqual([
      'ALLOW',
      'ALLOW',
      'BLOCK',
    ])
    expect(await ask({ passport: alone('did:web:b.example') })).toBe('ALLOW')
    const claimed = ['x', 'y', 'z'].map((agent_did) => ask({ context: { agent_did } }))
    expect(await Promise.all(claimed)).toEqual(['ALLOW', 'ALLOW', 'BLOCK'])
  })
})
