import type { JsonObject } from '@aiegis/protocol'
import { createMockHarness } from '@aiegis/testing'
import { MockAgent } from 'undici'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDidWebResolverOf } from '../../src/node/did-web/resolver.ts'
import { httpGet } from '../../src/node/get.ts'
import { createNodeVerifier } from '../../src/node/verifier.ts'
import { startDidWebHost, type DidWebHost } from '../did-web-host.ts'

const asked: string[] = vi.hoisted(() => [])
vi.mock(import('../../src/node/names.ts'), async (original) => {
  const way =
    (name: string): ReturnType<typeof real.createNames>['dns'] =>
    (host, _options, callback) => {
      asked.push(`${name} ${host}`)
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    }
  const real = await original()
  return { ...real, names: { dns: way('dns'), system: way('system'), either: way('either') } }
})

let host: DidWebHost
beforeEach(async () => {
  asked.length = 0
  host = await startDidWebHost()
})
afterEach(async () => {
  await host.close()
})

describe('the way to find a name is', () => {
  test('for a status list DNS and then the system', async () => {
    await expect(httpGet(`https://lists.example:${host.port}/1`, LIMITS)).rejects.toThrow(/certificate/)
    expect(asked).toEqual(['either lists.example'])
  })

  test('for a host of a document that the bundle does not list DNS alone', async () => {
    expect(await failure(new Map())).toBe('identity.example is at 127.0.0.1, which may not be asked')
    expect(asked).toEqual(['dns identity.example'])
  })

  test('for one that it lists the system', async () => {
    expect(await failure(new Map([[`identity.example:${host.port}`, 'https']]))).toBe('status 404 instead of 200')
    expect(asked).toEqual(['system identity.example'])
  })
})

test('AHP-BYTES-30 a look-up that never ends is given up with the reading', async () => {
  const resolver = host.resolver(undefined, { lookup: () => {}, timeoutMs: 50 })
  expect(await resolver.resolve(host.did)).toMatchObject({ didResolutionMetadata: { message: 'no answer within 50 ms' } })
})

const LIMITS = { maxBytes: 1000, timeoutMs: 3000, accept: 'application/vc+jwt' }

async function failure(hosts: Parameters<typeof createDidWebResolverOf>[0]['hosts']): Promise<unknown> {
  const { didResolutionMetadata } = await createDidWebResolverOf({ hosts, caFile: host.caFile }, {}).resolve(host.did)
  return Reflect.get(Object(didResolutionMetadata), 'message')
}

describe('AHP-BYTES-31 the log says once, with the cause,', () => {
  const harness = createMockHarness({ logSize: 5 })
  /** What the log has after two readings of the documents of an issuer at this host, in lines and causes. */
  async function logged(ports: Parameters<DidWebHost['resolver']>[1]): Promise<readonly unknown[]> {
    const lines: unknown[] = []
    const [first] = harness.trust()['issuers'] as readonly JsonObject[]
    const { keys: _keys, status: _status, ...members } = first ?? {}
    const verifier = createNodeVerifier({
      ...harness.receiver({ issuers: [{ ...members, did: host.did, didWeb: true, status: 'unrevocable' }] }),
      resolver: host.resolver(undefined, ports),
      log: (line, cause) => lines.push(line, cause instanceof Error ? cause.message : cause),
    })
    await verifier.warm()
    await verifier.warm()
    verifier.close()
    return lines
  }
  const line = (): string => `keys of ${host.did}: its DID document cannot be read`
  const cause = (why: string): string => `${host.did} was not resolved: ["notFound",${JSON.stringify(why)}]`

  test('that this runtime does not obey', async () => {
    const deaf = new MockAgent()
    deaf.disableNetConnect()
    expect(await logged({ agentOf: () => deaf })).toEqual([
      line(),
      cause(
        'did:web is not read on this runtime: its connections do not ask the lookup that judges addresses; pin keys, or pass { resolver }',
      ),
    ])
  })

  test('that a document cannot be read', async () => {
    expect(await logged({})).toEqual([line(), cause('status 404 instead of 200')])
  })

  test('why none of several addresses can be connected to', async () => {
    host.resolveTo('127.0.0.2', '127.0.0.3')
    const refused = ['127.0.0.2', '127.0.0.3'].map((address) => `connect ECONNREFUSED ${address}:${host.port}`)
    expect(await logged({})).toEqual([line(), cause(refused.join('; '))])
  })
})
