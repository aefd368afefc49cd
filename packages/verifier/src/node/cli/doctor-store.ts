/** Tries a store of used tokens as two receivers would: many claims of one key at once, here and in another process (spec chapter 12). @module */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { within } from '../../within.ts'
import type { ReplayStore } from '../../replay.ts'
import type { Finding } from './doctor.ts'
import { Usage } from './usage.ts'

const COPIES = 50
const TIMEOUT_MS = 5000
const what = 'replay store'

/** Claims keys that no token has, which end with themselves after a minute. */
export async function checkStore(module: string, now: () => number): Promise<readonly Finding[]> {
  const store = await storeIn(module)
  const until = Math.floor(now() / 1000) + 60
  try {
    return [await atOnce(store, until), await inAnotherProcess(store, module, until)]
  } catch (error) {
    return [{ verdict: 'unreached', what, sentence: `it failed: ${error instanceof Error ? error.message : String(error)}` }]
  }
}

async function atOnce(store: ReplayStore, until: number): Promise<Finding> {
  const key = newKey()
  const verdicts = await within(
    TIMEOUT_MS,
    Promise.all(Array.from({ length: COPIES }, async () => store.claim(key, until, 'doctor'))),
  )
  const fresh = verdicts.filter((verdict) => verdict === 'fresh').length
  const seen = verdicts.filter((verdict) => verdict === 'seen').length
  if (fresh === 1 && seen === COPIES - 1)
    return { verdict: 'ok', what, sentence: `of ${COPIES} claims of one key at once one was fresh` }
  if (fresh > 1)
    return {
      verdict: 'wrong',
      what,
      sentence: `of ${COPIES} claims of one key at once ${fresh} were fresh: a token could be used ${fresh} times; look up and record in one atomic step`,
    }
  return {
    verdict: 'wrong',
    what,
    sentence: `of ${COPIES} claims of one key at once ${fresh} were fresh and ${seen} seen; it answers ${String(verdicts[0])}`,
  }
}

/** A process of its own has its own memory: what it sees is what another receiver would see. */
async function inAnotherProcess(store: ReplayStore, module: string, until: number): Promise<Finding> {
  const key = newKey()
  if ((await store.claim(key, until, 'doctor')) !== 'fresh')
    return { verdict: 'wrong', what, sentence: 'a key that nobody used is not fresh' }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', CHILD, pathToFileURL(module).href, key, String(until)],
    { timeout: 2 * TIMEOUT_MS },
  )
  const verdict = stdout.trim().split('\n').at(-1)
  const isShared = store.scope === 'shared'
  if (verdict === 'seen') return { verdict: 'ok', what, sentence: 'another process sees what was used here' }
  if (isShared)
    return {
      verdict: 'wrong',
      what,
      sentence: `says scope: 'shared', and to another process a used key is ${String(verdict)}: each process would serve each token once`,
    }
  return {
    verdict: 'ok',
    what,
    sentence: 'is of this process, as its scope says: right where exactly one process serves this base',
  }
}

const CHILD = `
const { replay } = await import(process.argv[1])
const store = typeof replay === 'function' ? await replay() : await replay
console.log(await store.claim(process.argv[2], Number(process.argv[3]), 'doctor'))
process.exit(0)
`

async function storeIn(module: string): Promise<ReplayStore> {
  let loaded: { readonly replay?: unknown }
  try {
    loaded = await import(pathToFileURL(module).href)
  } catch (error) {
    throw new Usage(`${module} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { replay } = loaded
  const store: unknown = typeof replay === 'function' ? await replay() : await replay
  if (isStore(store)) return store
  throw new Usage(`${module} has no export "replay" that is a store of used tokens, or a function that makes one`)
}

function isStore(value: unknown): value is ReplayStore {
  return typeof value === 'object' && value !== null && 'claim' in value && typeof value.claim === 'function' && 'scope' in value
}

function newKey(): string {
  return randomBytes(32).toString('base64url')
}
