/** Sends mutants of valid requests to a receiver and compares what it does with what the specification says. @module */
import { REASONS, Refusal } from '@aiegis/protocol'
import { isSame, isTooLarge, type Mutant, type Mutate } from './mutant.ts'
import { changeBytes } from './mutations/bytes.ts'
import { changeCircumstances } from './mutations/circumstances.ts'
import { changeJoins } from './mutations/joins.ts'
import { changeLines } from './mutations/lines.ts'
import { changePossession } from './mutations/possession.ts'
import { changeProof } from './mutations/proof.ts'
import { changeRequest } from './mutations/request.ts'
import { changeChain, changeToken } from './mutations/signed.ts'
import { createRandom, type Random } from './random.ts'
import { isForSockets, openSocket, type Socket } from './socket.ts'
import { createWorld, outcomeOf, type MakeVerifier, type World } from './world.ts'

/** What is changed, and how many of 100 mutants are of it. */
const LAYERS: readonly (readonly [name: string, share: number, mutate: Mutate])[] = [
  ['bytes', 27, changeBytes],
  ['lines', 9, changeLines],
  ['token', 14, changeToken],
  ['chain', 17, changeChain],
  ['proof', 9, changeProof],
  ['possession', 7, changePossession],
  ['joins', 6, changeJoins],
  ['request', 7, changeRequest],
  ['circumstances', 4, changeCircumstances],
]

/** What a run is made of. */
export interface SoakOptions {
  readonly seed: number
  readonly count: number
  /** Only this mutant counts; those before it in its world are made because it may depend on them. */
  readonly only?: number
  readonly makeVerifier: MakeVerifier
  /** Called after each world. */
  readonly progress?: (report: SoakReport) => void
  /** Called for each of the first findings at once, and for the verdict of `only`. */
  readonly tell?: (line: string, at: number) => void
}

/** What one layer gave. */
export interface LayerReport {
  refused: number
  valid: number
  unchanged: number
}

/** Why a run fails. */
export interface Finding {
  readonly at: number
  readonly kind: 'served_wrongly' | 'refused_wrongly' | 'crashed' | 'slow'
  readonly what: string
}

/** What a run gave. */
export interface SoakReport {
  readonly layers: ReadonlyMap<string, LayerReport>
  /** Mutants so far. */
  done: number
  /** How often each kind of finding occurred. */
  readonly counts: Record<Finding['kind'], number>
  /** The first of them. */
  readonly findings: Finding[]
  /** How many of the mutants went over a socket. */
  sockets: number
  /** Codes of refusals and how often each was given. */
  readonly codes: Map<string, number>
  /** The verification that took most processor time, as a share of what one may take. */
  slowest: { readonly at: number; readonly what: string; readonly share: number }
}

const WORLD = 500
/** One in so many mutants goes over a socket. */
const SOCKET = 500
/** Processor time of one verification in milliseconds. */
const LIMIT_MS = 50
const MAX_FINDINGS = 20

