/** What the audit of a receiver finds out about a log, and what a request learns of it, on the clock of the mock harness (spec chapter 5.5). @module */
import { checkLedgerEvidence, encodeBase64url, utf8 } from '@aiegis/protocol'
import {
  cosign,
  createInventedLog,
  createMemoryLog,
  createMockHarness,
  NAMES,
  namedSigner,
  withLine,
  witnessVkey,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import type { AuditMemory } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { frozen, otherLog, watch } from './watched.ts'

const otherWitness = namedSigner('second witness', 'second.example')

/** The note with a line of the witness, so many seconds from now. */
function cosigned(harness: MockHarness, note: string, seconds: number): string {
  return cosign(harness.crypto, note, harness.keys.witness, harness.clock.seconds() + seconds)
}

describe('an honest log', () => {
  test('AHP-PROOF-14 is asserted until the head of the decision was proven, and audited from then on', async () => {
    const { harness, send, round } = await watch()
    const first = harness.mint()
    const index = harness.log.size - 1
    const second = harness.mint()
    expect(await send(second)).toBe('asserted')
    // The head of the second decision, which has the first below it too.
    const under = withLine(first, 'X-AEGIS-Proof', encodeBase64url(utf8(harness.log.prove(index))))
    await round()
    expect(await send(under)).toBe('audited')
    expect(await send()).toBe('asserted')
  })

  test('AHP-PROOF-14 a head that is smaller than a proven one is not audited for that', async () => {
    const { harness, send, round } = await watch()
    const early = harness.mint()
    harness.mint()
    await round()
    expect(await send(early)).toBe('asserted')
  })

  test('AHP-PROOF-16 stays open for days, whatever the sizes at which heads are taken', async () => {
    const { harness, send, round, lines } = await watch(createMockHarness({ logSize: 0 }))
    for (const growth of [1, 1, 1, 2, 3, 60, 188, 255, 1, 256, 700, 0, 3]) {
      for (let added = 0; added < growth; added++) harness.log.append(utf8(`leaf ${harness.log.size}`))
      expect(await send()).toBe('asserted')
      expect(await send()).toBe('asserted')
      await round()
      harness.clock.advance(899)
    }
    expect(lines).toEqual([])
  })

  test('reads only tiles that are new, and the edge', async () => {
    const { harness, send, round } = await watch(createMockHarness({ logSize: 70_000 }))
    expect(await send()).toBe('asserted')
    await round()
    const before = harness.published.reads.length
    expect(await send()).toBe('asserted')
    await round()
    expect(harness.published.reads.slice(before)).toEqual(['/checkpoint', '/tile/0/273.p/114'])
  })

  test('AHP-PROOF-19 may have dropped partial tiles', async () => {
    const { harness, send, round, lines } = await watch()
    const { log } = harness
    expect(await send()).toBe('asserted')
    const shown = frozen(log)
    for (let added = 0; added < 300; added++) log.append(utf8(`leaf ${added}`))
    harness.published.show({
      ...shown,
      tile: (level, n, width) => {
        if (width < 256 && level === 0) throw new RangeError('dropped')
        return log.tile(level, n, width)
      },
    })
    await round()
    expect(harness.published.reads.slice(-2)).toEqual(['/tile/0/001.p/45', '/tile/0/001'])
    expect(lines).toEqual([])
  })
})

describe('a log whose heads cannot be proven', () => {
  test('AHP-PROOF-16 is served for so long, then closed with others open, and opened when all heads were proven', async () => {
    const { harness, send, round, lines } = await watch()
    harness.published.set('down')
    expect(await send()).toBe('asserted')
    await round()
    harness.clock.advance(900)
    await round()
    expect(await send()).toBe('asserted')
    harness.clock.advance(1)
    expect(await send()).toBe('ledger_unproven')
    expect(await send(harness.mint({}, { log: otherLog(harness) }))).toBe('asserted')
    await round()
    expect(await send()).toBe('ledger_unproven')
    harness.published.set('up')
    await round()
    expect(await send()).toBe('asserted')
    expect(lines.map((line) => line.split(': ')[1])).toEqual(['its heads cannot be proven now'])
  })

  test('AHP-PROOF-16 a log that invents its siblings is accepted as asserted, and closed when nobody could find its tree', async () => {
    const { harness, send, round } = await watch()
    const log = createInventedLog(harness.crypto, NAMES.log, harness.keys.log, 1000)
    harness.published.show(log)
    expect(await send(harness.mint({}, { log }))).toBe('asserted')
    await round()
    harness.clock.advance(900)
    expect(await send(harness.mint({}, { log }))).toBe('asserted')
    await round()
    harness.clock.advance(1)
    expect(await send(harness.mint({}, { log }))).toBe('ledger_unproven')
    expect(await send(harness.mint({}, { log: otherLog(harness) }))).toBe('asserted')
  })

  test('AHP-PROOF-16 a published head is not its own proof: without tiles that give its root nothing is proven', async () => {
    const own = createMockHarness({ logSize: 3 })
    own.published.set('down')
    const { harness, send, round } = await watch(own)
    const log = createInventedLog(harness.crypto, NAMES.log, harness.keys.log, 1000)
    harness.published.show(log)
    harness.published.set('up')
    expect(await send(harness.mint({}, { log }))).toBe('asserted')
    await round()
    harness.clock.advance(901)
    expect(await send(harness.mint({}, { log }))).toBe('ledger_unproven')
  })

  test('AHP-PROOF-16 is opened again though its host had sent noise of the right size', async () => {
    const { harness, send, round } = await watch(createMockHarness({ logSize: 200 }))
    const { log } = harness
    expect(await send()).toBe('asserted')
    for (let added = 0; added < 400; added++) log.append(utf8(`leaf ${added}`))
    harness.published.show({
      checkpoint: () => log.checkpoint(),
      tile: (level, n, width) => log.tile(level, n, width).map((byte) => byte ^ 1),
    })
    await round()
    harness.published.show(log)
    await round()
    harness.clock.advance(901)
    expect(await send()).toBe('asserted')
  })

  test('AHP-PROOF-16 a clock that was set back gives no more time', async () => {
    const { harness, send } = await watch()
    harness.published.set('down')
    expect(await send()).toBe('asserted')
    harness.clock.advance(-901)
    expect(await send()).toBe('ledger_unproven')
  })

  test.each<[string, string, (harness: MockHarness, note: string) => string]>([
    ['is signed by nobody who is known', 'ledger_unproven', (h) => cosigned(h, h.log.checkpoint(h.keys.stranger), 0)],
    ['lacks the witness', 'ledger_unproven', (_, note) => note],
    [
      'has a bad line of another witness',
      'ledger_unproven',
      (h, note) => cosign(h.crypto, cosigned(h, note, 0), otherWitness, h.clock.seconds(), h.keys.stranger),
    ],
    ['has a line of the witness from the future', 'ledger_unproven', (h, note) => cosigned(h, note, 6)],
    ['has a line of the witness', 'asserted', (h, note) => cosigned(h, note, 5)],
  ])('AHP-PROOF-16 under `cosigned` a published head that %s makes the log %s', async (_title, expected, change) => {
    const own = createMockHarness({ logSize: 3 })
    const witnesses = { quorum: 1, vkeys: [own.keys.witness, otherWitness].map((witness) => witnessVkey(own.crypto, witness)) }
    const { harness, send, round } = await watch(own, undefined, { assurance: 'cosigned', witnesses })
    const { log } = harness
    const mint = (): RawRequest => harness.mint({}, { checkpoint: (note) => cosigned(harness, note, 0) })
    harness.published.show({
      checkpoint: () => change(harness, log.checkpoint()),
      tile: (level, n, width) => log.tile(level, n, width),
    })
    expect(await send(mint())).toBe('asserted')
    await round()
    harness.clock.advance(901)
    expect(await send(mint())).toBe(expected)
  })

  test('AHP-ROAD-3 a request that is refused after the ledger step makes the log prove nothing', async () => {
    const { harness, send } = await watch()
    harness.published.set('down')
    expect(await send(harness.mint({ action: 'orders.read' }))).toBe('action_unmapped')
    harness.clock.advance(550)
    expect(await send()).toBe('asserted')
  })
})

describe('a log that contradicts itself', () => {
  test('AHP-PROOF-17 by two heads of one size is closed at once, for good, with evidence', async () => {
    const { harness, send, round, evidence } = await watch()
    const fork = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size)
    expect(await send()).toBe('asserted')
    expect(await send(harness.mint({}, { log: fork }))).toBe('ledger_inconsistent')
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    expect(await send(harness.mint({}, { log: otherLog(harness) }))).toBe('asserted')
    expect(await checkLedgerEvidence(harness.crypto, utf8(evidence()))).toMatchObject({ kind: 'equivocation', origin: NAMES.log })
  })

  test('AHP-PROOF-17 by a head that is not in the published tree is closed at the next round, with evidence', async () => {
    const { harness, send, round, evidence } = await watch()
    // Siblings are invented, and what is published is a real tree of more leaves.
    const log = createInventedLog(harness.crypto, NAMES.log, harness.keys.log, 137)
    expect(await send(harness.mint({}, { log }))).toBe('asserted')
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    const found = await checkLedgerEvidence(harness.crypto, utf8(evidence()))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['equivocation', 138n, 300n])
  })

  test('AHP-PROOF-17 by a view for this receiver that others do not get is closed when the public one has grown past it', async () => {
    const { harness, send, round, evidence } = await watch()
    const view = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size)
    view.append(utf8('not in the public tree'))
    expect(await send(harness.mint({}, { log: view }))).toBe('asserted')
    await round()
    expect(await send(harness.mint({}, { log: view }))).toBe('asserted')
    for (let added = 0; added < 500; added++) harness.log.append(utf8(`public ${added}`))
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    const found = await checkLedgerEvidence(harness.crypto, utf8(evidence()))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['equivocation', 302n, 800n])
  })

  test('AHP-PROOF-17 by publishing another tree than before is closed though no request came', async () => {
    const { harness, send, round, evidence } = await watch()
    const rewritten = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, 299)
    for (let added = 0; added < 100; added++) rewritten.append(utf8(`another history ${added}`))
    harness.published.show(rewritten)
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    const found = await checkLedgerEvidence(harness.crypto, utf8(evidence()))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['equivocation', 300n, 399n])
  })

  test('AHP-PROOF-17 by publishing another tree of the same size is closed though no request came', async () => {
    const { harness, send, round, evidence } = await watch()
    const rewritten = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, 299)
    rewritten.append(utf8('another last entry'))
    harness.published.show(rewritten)
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    const found = await checkLedgerEvidence(harness.crypto, utf8(evidence()))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['equivocation', 300n, 300n])
  })

  test('AHP-PROOF-18 by showing an older head for too long is closed for good, with evidence', async () => {
    const { harness, send, round, evidence } = await watch()
    const old = frozen(harness.log)
    for (let added = 0; added < 50; added++) harness.log.append(utf8(`leaf ${added}`))
    await round()
    harness.published.show(old)
    await round()
    harness.clock.advance(900)
    await round()
    expect(await send()).toBe('asserted')
    harness.clock.advance(1)
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    const found = await checkLedgerEvidence(harness.crypto, utf8(evidence()))
    expect([found.kind, found.earlier.size, found.later.size]).toEqual(['rollback', 350n, 300n])
  })

  test('AHP-PROOF-18 by never publishing a head that it gave is closed for good', async () => {
    const { harness, send, round, evidence } = await watch()
    harness.published.show(frozen(harness.log))
    expect(await send()).toBe('asserted')
    await round()
    harness.clock.advance(901)
    expect(await send()).toBe('ledger_unproven')
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    expect(await checkLedgerEvidence(harness.crypto, utf8(evidence()))).toMatchObject({ kind: 'rollback', later: { size: 300n } })
  })

  test('AHP-PROOF-18 a cache that shows an older head for a while closes nothing', async () => {
    const { harness, send, round } = await watch()
    const old = frozen(harness.log)
    for (const pause of [890, 890, 890]) {
      expect(await send()).toBe('asserted')
      harness.published.show(harness.log)
      await round()
      harness.published.show(old)
      await round()
      harness.clock.advance(pause)
    }
    harness.published.show(harness.log)
    await round()
    expect(await send()).toBe('asserted')
  })

  test('AHP-PROOF-18 an outage followed by a stale head gives the log time to show a newer one', async () => {
    const { harness, send, round } = await watch()
    const old = frozen(harness.log)
    harness.published.set('down')
    expect(await send()).toBe('asserted')
    harness.clock.advance(3600)
    harness.published.set('up')
    harness.published.show(old)
    await round()
    expect(await send()).toBe('ledger_unproven')
    harness.published.show(harness.log)
    await round()
    expect(await send()).toBe('asserted')
  })
})

