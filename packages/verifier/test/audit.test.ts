/** When the audit reads, what it tells its operator, and what it keeps for after a restart (spec chapter 5.5). @module */
import { defaultCrypto, formatCheckpointBody, formatNote, LOG_KEY_TYPE, noteKeyId, parseCheckpoint, utf8 } from '@aiegis/protocol'
import { createMemoryLog, createMockHarness, NAMES, namedSigner, type MemoryLog } from '@aiegis/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { MAX_WAITING } from '../src/audit-origin.ts'
import { createAudit, type Audit, type AuditMemory, type AuditOptions } from '../src/audit.ts'
import { parseTrustBundle } from '../src/trust.ts'

const crypto = defaultCrypto()
type Host = ReturnType<typeof createMockHarness>

interface Watched {
  readonly audit: Audit
  readonly host: Host
  readonly lines: readonly string[]
  readonly states: readonly string[]
  /** How often the head was read. */
  readonly rounds: () => number
}

function auditOf(changes: Partial<AuditOptions> = {}, member: object = { url: NAMES.logUrl }): Watched {
  const host = createMockHarness({ logSize: 300 })
  const [log] = host.trust()['ledgers'] as readonly object[]
  const { url: _, ...bare } = { url: '', ...log }
  const lines: string[] = []
  const states: string[] = []
  const audit = createAudit({
    ledgers: parseTrustBundle(host.trust({ ledgers: [{ ...bare, ...member }] })).ledgers,
    get: host.published.get,
    crypto,
    now: host.clock.now,
    elapsed: () => 0,
    maxUnprovenSeconds: 900,
    skewSeconds: 5,
    log: (line) => lines.push(line),
    watch: () => ({
      up: () => states.push('up'),
      down: (code) => states.push(`down ${code}`),
      close: (code) => states.push(`closed ${code}`),
    }),
    ...changes,
  })
  onTestFinished(() => audit.close())
  return { audit, host, lines, states, rounds: () => host.published.reads.filter((path) => path === '/checkpoint').length }
}

/** A place in memory, and what it was asked to keep. */
function place(head?: string, evidence?: string) {
  const kept = { head, evidence }
  const memory: AuditMemory = {
    load: () => ({ ...kept }),
    saveHead: (_origin, note) => void (kept.head = note),
    dropHead: () => void (kept.head = undefined),
    saveEvidence: (_origin, found) => void (kept.evidence = found),
  }
  return { kept, memory }
}

/** A head as it looks when its signatures were verified. */
const real = parseCheckpoint(createMockHarness({ logSize: 1 }).log.checkpoint())
const headOf = (size: number): typeof real => ({ ...real, size: BigInt(size) })
const judge = ({ audit, host }: Watched): unknown => {
  try {
    return audit.judge(parseCheckpoint(host.log.checkpoint()), host.clock.seconds())
  } catch (error) {
    return Reflect.get(Object(error), 'code')
  }
}

