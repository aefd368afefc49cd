/** What one mount or one route is made of, whichever runtime it is on: who verifies, what is asked for, what no handler sees (spec chapters 7.7 and 11). @module */
import { CONTEXT_HEADER } from './context-claims.ts'
import type { Gate } from './contexts.ts'
import type { Log } from './hooks.ts'
import { routeOf, type Presence, type RouteRequirement } from './requirement.ts'
import type { Verifier } from './verifier.ts'

/** Options of a mount besides those of the verifier that it makes. */
export interface MountOptions<Claims = unknown, P extends Presence = Presence> extends RouteRequirement<Claims, P> {
  /** A verifier that several mounts share. */
  readonly verifier?: Verifier
  /** Keep `cookie` or `authorization`, which no decision covers, for the handlers. */
  readonly passHeaders?: readonly ('cookie' | 'authorization')[]
  readonly log?: Log
}

/** A mount whose options were checked. */
export interface Mount<Claims = unknown, P extends Presence = Presence> {
  readonly gate: Gate
  readonly route: RouteRequirement<Claims, P>
  /** Names of the headers that no handler sees, lower case. */
  readonly stripped: ReadonlySet<string>
}

/** The options of a mount, and those that are for a verifier of its own. Throws `TypeError` for values that cannot be meant. */
export function splitOptions<Options extends MountOptions>(
  options: Options,
): Omit<Mount, 'gate'> & { readonly log: Log; readonly rest: Omit<Options, keyof MountOptions> } {
  const {
    verifier,
    passHeaders,
    log = console.error,
    action,
    target,
    require,
    maxDepth,
    acceptWarn,
    acceptObligations,
    body,
    claims,
    check,
    presence,
    ...rest
  } = options
  const route = routeOf({ action, target, require, maxDepth, acceptWarn, acceptObligations, body, claims, check, presence })
  if (verifier !== undefined && Object.keys(rest).length > 0) {
    throw new TypeError(
      `requireAiegisToken: ${Object.keys(rest).join(', ')} belong to the verifier; give them to the function that creates it`,
    )
  }
  return { log, route, stripped: headersToStrip(passHeaders), rest }
}

/** Evidence: trust does not travel, so no handler and nothing behind it sees these. Nor what only a receiver may say (spec chapter 20). */
const EVIDENCE = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', CONTEXT_HEADER]
/** The same for look-ups. */
export const EVIDENCE_FIELDS: ReadonlySet<string> = new Set(EVIDENCE)
/** Credentials that no decision covered; a receiver that wants them says so with `passHeaders`. */
const UNCOVERED = ['cookie', 'authorization']

/** Names of the headers to remove. Throws `TypeError` for a name in `passHeaders` that is not one of those removed by choice. */
export function headersToStrip(passHeaders: readonly string[] = []): ReadonlySet<string> {
  const passed = passHeaders.map((name) => name.toLowerCase())
  const wrong = passed.find((name) => !UNCOVERED.includes(name))
  if (wrong !== undefined)
    throw new TypeError(`passHeaders: '${wrong}' is none of ${UNCOVERED.join(', ')}; all other headers pass or never do`)
  return new Set([...EVIDENCE, ...UNCOVERED.filter((name) => !passed.includes(name))])
}
