/** web-did-resolver, another reading of did:web: oracle for the URL of a document, and a resolver that an operator may bring. @module */
import https from 'node:https'
import { didWebUrl, jwkOf } from '@aiegis/protocol'
import { Resolver } from 'did-resolver'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { getResolver } from 'web-did-resolver'
import { createDidKeys } from '../src/did-keys.ts'
import { createEvents } from '../src/events.ts'
import { createVerifier } from '../src/verifier.ts'
import { ROOT } from './certificates.ts'
import { startDidWebHost } from './did-web-host.ts'
import { bundle, HARNESS, LOG, signer } from './trust-bundle.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** The registry of this version of did-resolver around a method that was typed for another. */
function stock(): Resolver {
  return new Resolver(getResolver() as ConstructorParameters<typeof Resolver>[0])
}

describe('the URL of a document', () => {
  test('AHP-BYTES-25 is the one that web-did-resolver asks, for 400 DIDs', async () => {
    const asked: string[] = []
    vi.spyOn(https, 'request').mockImplementation((options) => {
      const { host, path } = options as https.RequestOptions
      asked.push(`https://${host}${path}`)
      throw new Error('intercepted')
    })
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/)
    const host = fc.oneof(
      { weight: 1, arbitrary: fc.constant('localhost') },
      {
        weight: 9,
        arbitrary: fc
          .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.constantFrom('com', 'example', 'xn--p1ai'))
          .map(([labels, last]) => [...labels, last].join('.')),
      },
    )
    const port = fc.oneof(
      fc.constant(''),
      fc.integer({ min: 1, max: 65_535 }).map((number) => (number === 443 ? '' : `%3A${number}`)),
    )
    const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/)
    const did = fc
      .tuple(host, port, fc.array(segment, { maxLength: 8 }))
      .map(([name, number, segments]) => ['did:web', name + number, ...segments].join(':'))
    const dids = fc.sample(did, 400)
    const resolver = stock()
    for (const one of dids) await resolver.resolve(one)
    expect(asked).toEqual(dids.map(didWebUrl))
  })
})

describe('as the resolver of a verifier, in development', () => {
  const trust = { ...bundle(), harnesses: [{ did: HARNESS, didWeb: true, ledgers: [LOG] }] }

  test('AHP-BUNDLE-9 a bundle with a DID document stops the start where nothing reads it', () => {
    const ports = { get: () => Promise.reject(new Error('down')), inflate: (gzip: Uint8Array) => gzip }
    expect(() => createVerifier({ ...ports, trust })).toThrow(
      `resolver: the keys of ${HARNESS} are in its DID document and nothing here reads one; pass { resolver }, on Node createDidWebResolver(…)`,
    )
    const resolver = new Resolver()
    createVerifier({ ...ports, trust, resolver, now: Date.now }).close()
  })

  test('it fits as it is, gives keys, and its document beside an error is not used', async () => {
    const host = await startDidWebHost()
    const did = `did:web:localhost%3A${host.port}`
    const real = https.request
    // It takes no roots: what the environment would give it is given to it here.
    vi.spyOn(https, 'request').mockImplementation((...args: unknown[]) =>
      Reflect.apply(real, https, [{ ...(args[0] as object), ca: ROOT, family: 4, lookup: undefined }, ...args.slice(1)]),
    )
    const document = (id: string): string =>
      JSON.stringify({
        id,
        verificationMethod: [
          { id: `${did}#1`, type: 'JsonWebKey2020', controller: did, publicKeyJwk: jwkOf(signer('harness').publicKey) },
        ],
        assertionMethod: [`${did}#1`],
      })
    const find = async (): Promise<unknown> =>
      createDidKeys({
        parties: [{ role: 'harness', did }],
        resolver: stock(),
        roleOf: () => undefined,
        now: Date.now,
        watch: createEvents({ log: () => {}, now: Date.now }).watch,
      }).find('harness', did, `${did}#1`)
    host.answer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(document(did)))
    expect(await find()).toMatchObject({ kid: `${did}#1`, key: signer('harness').publicKey })
    host.answer((_, response) => response.writeHead(200).end(document('did:web:other.example')))
    await expect(find()).rejects.toMatchObject({ code: 'keys_unavailable' })
    await host.close()
  })
})