describe('rounds', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('come every 30 seconds, however often somebody asked for one besides, and end with the audit', async () => {
    const { audit, rounds } = auditOf()
    audit.start()
    for (let asked = 0; asked < 10; asked++) {
      await audit.warm()
      await vi.advanceTimersByTimeAsync(100)
    }
    const before = rounds()
    await vi.advanceTimersByTimeAsync(89_000)
    expect(rounds() - before).toBe(2)
    await vi.advanceTimersByTimeAsync(1000)
    expect(rounds() - before).toBe(3)
    audit.close()
    await vi.advanceTimersByTimeAsync(90_000)
    expect(rounds() - before).toBe(3)
  })

  test('are one row of them, also when somebody starts twice', async () => {
    const { audit, rounds } = auditOf()
    audit.start()
    await vi.advanceTimersByTimeAsync(100)
    audit.start()
    await vi.advanceTimersByTimeAsync(100)
    expect(rounds()).toBe(1)
  })

  test('are as many as somebody asks for before the start, and none after the end, also when it comes in one', async () => {
    const { audit, host, rounds } = auditOf()
    await audit.warm()
    await vi.advanceTimersByTimeAsync(90_000)
    expect(rounds()).toBe(1)
    host.log.append(new Uint8Array(1))
    audit.start()
    audit.close()
    await vi.advanceTimersByTimeAsync(90_000)
    expect(rounds()).toBe(2)
  })

  test('keep no process alive', async () => {
    const { audit } = auditOf()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    audit.start()
    await vi.advanceTimersByTimeAsync(100)
    const made = timers.mock.results.map(({ value }) => value)
    expect(made.length).toBeGreaterThan(2)
    expect(made.filter((timer) => timer.hasRef())).toEqual([])
  })

  test('come every 10 seconds while the log cannot be read', async () => {
    const { audit, host, rounds } = auditOf()
    host.published.show({ ...host.log, checkpoint: () => 'no checkpoint' })
    audit.start()
    await vi.advanceTimersByTimeAsync(25_000)
    expect(rounds()).toBe(3)
  })

  test('AHP-PROOF-19 go on when a port never settles, and say so as long as it does not', async () => {
    const { host } = auditOf()
    let hangs = true
    const { audit } = auditOf({
      timeoutMs: 1000,
      get: (...given) => (hangs ? new Promise<never>(() => {}) : host.published.get(...given)),
    })
    audit.start()
    await vi.advanceTimersByTimeAsync(2000)
    expect(audit.failure(NAMES.log)?.message).toContain('no answer')
    hangs = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(audit.failure(NAMES.log)).toBeUndefined()
  })

  test('AHP-PROOF-15 come at once when half of the places for heads are taken, and only then', async () => {
    const { audit, host, rounds } = auditOf()
    audit.start()
    await vi.advanceTimersByTimeAsync(100)
    for (let size = 1; size < MAX_WAITING / 2; size++) audit.accept(headOf(size + 300), host.clock.seconds())
    await vi.advanceTimersByTimeAsync(2000)
    expect(rounds()).toBe(1)
    for (let more = 0; more < 10; more++) {
      audit.accept(headOf(MAX_WAITING + more + 300), host.clock.seconds())
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(rounds()).toBe(2)
    // As long as they are so many.
    await vi.advanceTimersByTimeAsync(2000)
    expect(rounds()).toBe(4)
  })

  test('are not sooner for many heads of a log that cannot be read', async () => {
    const { audit, host, rounds } = auditOf()
    host.published.show({ ...host.log, checkpoint: () => 'no checkpoint' })
    audit.start()
    await vi.advanceTimersByTimeAsync(100)
    for (let size = 1; size <= MAX_WAITING; size++) audit.accept(headOf(size + 300), host.clock.seconds())
    await vi.advanceTimersByTimeAsync(9000)
    expect(rounds()).toBe(1)
  })
})

test('AHP-REFUSE-11 AHP-PROOF-16 a log that is so slow that no round ends is told to be down when requests are refused', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { host } = auditOf()
  const { audit, states } = auditOf({
    now: host.clock.now,
    timeoutMs: 60_000,
    get: async (url, limits) => {
      // The time of the round is over with the first tiles; those of the head that waits are not asked for any more.
      if (url.includes('/tile/')) await vi.advanceTimersByTimeAsync(31_000)
      return host.published.get(url, limits)
    },
  })
  audit.accept(parseCheckpoint(host.log.checkpoint()), host.clock.seconds())
  while (host.log.size < 600) host.log.append(new Uint8Array(1))
  host.clock.advance(900)
  await audit.warm()
  host.log.append(new Uint8Array(1))
  expect(states).toEqual([])
  host.clock.advance(1)
  await audit.warm()
  expect(states).toEqual(['down ledger_unproven'])
})

test('AHP-PROOF-19 tiles of a head over more leaves than can be counted are not asked for', async () => {
  const { audit, host } = auditOf()
  const { keys } = host
  const body = formatCheckpointBody(NAMES.log, 2n ** 53n + 1n, new Uint8Array(32))
  const id = noteKeyId(crypto, NAMES.log, LOG_KEY_TYPE, keys.log.publicKey)
  const note = formatNote(body, [{ name: NAMES.log, id, signature: keys.log.sign(utf8(body)) }])
  host.published.show({ ...host.log, checkpoint: () => note })
  await audit.warm()
  expect(audit.failure(NAMES.log)?.message).toBe('a head over more than 2^53 leaves')
  expect(host.published.reads).toEqual(['/checkpoint'])
})

