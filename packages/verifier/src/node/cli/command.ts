/** The command `aiegis-verifier`: finds what is wanted, and makes of every end one sentence and an exit code. @module */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeTrust, loadTrust } from '../load-trust.ts'
import { parseTrustBundle } from '../../trust.ts'
import { readCaptured } from './captured.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { maskQueries, shown, type Ports } from './output.ts'
import { diffTrust } from './trust-diff.ts'
import { Usage, type ExitCode } from './usage.ts'

const USAGE = `usage: aiegis-verifier explain REQUEST [--trust FILE] [--at TIME|token] [--action NAME] [--target URL] [--offline]
       aiegis-verifier doctor [--trust FILE] [--url URL] [--through URL --port N] [--replay MODULE]
       aiegis-verifier trust check [FILE]
       aiegis-verifier trust diff OLD NEW [--no-more]

explain     walks a kept request down the road and prints at each step what was expected and what came. REQUEST is a
            file with the request as it stood on the wire. Claims no token, and prints no evidence, cookie or key.
            --at judges as of a time (seconds, or 2026-11-20T22:00:00Z), or of when the token was issued.
doctor      compares this clock with that of servers, looks at what a proxy does to requests, and at a replay store.
            --through is the proxy's URL, --port where it sends requests to (instead of the receiver, for the while),
            --replay a module whose export "replay" is the store, or a function that makes it.
trust check reads a trust bundle as a receiver does, its owner and mode included.
trust diff  says who is trusted more (+) and less (-); with --no-more anything more ends with 1.

Without --trust the bundle is that in AIEGIS_TRUST, or aiegis-trust.json in the directory of this command.
Exit codes: 0 ok, 1 refused or wrong, 2 wrong call, 3 something could not be reached, 4 a fault of this program.`

/** What the process gives. */
export interface Surroundings extends Ports {
  /** `AIEGIS_TRUST`. */
  readonly trustFile: string | undefined
  readonly directory: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const OPTIONS = {
  trust: { type: 'string' },
  at: { type: 'string' },
  action: { type: 'string' },
  target: { type: 'string' },
  url: { type: 'string' },
  through: { type: 'string' },
  port: { type: 'string' },
  replay: { type: 'string' },
  offline: { type: 'boolean' },
  'no-more': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof read>['values']

/** Which options each command has, and how many words. */
const COMMANDS = {
  explain: { options: ['trust', 'at', 'action', 'target', 'offline'], words: [1, 1], run: runExplain },
  doctor: { options: ['trust', 'url', 'through', 'port', 'replay'], words: [0, 0], run: runDoctor },
  'trust check': { options: [], words: [0, 1], run: runCheck },
  'trust diff': { options: ['no-more'], words: [2, 2], run: runDiff },
} as const

type Run = (words: readonly string[], values: Values, around: Surroundings) => ExitCode | Promise<ExitCode>

/** Runs the command and resolves to its exit code. Rejects only for defects. */
export async function runCommand(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  try {
    const { values, positionals } = read(args)
    if (values.help === true) {
      around.print(USAGE)
      return 0
    }
    const name = positionals[0] === 'trust' ? positionals.slice(0, 2).join(' ') : (positionals[0] ?? '')
    const command = Object.entries(COMMANDS).find(([known]) => known === name)?.[1]
    if (command === undefined) throw new Usage(name === '' ? 'no command' : `no command "${name}"`)
    const words = positionals.slice(name.split(' ').length)
    const [least, most] = command.words
    if (words.length < least || words.length > most)
      throw new Usage(words.length < least ? 'something is missing' : `"${words[most] ?? ''}" is too much`)
    const allowed: readonly string[] = command.options
    const strange = Object.keys(values).find((option) => !allowed.includes(option))
    if (strange !== undefined) throw new Usage(`--${strange} is no option of ${name}`)
    const run: Run = command.run
    return await run(words, values, around)
  } catch (error) {
    if (error instanceof Usage) {
      around.complain(`${shown(error.message)}\n\n${USAGE}`)
      return 2
    }
    // A bundle, file or option that the parser refuses: one sentence that says what to write instead.
    if (!(error instanceof TypeError)) throw error
    around.complain(shown(maskQueries(error.message)))
    return 1
  }
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error))
  }
}

function bundleOf(file: string | undefined, { trustFile, directory }: Surroundings) {
  return loadTrust(resolve(directory, file ?? trustFile ?? 'aiegis-trust.json'))
}

function runExplain([file = '']: readonly string[], values: Values, around: Surroundings): Promise<ExitCode> {
  const { bundle } = bundleOf(values.trust, around)
  const { action, target, at, offline = false } = values
  const route = { ...(action === undefined ? {} : { action }), ...(target === undefined ? {} : { target }) }
  return explain({ request: readCaptured(resolve(around.directory, file)), bundle, route, at, offline, now: around.now }, around)
}

function runDoctor(_words: readonly string[], values: Values, around: Surroundings): Promise<ExitCode> {
  const { bundle } = bundleOf(values.trust, around)
  const { url, through, port, replay } = values
  if ((through === undefined) !== (port === undefined)) throw new Usage('--through and --port go together')
  if (port !== undefined && !/^[0-9]{1,5}$/.test(port)) throw new Usage('--port is a number')
  const module = replay === undefined ? undefined : resolve(around.directory, replay)
  const proxy = through === undefined || port === undefined ? undefined : { url: urlOf('--through', through), port: Number(port) }
  return doctor(
    { trust: parseTrustBundle(bundle), url: url === undefined ? undefined : urlOf('--url', url), proxy, module, now: around.now },
    around,
  )
}

function urlOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new Usage(`${option}: "${text}" is not an http or https URL`)
}

function runCheck([file]: readonly string[], _values: Values, around: Surroundings): ExitCode {
  const { bundle, path, sha256 } = bundleOf(file, around)
  const trust = parseTrustBundle(bundle)
  const store = trust.replay === undefined ? 'a store that code has to give' : 'memory of one process'
  around.print(shown(describeTrust(trust, { path, sha256, store, lists: 'as AIEGIS_STATE says' })))
  return 0
}

function runDiff([before, after]: readonly string[], values: Values, around: Surroundings): ExitCode {
  const [old, now] = [bundleOf(before, around), bundleOf(after, around)]
  const differences = diffTrust(old.bundle, now.bundle)
  const sign = { more: '+', less: '-', other: '~' }
  for (const { kind, sentence } of differences) around.print(`${sign[kind]} ${shown(sentence)}`)
  if (differences.length === 0) around.print('Nothing is trusted more or less.')
  return values['no-more'] === true && differences.some(({ kind }) => kind === 'more') ? 1 : 0
}
