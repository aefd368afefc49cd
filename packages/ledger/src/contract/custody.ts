/** What the contract asks about clear text: it stays as long as it must and goes when it should, and no proof notices (spec chapter 17.7). @module */
import { parseJson, utf8 } from '@aiegis/protocol'
import { parseBundle } from '../bundle.ts'
import type { Custody } from '../custody/custody.ts'
import type { Cleaned, JanitorOptions } from '../custody/janitor.ts'
import { OnHold } from '../custody/store.ts'
import type { Log } from '../log.ts'
import { checkProof, fill, keyOf, leafOf, refused, same, sameBytes, verifyAll } from './subject.ts'

/** A log under test, made anew and empty for each case. */
export interface CustodySubject {
  /** The log, which is another object after `clean` and `age` where they need it closed. */
  readonly log: Log
  /** Runs the janitor once. */
  clean(options: JanitorOptions): Promise<Cleaned>
  /** Makes the clear text of entries `first` to `last` older, as its owner can. */
  age(first: number, last: number, seconds: number): Promise<void>
}

/** One case. Rejects with an `Error` that says what the log did instead. */
export type CustodyCheck = (subject: CustodySubject) => Promise<void>

/** By name. */
export const custodyCases: readonly (readonly [name: string, check: CustodyCheck])[] = [
  ['keeps clear text until its erasure is ordered and recorded; leaf, tree and proofs stay', erasing],
  ['refuses to erase what is not there', nothing],
  ['keeps what is on hold from order and janitor until the hold is released, and records both', holding],
  ['keeps what was ordered before it was put on hold, and lets nobody read it', orderedAndHeld],
  ['names holds: the same again is the same, and no two have one name', naming],
  ['takes out what is older than the retention, and nothing younger', expiring],
  ['refuses a retention under six months before it touches anything', floor],
  ['publishes old entries no more, and proves them as before', pruning],
]

const YEAR = 366 * 86_400

function custodyOf({ custody }: Log): Custody {
  if (custody === undefined) throw new Error('the log keeps no clear text')
  return custody
}

/** Appends entries `from` to `to` − 1 with clear text. */
async function fillClear(log: Log, from: number, to: number): Promise<readonly string[]> {
  const numbers = Array.from({ length: to - from }, (_, offset) => from + offset)
  const appended = numbers.map(async (number) => log.append(leafOf(number), keyOf(number), utf8(`person ${number}`)))
  return (await Promise.all(appended)).map(({ checkpoint }) => checkpoint)
}

/** Numbers of the first `count` entries that have clear text. */
async function clearIn(log: Log, count: number): Promise<string> {
  const found: number[] = []
  for (let number = 0; number < count; number++) if ((await log.entry(BigInt(number)))?.clear !== undefined) found.push(number)
  return found.join(' ')
}

/** The member `act` of the newest entry. */
async function lastAct(log: Log): Promise<string> {
  const entry = await log.entry(log.size() - 1n)
  return JSON.stringify(entry && parseJson(entry.leaf, { maxBytes: 4_096 })).replaceAll(/"(reason|ts|id)":"[^"]+"/g, '"$1":…')
}

async function erasing(subject: CustodySubject): Promise<void> {
  const appended = await subject.log.append(leafOf(0), keyOf(0), utf8('person 0'))
  await fill([subject.log], 1, 4)
  sameBytes('the clear text', (await subject.log.entry(0n))?.clear, utf8('person 0'))
  same('the clear text of an entry without', (await subject.log.entry(1n))?.clear, undefined)
  same('whether there was something to erase', await custodyOf(subject.log).erase(0n, 'asked for'), true)
  same('the record', await lastAct(subject.log), '{"act":{"first":0,"kind":"erase","last":0,"reason":…,"ts":…},"v":1}')
  same('whether there still is', await custodyOf(subject.log).erase(0n, 'asked for'), false)
  same('the clear text after the order', (await subject.log.entry(0n))?.clear, undefined)
  const { ordered, expired } = await subject.clean({})
  same('what the janitor took out', `${ordered} and ${expired}`, '1 and 0')
  same('what it takes out then', (await subject.clean({})).ordered, 0)
  const entry = await subject.log.entry(0n)
  sameBytes('the leaf', entry?.leaf, leafOf(0))
  same('the clear text', entry?.clear, undefined)
  await checkProof(subject.log, leafOf(0), appended)
  same('the entries that verify', await verifyAll(subject.log, [appended.checkpoint]), 5)
  same('the index of the next entry', (await subject.log.append(leafOf(5), keyOf(5))).index, 5n)
}

async function nothing({ log }: CustodySubject): Promise<void> {
  await log.append(leafOf(0), keyOf(0))
  for (const index of [1n, -1n, 2n ** 53n, 2n ** 64n])
    await refused(`erasing entry ${index}`, () => custodyOf(log).erase(index, ''), RangeError)
  same('whether an entry without clear text had some', await custodyOf(log).erase(0n, ''), false)
  same('the number of entries', log.size(), 1n)
}

