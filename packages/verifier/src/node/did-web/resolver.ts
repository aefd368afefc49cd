/** Resolves did:web with connections that cannot be led elsewhere, behind the registry that others know (spec chapter 2.8). @module */
import { DID_DOCUMENT, didWebHost, didWebUrl, Malformed, parseDidDocument } from '@aiegis/protocol'
import { Resolver, type DIDResolutionResult, type DIDResolver } from 'did-resolver'
import type { DidResolver } from '../../did-read.ts'
import { mediaTypeOf } from '../../media-type.ts'
import type { DidWebSettings } from '../../trust-did-web.ts'
import { getThrough, type Answer } from '../get.ts'
import { names, type LookupAll } from '../names.ts'
import { isLoopbackAddress, isPublicAddress } from './addresses.ts'
import { readRoots } from './roots.ts'
import { asksLookup, guardedAgent, guardedLookup, type AgentOf } from './guard.ts'

/** What tests put in place of the network. */
export interface DidWebPorts {
  readonly lookup?: LookupAll
  readonly agentOf?: AgentOf
  /** For one reading, from the lookup to the last byte: 3,000 unless said otherwise. */
  readonly timeoutMs?: number
}

/**
 * A resolver of did:web alone, for `createVerifier`. Asks a host over https at public addresses only, or as `settings` lists it, and
 * gives a document only when it came complete, with status 200 and is one under `parseDidDocument`; otherwise `didDocument` is null and
 * the metadata says why. Keeps nothing: the verifier does. Throws `TypeError` when the roots of `settings.caFile` cannot be read.
 */
export function createDidWebResolver(settings: DidWebSettings): DidResolver {
  return createDidWebResolverOf(settings, {})
}

/** As `createDidWebResolver`, on given ports: how tests show that each rule bites. */
export function createDidWebResolverOf(settings: DidWebSettings, ports: DidWebPorts): DidResolver {
  const read = createReader(settings, ports)
  const web: DIDResolver = async (did) => {
    try {
      const answer = await read(did)
      return resolved(did, answer)
    } catch (error) {
      return failed('notFound', messageOf(error))
    }
  }
  web.parser = (parsed) => (isLocated(parsed.didUrl) ? parsed : null)
  // Without prototype: the method of a DID is text of others, and `constructor` would be a method of any object.
  const registry: Record<string, DIDResolver> = Object.assign(Object.create(null), { web })
  const resolver = new Resolver(registry, { cache: false })
  // The parser of the registry reads text of any length.
  return { resolve: async (did) => (did.length > MAX_LENGTH ? failed('invalidDid', 'too long') : resolver.resolve(did)) }
}

type Reader = (did: string) => Promise<Answer>

function createReader(settings: DidWebSettings, ports: DidWebPorts): Reader {
  const { agentOf = guardedAgent, timeoutMs = 3000 } = ports
  // Whom the operator listed may be in the hosts file, which DNS does not know.
  const { lookup: listed = names.system, lookup: unlisted = names.dns } = ports
  const ca = settings.caFile === null ? undefined : readRoots(settings.caFile)
  const agents = {
    public: agentOf(guardedLookup(unlisted, isPublicAddress), ca),
    https: agentOf(
      guardedLookup(listed, () => true),
      ca,
    ),
    // The name of this machine, and its address: without TLS nothing else says who answers.
    http: agentOf(guardedLookup(listed, isLoopbackAddress)),
  }
  const isGuarded = asksLookup(agentOf)
  const limits = { maxBytes: DID_DOCUMENT.maxBytes, timeoutMs, accept: MEDIA_TYPES.join(', ') }
  return async (did) => {
    if (!(await isGuarded)) throw new Error(UNGUARDED)
    const scheme = settings.hosts.get(didWebHost(did))
    const url = didWebUrl(did)
    return getThrough(agents[scheme ?? 'public'], scheme === 'http' ? url.replace('https', 'http') : url, limits, {
      // A cache on the way must not give a key longer life than this receiver does.
      'cache-control': 'no-cache',
    })
  }
}

function resolved(did: string, { status, contentType, cacheControl, body }: Answer): DIDResolutionResult {
  if (status !== 200) return failed('notFound', `status ${status} instead of 200`)
  const mediaType = mediaTypeOf(contentType)
  if (!MEDIA_TYPES.includes(mediaType))
    return failed('representationNotSupported', `content that is none of ${MEDIA_TYPES.join(', ')}`)
  try {
    const { document } = parseDidDocument(body, did)
    const maxAge = maxAgeOf(cacheControl)
    return {
      didResolutionMetadata: { contentType: mediaType, ...(maxAge === undefined ? undefined : { maxAge }) },
      didDocument: { ...document, id: did },
      didDocumentMetadata: {},
    }
  } catch (error) {
    if (error instanceof Malformed) return failed('invalidDidDocument', error.message)
    throw error
  }
}

/** Of several addresses that cannot be connected to, each has an error, and all together none. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : 'the document could not be read'
}

/** There is no document beside an error: what would it be good for? */
function failed(error: string, message: string): DIDResolutionResult {
  return { didResolutionMetadata: { error, message }, didDocument: null, didDocumentMetadata: {} }
}

/** Seconds (RFC 9111 §5.2.2); what may not be kept has none. */
function maxAgeOf(cacheControl: string): number | undefined {
  if (/(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])/i.test(cacheControl)) return 0
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/i.exec(cacheControl) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}

/** The parser hook of the registry: a DID in its one spelling and nothing behind it. */
function isLocated(didUrl: string): boolean {
  try {
    return didWebUrl(didUrl) !== ''
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

const MAX_LENGTH = 512
const MEDIA_TYPES: readonly string[] = ['application/did', 'application/did+json', 'application/did+ld+json', 'application/json']
const UNGUARDED =
  'did:web is not read on this runtime: its connections do not ask the lookup that judges addresses; pin keys, or pass { resolver }'
