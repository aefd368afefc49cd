/**
 * A first look at a mutant, without HTTP: which requests does its verifier judge otherwise than one without a defect? Thousands of
 * requests are made once for all mutants. A run without --write tries what was found here over HTTP. @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, includes, readRegistry, serialise, trustBundle, type Case, type Level, worldOf } from '@aiegis/conformance/run'
import { openSomewhere } from './host.ts'
import type { Row } from './matrix.ts'
import { MUTANTS, type Mutant } from './mutant.ts'
import type { Look } from './look-receiver.ts'

/** Looks at mutants with the requests that it was made with. */
export interface Looker {
  /** Cases that it looks at: one request of fields and content. */
  readonly ids: ReadonlySet<string>
  /** What clients would see otherwise, those that are served before others; `undefined` when nothing could be judged. */
  look(mutant: Mutant): Promise<Row | undefined>
  close(): Promise<void>
}

const START = Date.UTC(2026, 10, 20, 22, 0, 0, 123)
const NOW = START + 60_000
const REGISTER = fileURLToPath(new URL('dist/register.js', MUTANTS))
const RECEIVER = fileURLToPath(new URL('dist/look-receiver.js', MUTANTS))
const MAX_OUTPUT = 4_194_304
const run = promisify(execFile)

/** Builds the requests of all cases that are one request of fields and content. */
export async function createLooker(level: Level, cases: readonly Case[]): Promise<Looker> {
  const asked = { url: 'http://127.0.0.1:3000', level, seed: 'mutants', hostPort: 0 }
  const { host, setup } = await openSomewhere(asked, () => START)
  const world = worldOf(setup, () => NOW)
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-look-'))
  const file = join(folder, 'requests.json')
  const plain = cases.filter((test) => test.steps === undefined && test.group !== 'overall' && isOf(test, level))
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
  const codesOf = async (mutant: Mutant | undefined): Promise<readonly string[]> => {
    const words = [...(mutant === undefined ? [] : ['--import', REGISTER]), RECEIVER, file]
    const env = mutant === undefined ? process.env : { ...process.env, AIEGIS_MUTANT: JSON.stringify(mutant) }
    const { stdout } = await run(process.execPath, words, { env, maxBuffer: MAX_OUTPUT, timeout: 120_000 })
    const codes: readonly string[] = JSON.parse(stdout)
    return codes
  }
  const honest = await codesOf(undefined)
  const isLate = isLateThan(honest)
  return {
    ids: new Set(ids),
    async look(mutant) {
      let codes = await codesOf(mutant).catch(() => undefined)
      // On a busy machine a document or list may come too late, and again when nothing else is wrong.
      for (let chance = 0; chance < 2 && codes?.some(isLate) === true; chance += 1)
        codes = await codesOf(mutant).catch(() => codes)
      if (codes === undefined) return undefined
      const others = ids.filter((_, at) => seen(codes[at]) !== seen(honest[at]))
      const flips = others.filter((id) => codes[ids.indexOf(id)] === 'served')
      return { killers: [...flips, ...others.filter((id) => !flips.includes(id))], flips }
    },
    async close() {
      await host?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whether something could not be read in time that the receiver without a defect has read. */
function isLateThan(honest: readonly string[]): (code: string, at: number) => boolean {
  return (code, at) => /^(?:keys|status)_unavailable$/.test(code) && code !== honest[at]
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