/** Runs mutants 0 to `count`; the same seed gives the same mutants. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seed, count, only, makeVerifier, progress, tell } = options
  const report = newReport()
  const others = newReport()
  const socket = await openSocket()
  let current = 0
  const find = (kind: Finding['kind'], what: string): void => {
    if (only !== undefined && current !== only) return
    report.counts[kind]++
    if (report.findings.length >= MAX_FINDINGS) return
    report.findings.push({ at: current, kind, what })
    tell?.(`${kind}: ${what}`, current)
  }
  const unhandled = (error: unknown): void => find('crashed', `nobody handled ${told(error)}`)
  process.on('unhandledRejection', unhandled)
  try {
    const end = only === undefined ? count : only + 1
    for (let start = only === undefined ? 0 : only - (only % WORLD); start < end; start += WORLD) {
      const world = await createWorld(makeVerifier)
      for (current = start; current < Math.min(start + WORLD, end); current++) {
        const isLast = only === current
        const trial = { socket, find, at: current, report: only === undefined || isLast ? report : others }
        await tryMutant(world, createRandom(seed, current), isLast ? { ...trial, tell } : trial)
      }
      current--
      await world.serveUnspent()
      for (const problem of world.problems()) find('refused_wrongly', `an unchanged request: ${told(problem)}`)
      world.close()
      progress?.(report)
    }
  } finally {
    // What nobody handled is reported after the turn in which it happened.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    await socket.close()
  }
  return report
}

function newReport(): SoakReport {
  return {
    layers: new Map(LAYERS.map(([name]) => [name, { refused: 0, valid: 0, unchanged: 0 }])),
    done: 0,
    counts: { served_wrongly: 0, refused_wrongly: 0, crashed: 0, slow: 0 },
    findings: [],
    sockets: 0,
    codes: new Map(),
    slowest: { at: 0, what: '', share: 0 },
  }
}

interface Trial {
  readonly socket: Socket
  readonly report: SoakReport
  readonly find: (kind: Finding['kind'], what: string) => void
  readonly at: number
  readonly tell?: SoakOptions['tell'] | undefined
}

async function tryMutant(world: World, random: Random, trial: Trial): Promise<void> {
  const { report, find } = trial
  const [layer, , mutate] = pickLayer(random)
  let mutant: Mutant
  try {
    mutant = await mutate(world, random)
  } catch (error) {
    throw new Error(`the soak itself failed at ${layer}, mutant ${trial.at}`, { cause: error })
  }
  for (const problem of world.problems()) find('refused_wrongly', `${mutant.name}, before: ${told(problem)}`)
  const counts = report.layers.get(layer)
  if (counts === undefined) throw new RangeError(`no layer ${layer}`)
  report.done++
  const { request, base } = mutant
  if (mutant.expected === 'unchanged' || (base !== undefined && isSame(base.request, request))) {
    counts.unchanged++
  } else {
    const expected = mutant.expected === 'served' && isTooLarge(request) ? 'refused' : mutant.expected
    if (base !== undefined && expected !== 'refused') world.spend(base)
    const outcome = await measured(world, mutant, random.oneIn(SOCKET) && isForSockets(request), trial)
    trial.tell?.(`${mutant.name}: ${expected}, and is ${outcome === undefined ? 'served' : told(outcome)}`, trial.at)
    if (outcome === undefined && base !== undefined) world.spend(base)
    judge(outcome, expected, mutant.name, trial)
    if (expected === 'open') counts.unchanged++
    else counts[expected === 'served' ? 'valid' : 'refused']++
  }
  await mutant.undo?.()
  await world.serveWorn()
  for (const problem of world.problems()) find('refused_wrongly', `an unchanged request: ${told(problem)}`)
}

function judge(outcome: unknown, expected: Mutant['expected'], name: string, { find, report }: Trial): void {
  if (outcome === undefined) {
    if (expected === 'refused') find('served_wrongly', name)
  } else if (outcome instanceof Refusal && Object.hasOwn(REASONS, outcome.code) && REASONS[outcome.code].status !== 500) {
    report.codes.set(outcome.code, (report.codes.get(outcome.code) ?? 0) + 1)
    if (expected === 'served') find('refused_wrongly', `${name}: ${told(outcome)}`)
  } else {
    find('crashed', `${name}: ${told(outcome)}`)
  }
}

/** A refusal in a line, anything else with where it came from. */
function told(outcome: unknown): string {
  if (outcome instanceof Refusal) return `${outcome.code}, ${outcome.message}`
  return outcome instanceof Error ? (outcome.stack ?? outcome.message) : JSON.stringify(outcome)
}

/** Verifies and takes the processor time; what took too long is tried once more, since collecting garbage also takes time. */
async function measured(world: World, { name, request }: Mutant, overSocket: boolean, trial: Trial): Promise<unknown> {
  const { socket, report, find, at } = trial
  let ms = 0
  const timed = async (verify: () => Promise<unknown>): Promise<unknown> => {
    const before = process.cpuUsage()
    const outcome = await verify()
    const { user, system } = process.cpuUsage(before)
    ms = (user + system) / 1000
    return outcome
  }
  if (overSocket) report.sockets++
  const outcome = await timed(() => (overSocket ? socket.verify(world.verifier, request) : world.verify(request)))
  if (ms > LIMIT_MS) {
    const first = ms
    const twin = await world.twin()
    await timed(() => outcomeOf(twin, request))
    twin.close()
    if (ms > LIMIT_MS) find('slow', name)
    ms = Math.min(first, ms)
  }
  const share = Math.round((ms / LIMIT_MS) * 100) / 100
  if (share > report.slowest.share) report.slowest = { at, what: name, share }
  return outcome
}

function pickLayer(random: Random): (typeof LAYERS)[number] {
  let left = random.below(LAYERS.reduce((sum, [, share]) => sum + share, 0))
  const found = LAYERS.find(([, share]) => (left -= share) < 0)
  if (found === undefined) throw new RangeError('the shares of the layers do not add up')
  return found
}
