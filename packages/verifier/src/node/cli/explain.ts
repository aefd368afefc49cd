/** `explain`: walks one kept request down the road and says at each step what was expected and what came. Claims no token (spec chapters 10 and 13). @module */
import { decodeBase64url, isObject, Malformed, parseJson, REASONS, Refusal, type ReasonCode } from '@aiegis/protocol'
import type { ReceivedRequest } from '../../request.ts'
import type { RouteRequirement } from '../../requirement.ts'
import { STEPS, type Stage, type Steps } from '../../road.ts'
import { createVerifierOf } from '../../verifier.ts'
import { createDidWebResolver } from '../did-web/resolver.ts'
import { httpGet } from '../get.ts'
import { inflate } from '../inflate.ts'
import { parseTrustBundle } from '../../trust.ts'
import { noted, type Row } from './compared.ts'
import { MENDING } from './mending.gen.ts'
import { maskQueries, shown, timeOf, type Ports } from './output.ts'
import { Usage, type ExitCode } from './usage.ts'

/** What is explained. */
export interface Explaining {
  readonly request: ReceivedRequest
  /** The trust bundle, parsed JSON. */
  readonly bundle: unknown
  readonly route: RouteRequirement
  /** RFC 3339 time, seconds since the epoch, or `token` for when the token was issued; now when absent. */
  readonly at: string | undefined
  /** Reads no status list and no DID document. */
  readonly offline: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Steps of the road with what they compared; the last one refused, or all have passed. */
interface Walked {
  readonly steps: { readonly stage: Stage; readonly rows: readonly Row[] }[]
  readonly skipped: ReadonlyMap<Stage, string>
  readonly refusal: Refusal | undefined
}

/** What a person is told about a step whose dependency could not be asked. */
const UNREACHED: readonly ReasonCode[] = ['status_unavailable', 'keys_unavailable', 'ledger_unproven']

/** Prints the road. 0 when a receiver would serve the request, 1 when not, 3 when a list or document could not be read. */
export async function explain(explaining: Explaining, { print }: Ports): Promise<ExitCode> {
  const seconds = momentOf(explaining)
  const { steps, skipped, refusal } = await walkWith(explaining, seconds)
  print(`as of ${timeOf(seconds)}`)
  for (const [at, { stage, rows }] of steps.entries()) {
    const isLast = refusal !== undefined && at === steps.length - 1
    print('')
    print(`${stage.padEnd(12)} ${isLast ? `REFUSED: ${refusal.code}` : (skipped.get(stage) ?? 'ok')}`)
    for (const each of rows) printRow(each, print)
    if (isLast) for (const [what, text] of whyOf(refusal)) print(`  ${what.padEnd(WIDTH)} ${shown(maskQueries(text))}`)
  }
  print('')
  if (refusal === undefined) {
    print('A receiver with this bundle would serve the request, once: this was not its use.')
    return 0
  }
  tellRefusal(refusal, explaining, print)
  return UNREACHED.includes(refusal.code) ? 3 : 1
}

/** For the names of rows. */
const WIDTH = 22

function printRow({ what, expected, received }: Row, print: Ports['print']): void {
  if (expected === received) return print(`  ${what.padEnd(WIDTH)} as expected: ${shown(received)}`)
  print(`  ${what.padEnd(WIDTH)} expected ${shown(expected)}`)
  print(`  ${''.padEnd(WIDTH)} came     ${shown(received)}`)
}

/** The detail, and what failed behind it. */
function whyOf({ message, cause }: Refusal): readonly (readonly [what: string, text: string])[] {
  return [
    ['why', message],
    ...(cause instanceof Error && !message.includes(cause.message) ? ([['because', cause.message]] as const) : []),
  ]
}

function tellRefusal({ code }: Refusal, { at, route }: Explaining, print: Ports['print']): void {
  const { public: visible, status, retry } = REASONS[code]
  print(`Refused with ${status} ${visible}${visible === code ? '' : ` (exactly: ${code})`}, retry: ${retry}.`)
  print(MENDING[code] ?? '')
  print(`More: docs/refusals.md#${code}`)
  if ((code === 'action_mismatch' || code === 'action_unmapped') && route.action === undefined)
    print('Where the route declares an action, say so here: --action NAME.')
  if (code === 'token_expired' && at === undefined)
    print(
      'This request may have been good when it was sent: --at token judges it as of the second in which its token was issued.',
    )
}

async function walkWith(explaining: Explaining, seconds: number): Promise<Walked> {
  const walked: Walked['steps'] = []
  const skipped = skippedSteps(explaining)
  const steps = noted(without(skipped), (stage, rows) => walked.push({ stage, rows }))
  const { didWeb, didWebParties } = parseTrustBundle(explaining.bundle)
  const verifier = createVerifierOf(steps, {
    trust: explaining.bundle,
    get: skipped.has('status') ? unread : httpGet,
    inflate,
    log: () => {},
    ...(didWebParties.length === 0 ? {} : { resolver: explaining.offline ? NO_DOCUMENTS : createDidWebResolver(didWeb) }),
    replay: { scope: 'shared', claim: unread },
    now: () => seconds * 1000,
  })
  try {
    await verifier.warm()
    await verifier.verify(explaining.request, explaining.route)
    return { steps: walked, skipped, refusal: undefined }
  } catch (error) {
    if (error instanceof Refusal) return { steps: walked, skipped, refusal: error }
    throw error
  } finally {
    verifier.close()
  }
}

/** Steps that are not taken, each with what is said instead. Claiming would use the token up. */
function skippedSteps({ offline, at }: Explaining): ReadonlyMap<Stage, string> {
  const lists = offline ? 'not checked: --offline' : at === undefined ? undefined : 'not checked: lists are of now, not of then'
  return new Map<Stage, string>([['replay', 'not claimed'], ...(lists === undefined ? [] : [['status', lists] as const])])
}

function without(skipped: ReadonlyMap<Stage, string>): Steps {
  return { ...STEPS, replay: () => {}, ...(skipped.has('status') ? { status: () => {} } : {}) }
}

async function unread(): Promise<never> {
  throw new Error('nothing is asked here')
}

const NO_DOCUMENTS = { resolve: unread }

function momentOf({ at, request, now }: Explaining): number {
  if (at === undefined) return Math.floor(now() / 1000)
  if (at === 'token') return issuedAt(request)
  const seconds = /^\d{1,12}$/.test(at)
    ? Number(at)
    : /^\d{4}-\d\d-\d\dT/.test(at)
      ? Math.floor(Date.parse(at) / 1000)
      : Number.NaN
  if (Number.isNaN(seconds))
    throw new Usage(`--at ${at}: write seconds since the epoch, a time such as 2026-11-20T22:00:00Z, or token`)
  return seconds
}

/** What the token says of itself, unverified: good enough to choose the moment, and the road judges it then. */
function issuedAt({ headers }: ReceivedRequest): number {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'x-aegis-token')
  try {
    const claims = parseJson(decodeBase64url((headers[at + 1] ?? '').split('.')[1] ?? ''), { maxBytes: 8192 })
    if (at !== -1 && isObject(claims) && typeof claims['iat'] === 'number') return claims['iat']
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  throw new Usage('--at token: there is no token whose iat could be read; give a time instead')
}
