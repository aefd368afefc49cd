/**
 * Looks at a mutant without HTTP: which requests does its verifier judge otherwise than their cases expect? The requests are made once
 * for all mutants. What needs more than one request, or bytes on a socket, is tried over HTTP (trial.ts). @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  build,
  includes,
  readRegistry,
  serialise,
  trustBundle,
  worldOf,
  type Case,
  type Expectation,
  type Level,
} from '@aiegis/conformance/run'
import { openSomewhere } from './host.ts'
import type { Row } from './matrix.ts'
import type { Look } from './look-judge.ts'
import { createPool } from './look-pool.ts'
import type { Codes } from './look-receiver.ts'
import type { Mutant } from './mutant.ts'

/** Looks at mutants with the requests that it was made with. */
export interface Looker {
  /** Cases that it looks at: one request of fields and content. */
  readonly ids: ReadonlySet<string>
  /** Cases that notice, those that are served before others, of all or of `some`; `undefined` when nothing could be judged. */
  look(mutant: Mutant, some?: readonly string[]): Promise<Row | undefined>
  close(): Promise<void>
}

const START = Date.UTC(2026, 10, 20, 22, 0, 0, 123)
/** Late enough for the replay store, too early to ask again for documents that could not be read: nothing waits for them. */
const NOW = START + 20_000

/** Builds the requests of all cases that are one request of fields and content. */
export async function createLooker(level: Level, cases: readonly Case[]): Promise<Looker> {
  const asked = { url: 'http://127.0.0.1:3000', level, seed: 'mutants', hostPort: 0 }
  const { host, setup } = await openSomewhere(asked, () => START)
  const world = worldOf(setup, () => NOW)
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-look-'))
  const file = join(folder, 'requests.json')
  const plain = cases.filter(
    (test) => test.steps === undefined && test.bundle === undefined && test.group !== 'overall' && isOf(test, level),
  )
  const built = plain.map((test, at) => ({
    test,
    ...build(world, test.base, test.change, { caseId: test.id, run: at + 1, at: NOW, session: 'look' }),
  }))
  const simple = built.filter(
    ({ wire }) => wire.raw === undefined && wire.fragments === undefined && wire.content.length < 65_536,
  )
  const ids = simple.map(({ test }) => test.id)
  const requests = simple.map(({ wire: { method, target, content, ...rest } }) => ({
    method,
    target,
    headers: headersOf(serialise(world, { ...rest, method, target, content: new Uint8Array(0) })),
    content: Buffer.from(content).toString('base64'),
  }))
  writeFileSync(file, JSON.stringify({ trust: trustBundle(world), startedAt: START, now: NOW, requests } satisfies Look))
  const pool = createPool(file)
  const codesOf = (mutant: Mutant | undefined, places: readonly number[]): Promise<Codes> => pool.codesOf({ mutant, places })
  const tests = simple.map(({ test }) => test)
  const all = [...tests.keys()]
  let honest = (await codesOf(undefined, all)) ?? []
  const wrong = (): readonly Case[] => tests.filter(({ expect }, at) => !isRight(expect, honest[at]))
  // On a busy machine a document or list may come too late; whatever does so again is tried over HTTP.
  for (let chance = 0; chance < 2 && wrong().length > 0; chance += 1) honest = (await codesOf(undefined, all)) ?? []
  const unsound = new Set(wrong())
  const sound = all.filter((place) => tests.some((test, at) => at === place && !unsound.has(test)))
  return {
    ids: new Set(sound.flatMap((place) => ids[place] ?? [])),
    async look(mutant, some) {
      const places = some === undefined ? sound : sound.filter((place) => some.includes(ids[place] ?? ''))
      const isLate = (code: string, at: number): boolean => UNREAD.test(code) && code !== honest[places[at] ?? -1]
      let codes = await codesOf(mutant, places)
      for (let chance = 0; chance < 2 && codes?.some(isLate) === true; chance += 1)
        codes = (await codesOf(mutant, places)) ?? codes
      if (codes === null) return undefined
      const found = places.map((place, at) => ({ test: tests[place], code: codes?.[at] }))
      // What came too late each time shows nothing.
      const late = new Set(found.filter(({ code }, at) => code !== undefined && isLate(code, at)))
      const killers = found.filter((one) => one.test !== undefined && !late.has(one) && !isRight(one.test.expect, one.code))
      const flips = killers.filter(({ test, code }) => test?.side === 'refuse' && code === 'served')
      const others = killers.filter((one) => !flips.includes(one))
      const idsOf = (list: typeof found): readonly string[] => list.flatMap(({ test }) => test?.id ?? [])
      return { killers: idsOf([...flips, ...others]), flips: idsOf(flips) }
    },
    async close() {
      pool.close()
      await host?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Something could not be read in time. */
const UNREAD = /^(?:keys|status)_unavailable$/

/** Whether a client would see what the case expects. */
function isRight(expect: Expectation, code: string | undefined): boolean {
  if ('echo' in expect) return code === 'served'
  const codes = 'code' in expect ? [expect.code] : 'anyOf' in expect ? expect.anyOf : []
  const own = 'framing' in expect ? ['request_malformed'] : []
  return [...codes, ...own].some((known) => seen(known) === seen(code))
}

/** What a client sees of an exact code; of a defect that it is one. */
function seen(code: string | undefined): string {
  const row = REGISTRY.get(code ?? '')
  if (row !== undefined) return `${row.status} ${row.public} ${row.retry} ${row.executed}`
  return code === 'served' ? code : 'defect'
}

const REGISTRY = readRegistry()

/** Some cases are for the bundle of their own level alone. */
function isOf(test: Case, level: Level): boolean {
  return includes(level, test.level) && (test.only !== true || test.level === level)
}

function headersOf(bytes: Uint8Array): readonly string[] {
  const lines = Buffer.from(bytes).toString('latin1').split('\r\n').slice(1)
  const named = lines.filter((line) => line !== '')
  return named.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
}