async function holding(subject: CustodySubject): Promise<void> {
  const [head = ''] = await fillClear(subject.log, 0, 6)
  await subject.age(0, 5, 6 * YEAR)
  const { id } = await custodyOf(subject.log).hold(1n, 3n, 'case 7')
  same('the record', await lastAct(subject.log), '{"act":{"first":1,"id":…,"kind":"hold","last":3,"reason":…,"ts":…},"v":1}')
  for (const index of [1n, 2n, 3n]) await refused(`erasing entry ${index}`, () => custodyOf(subject.log).erase(index, ''), OnHold)
  same('the entries that were added in vain', subject.log.size(), 7n)
  const cleaned = await subject.clean({})
  same('what the janitor took out and left', `${cleaned.expired} and ${cleaned.held}`, '3 and 3')
  same('the clear text that is left', await clearIn(subject.log, 6), '1 2 3')
  same(
    'the holds',
    (await custodyOf(subject.log).holds()).map((hold) => `${hold.id} ${hold.first} ${hold.last}`).join(),
    `${id} 1 3`,
  )
  same('whether it was in force', await custodyOf(subject.log).release(id, 'case 7 is closed'), true)
  same('the record', await lastAct(subject.log), '{"act":{"id":…,"kind":"release","reason":…,"ts":…},"v":1}')
  same('whether it still was', await custodyOf(subject.log).release(id, ''), false)
  same('the holds', (await custodyOf(subject.log).holds()).length, 0)
  same('what goes then', (await subject.clean({})).expired, 3)
  same('the entries that verify', await verifyAll(subject.log, [head]), 8)
}

async function orderedAndHeld(subject: CustodySubject): Promise<void> {
  await fillClear(subject.log, 0, 2)
  await custodyOf(subject.log).erase(0n, '')
  const { id } = await custodyOf(subject.log).hold(0n, 1n, '')
  const cleaned = await subject.clean({})
  same('what the janitor took out and left', `${cleaned.ordered} and ${cleaned.held}`, '0 and 1')
  same('what can be read', await clearIn(subject.log, 2), '1')
  await custodyOf(subject.log).release(id, '')
  same('what goes then', (await subject.clean({})).ordered, 1)
}

async function naming({ log }: CustodySubject): Promise<void> {
  await fillClear(log, 0, 3)
  const custody = custodyOf(log)
  const hold = await custody.hold(0n, 1n, 'a')
  const again = await custody.hold(0n, 1n, 'b', hold.id)
  same('the same hold', `${again.id} ${again.at}`, `${hold.id} ${hold.at}`)
  same('the number of entries', log.size(), 4n)
  await refused('one name for other entries', () => custody.hold(0n, 2n, '', hold.id), RangeError)
  await refused('a name without its form', () => custody.hold(0n, 2n, '', 'case 7'), TypeError)
  for (const [first, last] of [
    [-1n, 0n],
    [1n, 0n],
    [0n, 4n],
    [0n, 2n ** 64n],
  ] as const)
    await refused(`a hold on entries ${first} to ${last}`, () => custody.hold(first, last, ''), RangeError)
  await refused('releasing what was never placed', () => custody.release('A'.repeat(22), ''), RangeError)
  same('the number of holds', (await custody.holds()).length, 1)
  same('the entries that were added in vain', log.size(), 4n)
}

async function expiring(subject: CustodySubject): Promise<void> {
  const heads = await fillClear(subject.log, 0, 3)
  await subject.age(0, 0, 5 * YEAR + 60)
  await subject.age(1, 1, 5 * YEAR - 3_600)
  const { expired } = await subject.clean({})
  same('what five years took out', expired, 1)
  same('what is left', await clearIn(subject.log, 3), '1 2')
  same('what six months took out', (await subject.clean({ retention: 'P6M' })).expired, 1)
  same('what is left then', await clearIn(subject.log, 3), '2')
  same('the entries that verify', await verifyAll(subject.log, heads), 3)
}

async function floor(subject: CustodySubject): Promise<void> {
  await fillClear(subject.log, 0, 1)
  await subject.age(0, 0, 6 * YEAR)
  for (const retention of ['P5M', 'P185D', 'P0D', 'PT1S', '5Y', 'P-1Y', ''])
    await refused(`a retention of ${retention}`, () => subject.clean({ retention }), Error)
  same('what is left', await clearIn(subject.log, 1), '0')
}

async function pruning(subject: CustodySubject): Promise<void> {
  const heads = await fillClear(subject.log, 0, 600)
  await subject.age(0, 520, 6 * YEAR)
  const { id } = await custodyOf(subject.log).hold(300n, 300n, '')
  same('the first published entry without being asked to move it', (await subject.clean({ retention: 'P10Y' })).minimum, 0)
  same('the first published entry', (await subject.clean({ prune: true })).minimum, 300)
  same('the entries that verify', await verifyAll(subject.log, heads, 300n), 601)
  await refused('the entries before it', () => verifyAll(subject.log, heads), Error)
  await custodyOf(subject.log).release(id, '')
  same('the first published entry after the hold', (await subject.clean({ prune: true })).minimum, 301)
  same('what the log itself still has', parseBundle(await subject.log.entries(0n, 256)).length, 256)
  same('the hashes in a proof of what is not published', (await subject.log.prove(5n)).length > 0, true)
}
