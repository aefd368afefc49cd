/** Reads the command line of the suite, strictly: what is not known is a usage error. @module */
import { parseArgs } from 'node:util'
import type { Level } from '../build/index.ts'
import { LEVELS } from '../run/plan.ts'

/** A command line that cannot be carried out, in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const COMMANDS = ['init', 'run', 'list', 'explain', 'serve'] as const
export type Command = (typeof COMMANDS)[number]

/** Everything that a command line can say. */
export interface Arguments {
  readonly command: Command | 'help'
  /** What follows the command: the id of `explain`. */
  readonly words: readonly string[]
  readonly url: string | undefined
  readonly exec: string | undefined
  readonly level: Level | undefined
  readonly only: readonly string[]
  readonly seed: string | undefined
  readonly hostPort: number | undefined
  /** Folder of the setup. */
  readonly folder: string | undefined
  readonly reports: string | undefined
  readonly baseline: string | undefined
  readonly json: boolean
  readonly parallel: number
  readonly deadlineSeconds: number
}

/** Default folder of `init` and `run`: state of a clone, which git ignores. */
export const FOLDER = '.aiegis/conformance'

const OPTIONS = {
  url: { type: 'string' },
  exec: { type: 'string' },
  level: { type: 'string' },
  only: { type: 'string', multiple: true },
  seed: { type: 'string' },
  'host-port': { type: 'string' },
  out: { type: 'string' },
  in: { type: 'string' },
  report: { type: 'string' },
  baseline: { type: 'string' },
  json: { type: 'boolean' },
  parallel: { type: 'string' },
  deadline: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Which options a command knows. */
const KNOWN: Readonly<Record<Command, readonly (keyof typeof OPTIONS)[]>> = {
  init: ['url', 'level', 'seed', 'host-port', 'out', 'json'],
  run: ['url', 'exec', 'level', 'only', 'seed', 'host-port', 'in', 'report', 'baseline', 'json', 'parallel', 'deadline'],
  list: ['level', 'only', 'json'],
  explain: ['url', 'seed', 'level', 'in', 'json'],
  serve: ['url', 'level', 'seed', 'host-port', 'in', 'json'],
}

export const USAGE = `Runs the conformance suite against a receiver.

  init     --url <origin> [--level basic|standard|full] [--seed s] [--host-port n] [--out folder]
           writes aiegis-trust.json, which the receiver loads, and conformance.json, which run reads
  run      [--url <origin>] [--in folder] or --exec '<command>'
           [--level l] [--only id,group,AHP-…,start-*] [--seed s] [--baseline file] [--report folder] [--json]
           [--parallel n] [--deadline seconds]
  list     [--level l] [--only …] [--json]      all cases, with what each is about
  explain  <case> [--in folder] [--json]        what the case sends and expects, byte by byte
  serve    [--in folder]                        the suite host alone

With --exec the suite starts the receiver itself, with PORT, AIEGIS_TRUST and AIEGIS_STATE in its environment.
Exit codes: 0 nothing unexpected failed, 1 not conformant, 2 usage, 3 not reachable or unfit for the suite, 4 a fault of the suite.
`

/** Throws `UsageError` with one sentence. */
export function parseArguments(words: readonly string[]): Arguments {
  const { values, positionals } = parse(words)
  const [first, ...rest] = positionals
  if (values.help === true || first === 'help' || (first === undefined && words.length === 0))
    return { ...EMPTY, command: 'help' }
  const command = COMMANDS.find((known) => known === first)
  if (command === undefined) throw new UsageError(`write one of ${COMMANDS.join(', ')} first, not '${first ?? ''}'`)
  for (const name of Object.keys(values)) {
    if (!KNOWN[command].some((known) => known === name)) throw new UsageError(`${command} has no option --${name}`)
  }
  if (rest.length > (command === 'explain' ? 1 : 0)) throw new UsageError(`${command} does not take '${rest.at(-1) ?? ''}'`)
  if (command === 'explain' && rest.length === 0) throw new UsageError('explain: write the id of a case; list shows them')
  if (values.url !== undefined && values.exec !== undefined) throw new UsageError('write --url or --exec, not both')
  return {
    command,
    words: rest,
    url: values.url,
    exec: values.exec,
    level: levelOf(values.level),
    only: onlyOf(values.only),
    seed: seedOf(values.seed),
    hostPort: numberOf('--host-port', values['host-port'], 1024, 65_000),
    folder: values.out ?? values.in,
    reports: values.report,
    baseline: values.baseline,
    json: values.json ?? false,
    parallel: numberOf('--parallel', values.parallel, 1, 64) ?? 8,
    deadlineSeconds: numberOf('--deadline', values.deadline, 1, 120) ?? 10,
  }
}

const EMPTY: Arguments = {
  command: 'help',
  words: [],
  url: undefined,
  exec: undefined,
  level: undefined,
  only: [],
  seed: undefined,
  hostPort: undefined,
  folder: undefined,
  reports: undefined,
  baseline: undefined,
  json: false,
  parallel: 8,
  deadlineSeconds: 10,
}

function parse(words: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split(/\.\s|\n/)[0] ?? '') : String(error), { cause: error })
  }
}

function levelOf(text: string | undefined): Level | undefined {
  const level = LEVELS.find((known) => known === text)
  if (text !== undefined && level === undefined) throw new UsageError(`--level ${text}: write one of ${LEVELS.join(', ')}`)
  return level
}

function onlyOf(values: readonly string[] | undefined): readonly string[] {
  const names = (values ?? []).flatMap((value) => value.split(','))
  if (names.includes('')) throw new UsageError('--only: write ids of cases, groups or requirements, with commas between them')
  return names
}

function seedOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\w.-]{1,64}$/.test(text))
    throw new UsageError('--seed: write 1 to 64 letters, digits, dots, dashes or underscores')
  return text
}

function numberOf(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new UsageError(`${name} ${text}: write a whole number from ${least} to ${most}`)
  return value
}
