/** What is remembered of one log, how much of it, and what closes it (spec chapter 5.5). @module */
import { createMemoryLog, namedSigner } from '@aiegis/testing'
import { defaultCrypto, parseCheckpoint, type Checkpoint } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { createOriginMemory, MAX_WAITING, type OriginMemory } from '../src/audit-origin.ts'

const crypto = defaultCrypto()
const ORIGIN = 'ledger.example/aiegis/1'
const log = createMemoryLog(crypto, ORIGIN, namedSigner('log', ORIGIN), 1)
const real = parseCheckpoint(log.checkpoint())

/** A head as it looks when its signatures were verified. */
const head = (size: number, root = 0): Checkpoint => ({ ...real, size: BigInt(size), root: new Uint8Array(32).fill(root) })

function memoryOf(): { readonly memory: OriginMemory; readonly evidence: string[]; readonly pass: (seconds: number) => void } {
  const evidence: string[] = []
  let elapsed = 5_000_000
  const memory = createOriginMemory({
    vkey: log.vkey,
    maxUnprovenSeconds: 900,
    elapsed: () => elapsed,
    isClosed: false,
    onContradiction: (found) => evidence.push(found),
  })
  return { memory, evidence, pass: (seconds) => void (elapsed += seconds * 1000) }
}

const codeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return Reflect.get(Object(error), 'code')
  }
}

describe('heads that wait', () => {
  test('AHP-PROOF-15 are never forgotten: with too many the origin closes until they are proven', () => {
    const { memory } = memoryOf()
    for (let size = 1; size < MAX_WAITING; size++) memory.accept(head(size), 1000)
    expect(codeOf(() => memory.judge(head(MAX_WAITING), 1000))).toBe('asserted')
    memory.accept(head(MAX_WAITING), 1000)
    expect(codeOf(() => memory.judge(head(MAX_WAITING), 1000))).toBe('ledger_unproven')
    // A request that was judged before the last place was taken.
    memory.accept(head(MAX_WAITING + 1), 1000)
    expect(memory.waiting()).toHaveLength(MAX_WAITING + 1)
    for (const one of memory.waiting()) memory.proven(one)
    expect(codeOf(() => memory.judge(head(MAX_WAITING), 1000))).toBe('audited')
  })

  test('AHP-PROOF-15 are each remembered once, however often they come', () => {
    const { memory } = memoryOf()
    for (let times = 0; times < 100; times++) memory.accept(head(7), 1000 + times)
    expect(memory.waiting().map(({ seenAt }) => seenAt)).toEqual([1000])
  })

  test.each([
    [900, 'asserted'],
    [901, 'ledger_unproven'],
    [-900, 'asserted'],
    [-901, 'ledger_unproven'],
  ])('AHP-PROOF-16 for %i seconds make the log %s', (seconds, expected) => {
    const { memory } = memoryOf()
    memory.accept(head(7), 10_000)
    memory.accept(head(8), 10_000 + seconds)
    expect(codeOf(() => memory.judge(head(9), 10_000 + seconds))).toBe(expected)
  })

  test('AHP-PROOF-16 get no more time by a clock that is set back, again and again', () => {
    const { memory, pass } = memoryOf()
    memory.accept(head(7), 10_000)
    pass(450)
    expect(codeOf(() => memory.judge(head(8), 9_600))).toBe('asserted')
    pass(450)
    expect(codeOf(() => memory.judge(head(8), 10_010))).toBe('asserted')
    pass(1)
    expect(codeOf(() => memory.judge(head(8), 9_700))).toBe('ledger_unproven')
  })

  test('AHP-PROOF-15 do not wait again when they were proven, as long as that is remembered: of some hundreds, not of all', () => {
    const { memory } = memoryOf()
    for (let size = 1; size <= 5000; size++) memory.proven({ checkpoint: head(size), seenAt: 1000 })
    memory.accept(head(5000), 1001)
    memory.accept(head(4600), 1001)
    expect(memory.waiting()).toEqual([])
    memory.accept(head(1), 1001)
    memory.accept(head(3900), 1001)
    expect(memory.waiting()).toHaveLength(2)
  })

  test('AHP-PROOF-15 are told to be many when half of the places are taken, and not any more when they are proven', () => {
    const { memory } = memoryOf()
    for (let size = 1; size < MAX_WAITING / 2; size++) memory.accept(head(size), 1000)
    expect(memory.isCrowded).toBe(false)
    memory.accept(head(MAX_WAITING), 1000)
    expect(memory.isCrowded).toBe(true)
    memory.proven({ checkpoint: head(7), seenAt: 1001 })
    expect(memory.isCrowded).toBe(false)
  })

  test('AHP-PROOF-16 count by the oldest that is not proven', () => {
    const { memory } = memoryOf()
    memory.accept(head(7), 1000)
    memory.accept(head(8), 1500)
    const [oldest] = memory.waiting()
    if (oldest !== undefined) memory.proven(oldest)
    expect(codeOf(() => memory.judge(head(9), 2400))).toBe('asserted')
    expect(codeOf(() => memory.judge(head(9), 2401))).toBe('ledger_unproven')
  })
})