test('requests come between the proofs of many heads', async () => {
  const { audit, host } = auditOf()
  const heads = Array.from({ length: 40 }, () => (host.log.append(new Uint8Array(1)), parseCheckpoint(host.log.checkpoint())))
  for (const head of heads) audit.accept(head, host.clock.seconds())
  let turns = 0
  const others = setInterval(() => turns++, 0)
  await audit.warm()
  clearInterval(others)
  expect(turns).toBeGreaterThan(0)
  for (const head of heads) expect(audit.judge(head, host.clock.seconds())).toBe('audited')
})

describe('a log that contradicts itself', () => {
  /** A log of another history than that of the mock harness. */
  const forkOf = ({ keys }: Host, size: number): MemoryLog => {
    const fork = createMemoryLog(crypto, NAMES.log, keys.log, size - 1)
    fork.append(new Uint8Array(1))
    return fork
  }

  test('AHP-PROOF-17 by what it publishes is read no further, and its head is not kept', async () => {
    const known = createMockHarness({ logSize: 300 }).log.checkpoint()
    const { kept, memory } = place(known)
    const { audit, host, states } = auditOf({ memory })
    host.published.show(forkOf(host, 300))
    await audit.warm()
    await audit.warm()
    expect(host.published.reads).toEqual(['/checkpoint'])
    await vi.waitFor(() => expect(kept.evidence).toContain('equivocation'))
    expect(kept.head).toBe(known)
    expect(states[0]).toBe('closed ledger_inconsistent')
  })

  test('AHP-PROOF-20 by a larger head has that in the evidence, and the proven one where heads are kept', async () => {
    const { kept, memory } = place()
    const { audit, host } = auditOf({ memory })
    await audit.warm()
    const known = host.log.checkpoint()
    await vi.waitFor(() => expect(kept.head).toBe(known))
    const fork = createMemoryLog(crypto, NAMES.log, host.keys.log, 299)
    while (fork.size < 400) fork.append(new Uint8Array(1))
    host.published.show(fork)
    await audit.warm()
    await vi.waitFor(() => expect(kept.evidence).toContain('equivocation'))
    expect(kept.head).toBe(known)
  })

  test('AHP-PROOF-17 by an older head that is not of its tree is shown in the order in which both were seen', async () => {
    const later = createMockHarness({ logSize: 350 }).log
    const { kept, memory } = place(later.checkpoint())
    const { audit, host } = auditOf({ memory })
    const early = forkOf(host, 300).checkpoint()
    host.published.show({
      checkpoint: () => (host.clock.advance(2), early),
      tile: (level, n, width) => later.tile(level, n, width),
    })
    await audit.warm()
    await vi.waitFor(() => expect(kept.evidence).toContain('equivocation'))
    const shown: { readonly earlier: { readonly note: string } } = JSON.parse(kept.evidence ?? '')
    expect(shown.earlier.note).toBe(later.checkpoint())
  })

  test('AHP-PROOF-17 by one of several heads that wait is read no further', async () => {
    const { audit, host } = auditOf()
    const heads = [1, 2].map((more) => forkOf(host, 256 * more - 1).checkpoint())
    for (const head of heads) audit.accept(parseCheckpoint(head), host.clock.seconds())
    while (host.log.size < 1000) host.log.append(new Uint8Array(1))
    await audit.warm()
    expect(host.published.reads).not.toContain('/tile/0/001')
  })
})