describe('with a place that outlives the process', () => {
  /** A place in memory. */
  function place(): AuditMemory & { readonly heads: string[]; readonly kept: string[] } {
    const heads: string[] = []
    const kept: string[] = []
    return {
      heads,
      kept,
      load: (origin) =>
        origin === NAMES.log ? { head: heads.at(-1), evidence: kept.at(-1) } : { head: undefined, evidence: undefined },
      saveHead: (_origin, note) => void heads.push(note),
      dropHead: (_origin, note) => void heads.splice(heads.lastIndexOf(note), 1),
      saveEvidence: (_origin, evidence) => void kept.push(evidence),
    }
  }

  test('AHP-PROOF-20 a log that went back while the receiver was down is found out', async () => {
    const memory = place()
    const { harness, round } = await watch(undefined, memory)
    await round()
    expect(memory.heads).toEqual([harness.log.checkpoint()])
    const rewritten = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, 0)
    for (let added = 0; added < 310; added++) rewritten.append(utf8(`another history ${added}`))
    harness.published.show(rewritten)
    const later = await watch(harness, memory)
    expect(await later.send()).toBe('ledger_inconsistent')
    expect(memory.kept).toEqual([`${later.evidence()}\n`])
  })

  test('AHP-PROOF-20 a log that was closed stays closed, until somebody removes the evidence', async () => {
    const memory = place()
    const { harness, send } = await watch(undefined, memory)
    const fork = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size)
    expect(await send()).toBe('asserted')
    expect(await send(harness.mint({}, { log: fork }))).toBe('ledger_inconsistent')
    const later = await watch(harness, memory)
    expect(await later.send()).toBe('ledger_inconsistent')
    expect(later.lines).toEqual([`ledger ${NAMES.log}: closed, because evidence against it was kept`])
    memory.kept.length = 0
    expect(await (await watch(harness, memory)).send()).toBe('asserted')
  })

  test.each([
    ['that no log could have signed', 'not a note'],
    ['of another log', otherLog(createMockHarness({ logSize: 1 })).checkpoint()],
  ])('AHP-PROOF-20 a head %s was never there', async (_title, head) => {
    const memory = place()
    memory.heads.push(head)
    const { send, round, lines } = await watch(undefined, memory)
    expect(await send()).toBe('asserted')
    await round()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('the head that was kept of it is not used')
  })

  test('AHP-PROOF-20 a place that fails closes the log all the same, and says so with the evidence', async () => {
    const memory = { ...place(), saveEvidence: () => Promise.reject(new Error('no space left')) }
    const { harness, send, round, lines, evidence } = await watch(undefined, memory)
    const fork = createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, harness.log.size)
    expect(await send()).toBe('asserted')
    expect(await send(harness.mint({}, { log: fork }))).toBe('ledger_inconsistent')
    await round()
    expect(await send()).toBe('ledger_inconsistent')
    expect(lines[1]).toContain('the evidence cannot be kept')
    expect(await checkLedgerEvidence(harness.crypto, utf8(evidence()))).toMatchObject({ kind: 'equivocation' })
  })
})