describe('two roots for one size', () => {
  test.each<[string, (memory: OriginMemory) => void]>([
    ['waits', (memory) => memory.accept(head(7, 1), 1000)],
    ['was proven', (memory) => memory.proven({ checkpoint: head(7, 1), seenAt: 1000 })],
    ['is the newest', (memory) => memory.advance({ checkpoint: head(7, 1), seenAt: 1000 })],
    ['was kept from before', (memory) => memory.recover(head(7, 1), 1000)],
  ])('AHP-PROOF-17 are seen when the other one %s', (_title, prepare) => {
    const { memory, evidence } = memoryOf()
    prepare(memory)
    expect(codeOf(() => memory.judge(head(7, 1), 1001))).not.toBe('ledger_inconsistent')
    expect(codeOf(() => memory.judge(head(7, 2), 1001))).toBe('ledger_inconsistent')
    expect(codeOf(() => memory.accept(head(8), 1001))).toBe('ledger_inconsistent')
    expect(evidence).toHaveLength(1)
    expect(memory.waiting()).toEqual([])
  })

  test('AHP-PROOF-17 are seen between the judgement and the claim', () => {
    const { memory } = memoryOf()
    expect(memory.judge(head(7, 1), 1000)).toBe('asserted')
    expect(memory.judge(head(7, 2), 1000)).toBe('asserted')
    memory.accept(head(7, 1), 1000)
    expect(codeOf(() => memory.accept(head(7, 2), 1000))).toBe('ledger_inconsistent')
  })
})

test.each<[string, (memory: OriginMemory) => void]>([
  ['proven', (memory) => memory.proven({ checkpoint: head(7, 2), seenAt: 1001 })],
  ['published', (memory) => memory.advance({ checkpoint: head(7, 2), seenAt: 1001 })],
])('AHP-PROOF-17 two roots for one size are seen when a head comes while another one is being %s', (_title, finish) => {
  const { memory, evidence } = memoryOf()
  memory.accept(head(7, 1), 1000)
  finish(memory)
  expect([memory.isClosed, evidence.length]).toEqual([true, 1])
})

test('AHP-PROOF-18 counts from the first smaller head that was read, anew after each that was not', () => {
  const { memory, evidence } = memoryOf()
  memory.accept(head(7), 1000)
  const show = (size: number, seenAt: number): void => memory.published({ checkpoint: head(size), seenAt })
  show(6, 1100)
  show(7, 2000)
  show(6, 2001)
  show(6, 2901)
  expect(memory.isClosed).toBe(false)
  show(6, 2902)
  expect([memory.isClosed, evidence.length]).toEqual([true, 1])
})

test('AHP-PROOF-18 a clock that is set back is no evidence, and gives no time either', () => {
  const { memory, pass } = memoryOf()
  memory.accept(head(7), 10_000)
  const show = (size: number, seenAt: number): void => memory.published({ checkpoint: head(size), seenAt })
  show(6, 10_000)
  show(6, 5000)
  pass(900)
  show(6, 5900)
  expect(memory.isClosed).toBe(false)
  pass(1)
  show(6, 5901)
  expect(memory.isClosed).toBe(true)
})

test('AHP-PROOF-20 a log against which somebody else has evidence is closed, and nothing of it waits any more', () => {
  const { memory, evidence } = memoryOf()
  memory.accept(head(7), 1000)
  memory.shut()
  expect([memory.isClosed, memory.waiting(), evidence]).toEqual([true, [], []])
  expect(codeOf(() => memory.judge(head(7), 1000))).toBe('ledger_inconsistent')
})
