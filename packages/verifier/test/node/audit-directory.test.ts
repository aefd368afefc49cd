/** The newest heads of logs, and evidence against them, in the state directory (spec chapters 5.5 and 5.6). @module */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultCrypto, utf8 } from '@aiegis/protocol'
import { createMemoryLog, createMockHarness, NAMES, namedSigner } from '@aiegis/testing'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createAuditDirectory } from '../../src/node/audit-directory.ts'
import { createNodeVerifier } from '../../src/node/verifier.ts'

vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original()
  return { ...real, rename: vi.fn<typeof rename>(real.rename) }
})

const ORIGIN = 'ledger.example/aiegis/1'
const log = createMemoryLog(defaultCrypto(), ORIGIN, namedSigner('log', ORIGIN), 3)
const small = log.checkpoint()
log.append(utf8('one more'))
const large = log.checkpoint()

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aiegis-audit-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
})

const load = (origin = ORIGIN): object => createAuditDirectory(directory).load(origin)
/** The one file of that kind. */
const fileOf = (kind: 'head' | 'evidence'): string =>
  join(directory, readdirSync(directory).find((name) => name.startsWith(`ledger-${kind}-`)) ?? '')

describe('what is kept of a log', () => {
  test('AHP-PROOF-20 is given back after a restart, by origin, in files that nobody else reads', async () => {
    const memory = createAuditDirectory(directory)
    expect(memory.load(ORIGIN)).toEqual({ head: undefined, evidence: undefined })
    await memory.saveHead(ORIGIN, small)
    await memory.saveEvidence(ORIGIN, '{"kind":"rollback"}\n')
    expect(load()).toEqual({ head: small, evidence: '{"kind":"rollback"}\n' })
    expect(load('ledger.example/other')).toEqual({ head: undefined, evidence: undefined })
    expect(readdirSync(directory)).toHaveLength(2)
    for (const kind of ['head', 'evidence'] as const) expect(statSync(fileOf(kind)).mode & 0o777).toBe(0o600)
  })

  test('AHP-PROOF-20 is never replaced by a smaller head, which another process may have', async () => {
    const [one, other] = [createAuditDirectory(directory), createAuditDirectory(directory)]
    await one.saveHead(ORIGIN, small)
    await other.saveHead(ORIGIN, large)
    await one.saveHead(ORIGIN, small)
    expect(load()).toMatchObject({ head: large })
  })

  test('AHP-PROOF-20 is never replaced by a smaller head, also when processes write at once', async () => {
    const [one, other] = [createAuditDirectory(directory), createAuditDirectory(directory)]
    const real = vi.mocked(rename).getMockImplementation()
    vi.mocked(rename).mockImplementationOnce(async (from, to) => {
      await other.saveHead(ORIGIN, large)
      await real?.(from, to)
    })
    await one.saveHead(ORIGIN, small)
    expect(load()).toMatchObject({ head: large })
    expect(readdirSync(directory)).toHaveLength(1)
  })

  test('AHP-PROOF-20 is the larger of two heads, whatever their names look like in order', async () => {
    const heads = [9, 10].map((size) => createMemoryLog(defaultCrypto(), ORIGIN, namedSigner('log', ORIGIN), size).checkpoint())
    for (const head of heads.toReversed()) await createAuditDirectory(directory).saveHead(ORIGIN, head)
    expect(load()).toMatchObject({ head: heads[1] })
  })

  test.each<[string, (file: string) => void]>([
    ['is damaged', (file) => writeFileSync(file, 'damaged')],
    ['is of another size than its name says', (file) => writeFileSync(file, small)],
    ['is not UTF-8', (file) => writeFileSync(file, Uint8Array.of(0xff))],
  ])('AHP-PROOF-20 stops the start when it %s, and is replaced while the process runs', async (_title, change) => {
    const memory = createAuditDirectory(directory)
    await memory.saveHead(ORIGIN, large)
    change(fileOf('head'))
    expect(() => load()).toThrow(
      /^ledger memory .* is damaged \(.*\); put a good copy back, or remove it: then nothing is known of this log$/,
    )
    await memory.saveHead(ORIGIN, large)
    expect(load()).toMatchObject({ head: large })
  })

  test('AHP-PROOF-20 is dropped only while nothing else has taken its place', async () => {
    const memory = createAuditDirectory(directory)
    await memory.saveHead(ORIGIN, large)
    await memory.dropHead(ORIGIN, small)
    expect(load()).toMatchObject({ head: large })
    await memory.dropHead(ORIGIN, large)
    await memory.dropHead(ORIGIN, large)
    expect(load()).toEqual({ head: undefined, evidence: undefined })
  })

  test('AHP-PROOF-17 is the evidence that was found first', async () => {
    const memory = createAuditDirectory(directory)
    await memory.saveEvidence(ORIGIN, 'first')
    await memory.saveEvidence(ORIGIN, 'second')
    expect(load()).toMatchObject({ evidence: 'first' })
  })

  test('AHP-PROOF-20 closes the log whatever is in the evidence', async () => {
    const memory = createAuditDirectory(directory)
    await memory.saveEvidence(ORIGIN, 'x')
    writeFileSync(fileOf('evidence'), Uint8Array.of(0xff, 0x00))
    expect(load()).toMatchObject({ evidence: '\uFFFD\u0000' })
    writeFileSync(fileOf('evidence'), '')
    expect(load()).toMatchObject({ evidence: '' })
  })

  test.each<[string, (file: string) => void, RegExp]>([
    ['others can write', (file) => chmodSync(file, 0o622), /can be written by group or others/],
    [
      'is a link',
      (file) => {
        const elsewhere = join(directory, 'elsewhere')
        writeFileSync(elsewhere, readFileSync(file))
        rmSync(file)
        symlinkSync(elsewhere, file)
      },
      /is a link/,
    ],
  ])('AHP-PROOF-20 stops the start when a file %s', async (_title, change, expected) => {
    await createAuditDirectory(directory).saveHead(ORIGIN, small)
    change(fileOf('head'))
    expect(() => load()).toThrow(expected)
  })
})

