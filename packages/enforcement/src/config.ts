/** Reads the flags of the server; whatever is wrong stops the start with one sentence (spec chapter 15). @module */
import { checkDid, JURISDICTION, LIMITS, Malformed, parseDidKey, parseNormalUrl, parseOrigin } from '@aiegis/protocol'
import { isPostgres } from './audit-log.ts'
import { UsageError } from './usage.ts'

/** What the flags say. Files are not opened here. */
export interface Config {
  /** 0 takes a free port. */
  readonly port: number
  readonly state: string
  /** SQLite file of the ledger, `tiles:` and a directory, or URL of a PostgreSQL without a password; `ledger.db` in the state directory when absent. */
  readonly auditDb: string | undefined
  /** File of the newest released head; `last-checkpoint` in the state directory when absent. */
  readonly lastCheckpoint: string | undefined
  /** File of the log key before or after that in the state directory; none when absent. */
  readonly alsoLogKey: string | undefined
  /** File of the witnesses of the ledger; none when absent. */
  readonly witnesses: string | undefined
  /** Files, in load order; the reference packs when there are none. */
  readonly policyPacks: readonly string[]
  /** `did:key`s whose packs are accepted, besides the server's own pack key. */
  readonly packIssuers: readonly string[]
  readonly allowUnsignedPacks: boolean
  /** Origin under which agents reach the server; `http://127.0.0.1:<port>` when absent. */
  readonly url: string | undefined
  /** DID of the harness; made of the port when absent. */
  readonly did: string | undefined
  /** DID of the issuer of passports; the harness's and `:issuer` when absent. */
  readonly issuer: string | undefined
  /** Name of the log in its checkpoints. */
  readonly logOrigin: string | undefined
  readonly tokenSeconds: number
  readonly blockStatus: 401 | 403
  readonly jurisdictions: readonly string[]
  /** URLs where receivers take hints that the status list changed. */
  readonly notify: readonly string[]
}

const NAMES = {
  port: '<number>',
  state: '<directory>',
  'audit-db': '<file, tiles:directory or postgres://...>',
  'last-checkpoint': '<file>',
  'also-log-key': '<file>',
  witnesses: '<file>',
  'policy-pack': '<file>',
  'pack-issuer': '<did:key>',
  'allow-unsigned-packs': '',
  url: '<origin>',
  did: '<did:web>',
  issuer: '<did:web>',
  'log-origin': '<name>',
  'token-seconds': '<number>',
  'block-status': '<401 or 403>',
  jurisdiction: '<code>',
  notify: '<url>',
} as const

type Name = keyof typeof NAMES
const REPEATABLE: ReadonlySet<Name> = new Set(['policy-pack', 'pack-issuer', 'jurisdiction', 'notify'])

/** One line that names every flag. */
export const USAGE: string = `flags: ${Object.entries(NAMES)
  .map(([name, value]) => `--${name}${value === '' ? '' : ` ${value}`}`)
  .join(' ')}`

/** The configuration that `args` (without node and script) describe. Throws `UsageError`. */
export function parseFlags(args: readonly string[]): Config {
  const flags = collect(args)
  const one = (name: Name): string | undefined => flags.get(name)?.[0]
  return {
    port: integer(one('port'), 'port', 0, 65_535, 18_081),
    state: one('state') ?? '.aiegis',
    auditDb: optional(one('audit-db'), checkAuditDb),
    lastCheckpoint: one('last-checkpoint'),
    alsoLogKey: one('also-log-key'),
    witnesses: one('witnesses'),
    policyPacks: flags.get('policy-pack') ?? [],
    packIssuers: (flags.get('pack-issuer') ?? []).map((did) =>
      checked('pack-issuer', did, (text) => (parseDidKey(text), text), 'write a did:key of an Ed25519 key'),
    ),
    allowUnsignedPacks: flags.has('allow-unsigned-packs'),
    url: optional(one('url'), (text) =>
      checked('url', text, parseOrigin, 'write an origin such as https://harness.example, without a final slash'),
    ),
    did: optional(one('did'), (text) => checked('did', text, checkDidWeb, 'write a did:web such as did:web:harness.example')),
    issuer: optional(one('issuer'), (text) =>
      checked('issuer', text, checkDidWeb, 'write a did:web such as did:web:identity.example'),
    ),
    logOrigin: optional(one('log-origin'), (text) =>
      checked('log-origin', text, checkLogOrigin, 'write a name such as ledger.example/aiegis/1'),
    ),
    tokenSeconds: integer(one('token-seconds'), 'token-seconds', 1, LIMITS.tokenSeconds, 60),
    blockStatus: integer(one('block-status'), 'block-status', 401, 403, 401, [401, 403]) === 403 ? 403 : 401,
    jurisdictions: (flags.get('jurisdiction') ?? []).map((text) =>
      checked('jurisdiction', text, checkJurisdiction, 'write a code such as EU or IE'),
    ),
    notify: (flags.get('notify') ?? []).map((text) =>
      checked(
        'notify',
        text,
        (url) => parseNormalUrl(url).href,
        'write an https URL such as https://api.example.com/status-hints',
      ),
    ),
  }
}

