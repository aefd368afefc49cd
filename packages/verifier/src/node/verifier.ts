/** A verifier on Node: trust from a file, status lists over HTTP, evidence removed before the handler (spec chapters 7 and 14). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal } from '@aiegis/protocol'
import type { ReceivedRequest } from '../request.ts'
import { parseTrustBundle, type TrustConfig } from '../trust.ts'
import { createVerifier, type Verifier, type VerifierOptions } from '../verifier.ts'
import { createAuditDirectory } from './audit-directory.ts'
import { readContent } from './content.ts'
import { createDidWebResolver } from './did-web/resolver.ts'
import { inviteContent } from './expect.ts'
import { httpGet } from './get.ts'
import { inflate } from './inflate.ts'
import { describeTrust, hasTrustFile, loadTrust } from './load-trust.ts'
import { createStateDirectory, statePath } from './state-directory.ts'

/** As `VerifierOptions`, with everything that Node can provide left out. */
export interface NodeVerifierOptions extends Partial<VerifierOptions> {
  /**
   * Absolute path of the directory where the newest status lists, the newest heads of logs and evidence against logs are kept for after
   * a restart; that in `AIEGIS_STATE` by default, but for what has a memory of its own in these options. Without either, after a restart an older list counts until a newer one is read, and a
   * log that contradicted itself is open again.
   */
  readonly stateDirectory?: string
}

/** Creates a verifier; without `trust` the bundle is read from its file. Throws `TypeError` with one sentence that says what to do. */
export function createNodeVerifier(options: NodeVerifierOptions = {}): Verifier {
  const { log = console.error, trust, stateDirectory, ...rest } = options
  if (stateDirectory !== undefined && rest.statusMemory !== undefined)
    throw new TypeError('stateDirectory: there is a statusMemory too; remove one of the two')
  // A memory for lists alone leaves what is known of logs in the directory.
  const isPlaced = rest.statusMemory !== undefined && rest.auditMemory !== undefined
  const directory = stateDirectory ?? (isPlaced ? undefined : statePath())
  const memory = directory === undefined ? {} : placesIn(directory, rest)
  const ports = { get: httpGet, inflate, log, ...rest, ...memory }
  if (trust !== undefined) return createVerifier({ ...ports, ...resolverOf(rest, trust), trust })
  const file = loadTrust()
  const verifier = createVerifier({ ...ports, ...resolverOf(rest, file.bundle), trust: file.bundle })
  const store = options.replay === undefined ? 'memory of this one process' : 'the store given as option'
  const lists =
    directory === undefined || rest.statusMemory !== undefined ? placeOf(rest.statusMemory) : JSON.stringify(directory)
  log(describeTrust(verifier.trust, { path: file.path, sha256: file.sha256, store, lists }))
  files.set(verifier.trust, file.sha256)
  return verifier
}

const files = new WeakMap<TrustConfig, string>()

/** SHA-256 of the trust file that a verifier was made from, as `TrustFile` has it; `undefined` when it was given its bundle in code, then or since. */
export function bundleFrom({ trust }: Verifier): string | undefined {
  return files.get(trust)
}

/** The directory, but for what the caller keeps elsewhere. Throws `TypeError` for one that is not safe, whatever is kept there. */
function placesIn(
  directory: string,
  given: Partial<VerifierOptions>,
): Required<Pick<VerifierOptions, 'statusMemory' | 'auditMemory'>> {
  const lists = createStateDirectory(directory)
  return {
    statusMemory: given.statusMemory ?? lists,
    auditMemory: given.auditMemory ?? createAuditDirectory(directory),
  }
}

function placeOf(memory: VerifierOptions['statusMemory']): string {
  return memory === undefined ? 'known as long as this process lives' : 'kept as given as option'
}

/** What reads DID documents, where the bundle has parties with some and the caller brings nothing of his own. */
function resolverOf({ resolver }: Partial<VerifierOptions>, bundle: unknown): Pick<VerifierOptions, 'resolver'> {
  if (resolver !== undefined) return { resolver }
  const { didWeb, didWebParties } = parseTrustBundle(bundle)
  return didWebParties.length === 0 ? {} : { resolver: createDidWebResolver(didWeb) }
}

let shared: Verifier | undefined

/** The verifier of this process, made from the trust file at the first call; every mount without options of its own uses it. */
export function processVerifier(): Verifier {
  shared ??= createNodeVerifier()
  return shared
}

/** As `processVerifier`, or `undefined` where there is no trust file: a route may be behind a mount that was given its trust in code. */
export function processVerifierIfAny(): Verifier | undefined {
  return shared ?? (hasTrustFile() ? processVerifier() : undefined)
}

/**
 * Node's request as the verifier wants it. `target` is that of the request line, before a router took its mount path off. Content that is held back
 * is asked for on `response` when it is read. With `isKept` content that is refused is put back.
 */
export function receivedOf(
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  target: string = request.originalUrl ?? request.url ?? '',
  isKept: boolean = false,
): ReceivedRequest {
  return {
    method: request.method ?? '',
    target,
    get headers() {
      checkVersion(request)
      return sameInBothViews(request)
    },
    content: (limits) => readContent(request, limits, () => inviteContent(request, response), isKept),
  }
}

/** HTTP/2 has no request line, names the authority twice and ends its content otherwise: nothing here was made for it. */
function checkVersion({ httpVersionMajor }: IncomingMessage): void {
  if (httpVersionMajor !== 1)
    throw new Refusal('misconfigured', 'only HTTP/1.1 is read here: end HTTP/2 in front of this server, or serve it without')
}

/** What is verified here is `rawHeaders`; what handlers read is `headers`. Node cuts the second off at a number of lines. */
function sameInBothViews({ rawHeaders, headers }: IncomingMessage): readonly string[] {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (!Object.hasOwn(headers, name)) throw new Refusal('request_malformed', 'more field lines than the server keeps')
  }
  return rawHeaders
}
