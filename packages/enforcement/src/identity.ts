/** The names of a server: DIDs, key ids, log origin and the URLs under which it is reached (spec chapters 1 and 15). @module */
import { checkDid, parseOrigin } from '@aiegis/protocol'

/** What may be chosen; the rest follows from the URL. */
export interface IdentityOptions {
  /** Origin under which agents reach the server, without a final slash. */
  readonly url: string
  readonly did?: string | undefined
  readonly issuer?: string | undefined
  readonly logOrigin?: string | undefined
}

/** Every name of one server. */
export interface Identity {
  readonly url: string
  /** `@target-uri` of every signed question. */
  readonly endpoint: string
  readonly did: string
  readonly issuerDid: string
  readonly logOrigin: string
  readonly statusUrl: string
  readonly kids: {
    readonly harness: string
    readonly log: string
    readonly issuer: string
    readonly status: string
    readonly pack: string
  }
}

/** Path of the revocation list. */
export const STATUS_PATH = '/status/revocation/1'

/**
 * The names. At home the harness is `did:web:localhost%3A<port>`. Harness and issuer are two parties, also when one process is both:
 * a key of one DID document must never be taken for a key of the other role. Throws `Malformed` for names without their form.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const url = parseOrigin(options.url)
  const { hostname, port } = new URL(url)
  const host = `${hostname === '127.0.0.1' || hostname === '[::1]' ? 'localhost' : hostname}${port === '' ? '' : `%3A${port}`}`
  const did = checkDid(options.did ?? `did:web:${host}`)
  const issuerDid = checkDid(options.issuer ?? `${did}:issuer`)
  return {
    url,
    endpoint: `${url}/api/protect`,
    did,
    issuerDid,
    logOrigin: options.logOrigin ?? `${host.replace('%3A', ':')}/aiegis/1`,
    statusUrl: `${url}${STATUS_PATH}`,
    kids: {
      harness: `${did}#harness`,
      log: options.logOrigin ?? `${host.replace('%3A', ':')}/aiegis/1`,
      issuer: `${issuerDid}#issuer`,
      status: `${issuerDid}#status`,
      pack: `${did}#pack`,
    },
  }
}
