import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDidWebResolverOf } from '../../src/node/did-web/resolver.ts'
import { httpGet } from '../../src/node/get.ts'
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
