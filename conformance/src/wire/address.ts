/** Where the receiver is, as sockets want it: host, port, with or without TLS. @module */

/** An origin, taken apart. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** As `Host` names it: without the default port. */
  readonly authority: string
}

/** Takes the origin of an `http:` or `https:` URL apart. Throws `TypeError` for any other text. */
export function addressOf(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new TypeError(`'${text}' is not the URL of a receiver; write for example http://127.0.0.1:3000`)
  const tls = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: url.port === '' ? (tls ? 443 : 80) : Number(url.port), tls, authority: url.host }
}