describe('with a place that outlives the process', () => {
  test('AHP-PROOF-20 a log that was closed is closed too when the bundle has its URL no more', async () => {
    const { memory } = place(undefined, 'evidence')
    const watched = auditOf({ memory }, {})
    expect(judge(watched)).toBe('ledger_inconsistent')
    await watched.audit.warm()
    expect(judge(watched)).toBe('ledger_inconsistent')
    expect([watched.states, watched.lines]).toEqual([
      ['closed ledger_inconsistent'],
      [`ledger ${NAMES.log}: closed, because evidence against it was kept`],
    ])
    expect(judge(auditOf({ memory: place().memory }, {}))).toBe('asserted')
  })

  test('AHP-PROOF-14 a head that was shown after a larger one was proven is proven too', async () => {
    const later = createMockHarness({ logSize: 300 }).log
    const early = later.checkpoint()
    while (later.size < 350) later.append(new Uint8Array(1))
    const { audit, host } = auditOf({ memory: place(later.checkpoint()).memory })
    host.published.show({ checkpoint: () => early, tile: (level, n, width) => later.tile(level, n, width) })
    await audit.warm()
    expect(audit.judge(parseCheckpoint(early), host.clock.seconds())).toBe('audited')
  })

  describe('that another process has too', () => {
    /** Two receivers with one place, each with a view of the log. */
    function two() {
      const { kept, memory } = place()
      const one = auditOf({ memory })
      const other = auditOf({ memory, now: one.host.clock.now })
      return { kept, memory, one, other }
    }

    test('AHP-PROOF-20 what the one found closes the log for the other', async () => {
      const { kept, one, other } = two()
      await other.audit.warm()
      kept.evidence = 'evidence'
      expect(judge(other)).toBe('audited')
      await other.audit.warm()
      expect(judge(other)).toBe('ledger_inconsistent')
      expect([one.states, other.states]).toEqual([[], ['up', 'closed ledger_inconsistent']])
      await other.audit.warm()
      expect(other.lines).toEqual([`ledger ${NAMES.log}: closed, because evidence against it was kept meanwhile`])
    })

    test.each([
      [300, 300],
      [300, 280],
      [280, 300],
    ])(
      'AHP-PROOF-17 a log that shows each of them a tree of its own, of %i and %i leaves, is closed',
      async (size, otherSize) => {
        const { kept, memory, one, other } = two()
        const [tree, fork] = [size, otherSize].map((length, at) => {
          const made = createMemoryLog(crypto, NAMES.log, one.host.keys.log, 270)
          while (made.size < length) made.append(Uint8Array.of(at))
          return made
        })
        if (tree === undefined || fork === undefined) throw new Error('two logs')
        one.host.published.show(tree)
        other.host.published.show(fork)
        await one.audit.warm()
        await vi.waitFor(() => expect(kept.head).toBe(tree.checkpoint()))
        await other.audit.warm()
        // A smaller tree shows it when it has grown.
        while (fork.size < 310) fork.append(Uint8Array.of(1))
        await other.audit.warm()
        expect(judge({ ...other, host: one.host })).toBe('ledger_inconsistent')
        await vi.waitFor(() => expect(kept.evidence).toContain('equivocation'))
        expect(memory.load(NAMES.log).evidence).toBe(kept.evidence)
        expect(other.lines).toEqual([expect.stringContaining('it contradicted itself')])
      },
    )

    test('AHP-PROOF-17 a head of the other that contradicts one that was proven here closes the log, and that is told once', async () => {
      const { kept, other } = two()
      await other.audit.warm()
      const fork = createMemoryLog(crypto, NAMES.log, other.host.keys.log, 299)
      fork.append(Uint8Array.of(1))
      kept.head = fork.checkpoint()
      await other.audit.warm()
      expect(judge(other)).toBe('ledger_inconsistent')
      expect(other.lines).toEqual([expect.stringContaining('it contradicted itself')])
    })

    test('a larger head of the same tree closes nothing, and must be shown in time', async () => {
      const { kept, one, other } = two()
      const early = other.host.log.checkpoint()
      const [tree, same] = [one.host.log, other.host.log]
      for (const log of [tree, same]) log.append(new Uint8Array(1))
      other.host.published.show({ checkpoint: () => early, tile: (level, n, width) => same.tile(level, n, width) })
      await one.audit.warm()
      await vi.waitFor(() => expect(kept.head).toBe(tree.checkpoint()))
      const code = async (): Promise<unknown> => {
        await other.audit.warm()
        return judge(other)
      }
      expect(await code()).toBe('asserted')
      one.host.clock.advance(901)
      other.host.published.show(same)
      expect(await code()).toBe('audited')
      expect(other.lines).toEqual([])
    })

    test('a place that cannot be read stops no round, and is told once until it can', async () => {
      const { memory } = place()
      let fails = false
      const load: AuditMemory['load'] = (origin) => {
        if (fails) throw new TypeError('somebody else can write there')
        return memory.load(origin)
      }
      const { audit, lines, states } = auditOf({ memory: { ...memory, load } })
      await audit.warm()
      fails = true
      for (let round = 0; round < 3; round++) await audit.warm()
      expect([states.at(-1), lines]).toEqual(['up', [`ledger ${NAMES.log}: what was kept of it cannot be read`]])
      fails = false
      await audit.warm()
      fails = true
      await audit.warm()
      expect(lines).toHaveLength(2)
    })

    test('a head there that the key of the log did not sign says nothing', async () => {
      const { kept, other } = two()
      await other.audit.warm()
      const stranger = createMemoryLog(crypto, NAMES.log, namedSigner('stranger', NAMES.log), 299)
      stranger.append(Uint8Array.of(1))
      kept.head = stranger.checkpoint()
      await other.audit.warm()
      expect(judge(other)).toBe('audited')
      expect(other.lines).toEqual([])
      kept.head = 'no note'
      for (let round = 0; round < 3; round++) await other.audit.warm()
      expect(judge(other)).toBe('audited')
      expect(other.lines).toEqual([`ledger ${NAMES.log}: what was kept of it cannot be read`])
    })
  })

  test('AHP-PROOF-20 evidence is kept as soon as the place takes it', async () => {
    const { kept, memory } = place()
    let isFull = true
    let tried = 0
    const full = (): void => {
      tried++
      if (isFull) throw new Error('no space left')
    }
    const watched = auditOf({
      memory: { ...memory, saveEvidence: (...given) => (full(), memory.saveEvidence(...given)) },
    })
    const { audit, host, lines } = watched
    await audit.warm()
    const fork = createMemoryLog(crypto, NAMES.log, host.keys.log, host.log.size - 1)
    fork.append(new Uint8Array(1))
    expect(() => audit.judge(parseCheckpoint(fork.checkpoint()), host.clock.seconds())).toThrow('ledger_inconsistent')
    await audit.warm()
    await audit.warm()
    expect(kept.evidence).toBeUndefined()
    isFull = false
    await audit.warm()
    await audit.warm()
    expect([tried, kept.evidence]).toEqual([4, expect.stringContaining('equivocation')])
    expect(lines.filter((line) => line.includes('cannot be kept'))).toHaveLength(1)
    expect(judge(watched)).toBe('ledger_inconsistent')
  })

  test('AHP-PROOF-20 a head is kept as soon as the place takes it, also when the log stands still', async () => {
    const { kept, memory } = place()
    let saved = 0
    const { audit, host, lines } = auditOf({
      memory: {
        ...memory,
        saveHead: (...given) => {
          if (++saved < 3) throw new Error('no space left')
          return memory.saveHead(...given)
        },
      },
    })
    for (let round = 1; round <= 5; round++) {
      await audit.warm()
      await vi.waitFor(() => expect(saved).toBe(Math.min(round, 3)))
    }
    expect(kept.head).toBe(host.log.checkpoint())
    expect(lines).toHaveLength(1)
  })

  test.each([
    [
      'of a key that is not that of the log any more',
      createMemoryLog(crypto, NAMES.log, namedSigner('old', NAMES.log), 5000).checkpoint(),
    ],
    ['that is damaged', 'no note'],
  ])('AHP-PROOF-20 a head %s makes room for those of today, however large it is', async (_title, old) => {
    const { kept, memory } = place(old)
    const { audit, host, lines } = auditOf({ memory: keepsLargest(memory, () => kept.head) })
    await audit.warm()
    await vi.waitFor(() => expect(kept.head).toBe(host.log.checkpoint()))
    expect(lines).toHaveLength(1)
  })

  test('AHP-PROOF-20 a head that cannot be removed is told', async () => {
    const { memory } = place('no note')
    const { audit, lines } = auditOf({ memory: { ...memory, dropHead: () => Promise.reject(new Error('not allowed')) } })
    await audit.warm()
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('cannot be removed')
  })
})

/** As a place must be: no head is replaced by a smaller one. */
function keepsLargest(memory: AuditMemory, headOfPlace: () => string | undefined): AuditMemory {
  const sizeOf = (note: string | undefined): bigint => (note?.includes('\n') === true ? parseCheckpoint(note).size : -1n)
  return {
    ...memory,
    saveHead: (origin, note) => (sizeOf(note) < sizeOf(headOfPlace()) ? undefined : memory.saveHead(origin, note)),
  }
}
