/** What the contract asks of appending: one index for one key, none twice, none missing, and heads that extend each other (spec chapter 17). @module */
import { equal, parseCheckpoint, verifyConsistency } from '@aiegis/protocol'
import type { Log } from '../log.ts'
import { at, checkProof, crypto, fill, keyOf, leafOf, refused, same, sameBytes, verifyAll, type Check } from './subject.ts'

/** Over full tiles: 256 leaves fill one. */
const MANY = 600

/** By name. */
export const appendCases: readonly (readonly [name: string, check: Check])[] = [
  ['gives each of 600 appends at once an index of its own, without gaps, and a proof', contiguous],
  ['gives the same key the same index: later, at once, to every writer and after it was opened again', idempotent],
  ['refuses a key that comes again with another leaf, and adds nothing', conflict],
  ['keeps equal leaves under two keys apart', equalLeaves],
  ['signs heads of which each extends the one before, whoever appends', growingHeads],
  ['takes leaves of 1 to 65,535 bytes and keys of 1 to 64, and no others', lengths],
  ['keeps what it was given, not what is written into it afterwards', copies],
  ['keeps everything that it released when it is opened again', durable],
  ['finishes what it accepted when it is closed, and refuses everything after', closing],
]

async function contiguous({ logs }: Parameters<Check>[0]): Promise<void> {
  const appended = await fill(logs, 0, MANY)
  const indices = appended.map(({ index }) => Number(index)).toSorted((a, b) => a - b)
  for (const [position, index] of indices.entries()) same(`index number ${position}`, index, position)
  for (const [number, one] of appended.entries()) await checkProof(logs[0], leafOf(number), one)
  for (const log of logs) same('the entries that verify', await verifyAll(log, appended.slice(0, 5).map(checkpointOf)), MANY)
}

async function idempotent({ logs, reopen }: Parameters<Check>[0]): Promise<void> {
  await fill(logs, 0, 10)
  const { index } = await logs[0].append(leafOf('a'), keyOf('a'))
  const again = await Promise.all(Array.from({ length: 8 }, async (_, turn) => at(logs, turn).append(leafOf('a'), keyOf('a'))))
  for (const one of again) same('the index of a later append', one.index, index)
  const race = await Promise.all(Array.from({ length: 20 }, async (_, turn) => at(logs, turn).append(leafOf('b'), keyOf('b'))))
  for (const one of race) same('the index of one of 20 appends at once', one.index, index + 1n)
  const [reopened] = await reopen()
  const later = await reopened.append(leafOf('a'), keyOf('a'))
  same('the index after it was opened again', later.index, index)
  await checkProof(reopened, leafOf('a'), later)
  same('the number of entries', await verifyAll(reopened, again.map(checkpointOf)), 12)
}

async function conflict({ logs }: Parameters<Check>[0]): Promise<void> {
  await logs[0].append(leafOf(0), keyOf(0))
  for (const log of logs) await refused('another leaf', () => log.append(leafOf(1), keyOf(0)), 'idempotency_conflict')
  const both = await Promise.allSettled([2, 3].map(async (number) => at(logs, number).append(leafOf(number), keyOf('race'))))
  same('how many of two leaves under one key are stored', both.filter(({ status }) => status === 'fulfilled').length, 1)
  const next = await logs[0].append(leafOf(4), keyOf(4))
  same('the index after two refusals', next.index, 2n)
}

async function equalLeaves({ logs }: Parameters<Check>[0]): Promise<void> {
  const first = await logs[0].append(leafOf(0), keyOf(0))
  const second = await logs[0].append(leafOf(0), keyOf(1))
  same('the first index', first.index, 0n)
  same('the second index', second.index, 1n)
}

