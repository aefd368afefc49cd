/** A loopback host of DID documents with TLS, and the resolver that reads them there instead of on the public network. @module */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerOptions } from 'node:https'
import type { DidResolver } from '../src/did-read.ts'
import { createDidWebResolverOf, type DidWebPorts } from '../src/node/did-web/resolver.ts'
import type { DidWebSettings } from '../src/trust.ts'
import { GOOD, ROOT } from './certificates.ts'
import { startServer, type TestServer } from './http-server.ts'

export interface DidWebHost extends TestServer {
  /** `did:web:identity.example%3A<port>`. */
  readonly did: string
  /** A file with the root of its certificate. */
  readonly caFile: string
  /** Names that were looked up. */
  readonly lookups: string[]
  /** What a lookup gives from now on. */
  resolveTo(...addresses: readonly string[]): void
  /** A resolver that may ask this host, unless changed. */
  resolver(settings?: Partial<DidWebSettings>, ports?: DidWebPorts): DidResolver
}

/** Starts a host; it shows the certificate `GOOD` unless `tls` says otherwise. */
export async function startDidWebHost(tls: ServerOptions | undefined = GOOD): Promise<DidWebHost> {
  const server = await startServer((_, response) => response.writeHead(404).end(), tls)
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-did-web-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ROOT, { mode: 0o600 })
  const lookups: string[] = []
  let found = ['127.0.0.1']
  return {
    ...server,
    did: `did:web:identity.example%3A${server.port}`,
    caFile,
    lookups,
    resolveTo(...addresses) {
      found = [...addresses]
    },
    resolver: (settings, ports) =>
      createDidWebResolverOf(
        { hosts: new Map([[`identity.example:${server.port}`, 'https']]), caFile, ...settings },
        {
          lookup(name, _options, callback) {
            lookups.push(name)
            callback(
              null,
              found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
            )
          },
          timeoutMs: 500,
          ...ports,
        },
      ),
    async close() {
      rmSync(folder, { recursive: true, force: true })
      await server.close()
    },
  }
}