test('AHP-PROOF-20 a place that the caller brings for logs is used instead of the directory', async () => {
  const harness = createMockHarness({ logSize: 1 })
  const ledgers = [{ origin: NAMES.log, vkey: harness.log.vkey, assurance: 'proof', url: NAMES.logUrl }]
  const heads: string[] = []
  const verifier = createNodeVerifier({
    ...harness.receiver({ ledgers }),
    log: () => {},
    stateDirectory: directory,
    auditMemory: {
      load: () => ({ head: undefined, evidence: undefined }),
      saveHead: (_origin, note) => void heads.push(note),
      dropHead: () => {},
      saveEvidence: () => {},
    },
  })
  await verifier.warm()
  verifier.close()
  expect(heads).toEqual([harness.log.checkpoint()])
  expect(readdirSync(directory).filter((name) => name.startsWith('ledger-'))).toEqual([])
})

test('AHP-PROOF-20 a place that the caller brings for lists leaves logs in the directory of the environment', async () => {
  vi.stubEnv('AIEGIS_STATE', directory)
  onTestFinished(() => void vi.unstubAllEnvs())
  const harness = createMockHarness({ logSize: 1 })
  const ledgers = [{ origin: NAMES.log, vkey: harness.log.vkey, assurance: 'proof', url: NAMES.logUrl }]
  const lists: string[] = []
  const statusMemory = { load: () => undefined, save: (_issuer: string, url: string) => void lists.push(url) }
  const verifier = createNodeVerifier({ ...harness.receiver({ ledgers }), log: () => {}, statusMemory })
  await verifier.warm()
  verifier.close()
  await vi.waitFor(() => expect(readdirSync(directory)).toEqual([expect.stringMatching(/^ledger-head-.*\.txt$/)]))
  expect(lists).toEqual([NAMES.statusList])
})