function collect(args: readonly string[]): ReadonlyMap<Name, readonly string[]> {
  const flags = new Map<Name, string[]>()
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    const [flag = '', ...rest] = arg.split('=')
    const name = flag.slice(2)
    if (!flag.startsWith('--') || !isName(name)) throw new UsageError(`${show(arg)}: no such flag; ${USAGE}`)
    const values = flags.get(name) ?? []
    if (values.length > 0 && !REPEATABLE.has(name)) throw new UsageError(`--${name}: it stands twice; remove one of the two`)
    const takesValue = NAMES[name] !== ''
    if (!takesValue && rest.length > 0) throw new UsageError(`--${name}: it takes no value; write --${name} alone`)
    const inline = rest.length > 0 ? rest.join('=') : undefined
    const value = takesValue ? (inline ?? args[(index += 1)]) : 'yes'
    if (value === undefined || value === '' || (inline === undefined && value.startsWith('--'))) {
      throw new UsageError(`--${name}: its value is missing; write --${name} ${NAMES[name]}`)
    }
    flags.set(name, [...values, value])
  }
  return flags
}

function isName(name: string): name is Name {
  return Object.hasOwn(NAMES, name)
}

function integer(
  text: string | undefined,
  name: Name,
  least: number,
  most: number,
  otherwise: number,
  only?: readonly number[],
): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  const known = only === undefined ? value >= least && value <= most : only.includes(value)
  if (known && Number.isInteger(value) && String(value) === text) return value
  throw new UsageError(
    `--${name} ${show(text)}: not allowed; write ${only === undefined ? `a number from ${least} to ${most}` : only.join(' or ')}`,
  )
}

function optional(text: string | undefined, check: (text: string) => string): string | undefined {
  return text === undefined ? undefined : check(text)
}

function checked(name: Name, text: string, check: (text: string) => string, cure: string): string {
  try {
    return check(text)
  } catch (error) {
    if (error instanceof Malformed) throw new UsageError(`--${name} ${show(text)}: ${error.message}; ${cure}`, { cause: error })
    throw error
  }
}

function checkDidWeb(text: string): string {
  if (!text.startsWith('did:web:')) throw new Malformed('not a did:web')
  return checkDid(text)
}

/** A note key name without what would end a line or a field (c2sp.org/signed-note). */
function checkLogOrigin(text: string): string {
  if (!/^[a-z0-9][a-z0-9.:/_-]{0,199}$/.test(text)) throw new Malformed('not lower-case letters, digits and ". : / _ -"')
  return text
}

/** Every user of a machine sees its command lines. The client finds a password by itself, as every PostgreSQL client does. */
function checkAuditDb(text: string): string {
  if (text === 'tiles:') throw new UsageError('--audit-db tiles:: the directory is missing; write --audit-db tiles:<directory>')
  if (!isPostgres(text)) return text
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.password !== '' || url.searchParams.has('password')) {
    throw new UsageError(
      '--audit-db postgres://…: not a URL, or one with a password; write postgres://<role>@<host>/<database>, and the password into PGPASSWORD or a file .pgpass',
    )
  }
  return text
}

function checkJurisdiction(text: string): string {
  if (!JURISDICTION.test(text)) throw new Malformed('not the code of a jurisdiction')
  return text
}

function show(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