async function growingHeads({ logs }: Parameters<Check>[0]): Promise<void> {
  const heads = [logs[0].checkpoint()]
  for (let number = 0; number < 40; number++)
    heads.push((await at(logs, number).append(leafOf(number), keyOf(number))).checkpoint)
  for (const [position, note] of heads.entries()) {
    const before = parseCheckpoint(heads[position - 1] ?? note)
    const after = parseCheckpoint(note)
    if (before.size === 0n) continue
    await checkExtends(at(logs, position), before, after)
  }
  same('the entries that verify under all heads', await verifyAll(at(logs, 1), heads), 40)
}

async function checkExtends(
  log: Log,
  before: ReturnType<typeof parseCheckpoint>,
  after: ReturnType<typeof parseCheckpoint>,
): Promise<void> {
  const path = await log.consistency(before.size, after.size)
  const claim = { size1: before.size, size2: after.size, root1: before.root, root2: after.root, path }
  same(`that ${after.size} entries extend ${before.size}`, verifyConsistency(crypto, claim), true)
}

async function lengths({ logs: [log] }: Parameters<Check>[0]): Promise<void> {
  for (const length of [1, 65_535]) await log.append(new Uint8Array(length), keyOf(length))
  for (const length of [0, 65_536])
    await refused(`a leaf of ${length} bytes`, () => log.append(new Uint8Array(length), keyOf(length)), TypeError)
  await log.append(leafOf(1), new Uint8Array(64))
  for (const length of [0, 65])
    await refused(`a key of ${length} bytes`, () => log.append(leafOf(2), new Uint8Array(length)), TypeError)
  for (const length of [0, 65_536])
    await refused(`clear text of ${length} bytes`, () => log.append(leafOf(3), keyOf(3), new Uint8Array(length)), TypeError)
  same('the number of entries', await verifyAll(log, []), 3)
}

async function copies({ logs: [log] }: Parameters<Check>[0]): Promise<void> {
  const [leaf, key, clear] = [leafOf(0), keyOf(0), leafOf('clear')]
  const pending = log.append(leaf, key, clear)
  for (const bytes of [leaf, key, clear]) bytes.fill(0)
  await checkProof(log, leafOf(0), await pending)
  const entry = await log.entry(0n)
  sameBytes('the leaf', entry?.leaf, leafOf(0))
  sameBytes('the clear text', entry?.clear, leafOf('clear'))
  same('the index of the same key', (await log.append(leafOf(0), keyOf(0))).index, 0n)
}

async function durable({ logs, reopen }: Parameters<Check>[0]): Promise<void> {
  const appended = await fill(logs, 0, MANY)
  const head = await logs[0].newest()
  const reopened = await reopen()
  for (const log of reopened) {
    same('the size of the newest head', parseCheckpoint(await log.newest()).size, parseCheckpoint(head).size)
    same('the entries that verify', await verifyAll(log, [head, ...new Set(appended.map(checkpointOf))]), MANY)
  }
  for (const [number, { index }] of appended.entries())
    if (!equal((await reopened[0].entry(index))?.leaf ?? new Uint8Array(0), leafOf(number)))
      throw new Error(`entry ${index} is another one after the log was opened again`)
  const [more] = await fill(reopened, MANY, MANY + 1)
  same('the next index', more?.index, BigInt(MANY))
}

async function closing({ logs, reopen }: Parameters<Check>[0]): Promise<void> {
  const [log] = logs
  const pending = Array.from({ length: 50 }, async (_, number) => log.append(leafOf(number), keyOf(number)))
  const closed = log.close()
  const appended = await Promise.all(pending)
  await closed
  await log.close()
  for (const question of [
    () => log.append(leafOf(50), keyOf(50)),
    () => log.checkpoint(),
    () => log.newest(),
    () => log.entry(0n),
    () => log.tile(0, 0n, 1),
  ])
    await refused('a question after the end', question, 'ledger_unavailable')
  const [reopened] = await reopen()
  for (const [number, one] of appended.entries()) await checkProof(reopened, leafOf(number), one)
  same('the entries that verify', await verifyAll(reopened, appended.map(checkpointOf)), 50)
}

function checkpointOf({ checkpoint }: { readonly checkpoint: string }): string {
  return checkpoint
}
