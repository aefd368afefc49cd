/** What one full verification costs beside one bare signature check and beside a JWT library. @module */
import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto'
import { createMockHarness, lineOf, receivedFrom } from '@aiegis/testing'
import { createVerifier, type ReceivedRequest } from '@aiegis/verifier'
import { importJWK, jwtVerify } from 'jose'
import { jwkOf } from '@aiegis/protocol'
import { asParsed } from './as-parsed.ts'
import { measure, ratio, report } from './measure.ts'

/** Every request has a token, a possession signature and a checkpoint of its own; passport, keys and status list are warm. */
export async function benchVerify(json: boolean): Promise<void> {
  const harness = createMockHarness()
  // Tokens of the other subjects come from a log of their own: they must not lengthen the proofs of the first.
  const other = createMockHarness({ clock: harness.clock, logSize: 1 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const jwk = { ...jwkOf(harness.keys.harness.publicKey) }
  const keyObject: KeyObject = createPublicKey({ key: jwk, format: 'jwk' })
  const joseKey = await importJWK(jwk, 'Ed25519')
  const currentDate = new Date(harness.clock.now())
  const order = { method: 'POST', contentType: 'application/json', content: '{"item":7,"quantity":1}' }
  const tokens = (operations: number): readonly string[] =>
    Array.from({ length: operations }, () => lineOf(other.mint(order), 'X-AEGIS-Token') ?? '')

  const costs = await measure([
    {
      name: 'warm',
      prepare: (operations) => Array.from({ length: operations }, () => asParsed(receivedFrom(harness.mint(order)))),
      run: (request) => verifier.verify(request as ReceivedRequest),
    },
    {
      name: 'raw',
      prepare: (operations) =>
        tokens(operations).map((token) => {
          const end = token.lastIndexOf('.')
          return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), 'base64url')]
        }),
      run: (input) => {
        const [message, signature] = input as readonly [Buffer, Buffer]
        if (!verifySignature(null, message, keyObject, signature)) throw new Error('a valid signature did not verify')
      },
    },
    {
      name: 'jose',
      prepare: tokens,
      run: (token) => jwtVerify(token as string, joseKey, { currentDate, audience: harness.audience }),
    },
  ])
  verifier.close()
  report(
    'verify',
    {
      warm_over_raw: ratio(costs, 'warm', 'raw'),
      jose_over_raw: ratio(costs, 'jose', 'raw'),
      warm_over_jose: ratio(costs, 'warm', 'jose'),
    },
    json,
  )
}
