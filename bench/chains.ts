/** What hand-offs cost: a chain of three beside one passport when both are known, and a chain that was never seen. @module */
import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { isObject, jwkOf, utf8, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, NAMES, receivedFrom, type RawRequest } from '@aiegis/testing'
import { createChainReader, createVerifier, type ReceivedRequest } from '@aiegis/verifier'
import { asParsed } from './as-parsed.ts'
import { measure, ratio, report, type Subject } from './measure.ts'

const ORDER = { method: 'POST', contentType: 'application/json', content: '{"item":7,"quantity":1}' }

/**
 * `warm_three_over_one`: both known. The others are about chains that were never seen, of agents that were, over bare checks of as many
 * signatures: five for the chain alone, eight for a whole request.
 */
export async function benchChains(json: boolean): Promise<void> {
  // Of each subject its own harness: none lengthens the proofs of another.
  const one = createMockHarness()
  const three = createMockHarness({ clock: one.clock })
  const fresh = createMockHarness({ clock: one.clock })
  const verifiers = [one, three, fresh].map((harness) => createVerifier(harness.receiver()))
  const [ofOne, ofThree, ofFresh] = verifiers
  await Promise.all(verifiers.map((verifier) => verifier.warm()))
  one.clock.advance(6)
  const chain = lineOf(three.mint({ ...ORDER, handOffs: 2 }), 'X-AEGIS-Passport') ?? ''
  const signer = one.keys.harness
  const key = createPublicKey({ key: { ...jwkOf(signer.publicKey) }, format: 'jwk' })
  const signatures = (name: string, messagesOf: (request: RawRequest) => readonly Uint8Array[]): Subject => ({
    name,
    prepare: (operations) =>
      Array.from({ length: operations }, () =>
        messagesOf(fresh.mint({ ...ORDER, handOffs: 2 })).map((message) => [message, signer.sign(message)] as const),
      ),
    run: (input) => {
      for (const [message, signature] of input as readonly (readonly [Uint8Array, Uint8Array])[]) {
        if (!verifySignature(null, message, key, signature)) throw new Error('a valid signature did not verify')
      }
    },
  })
  const issuerKey = { did: NAMES.issuer, kid: fresh.keys.issuer.kid, key: fresh.keys.issuer.publicKey }
  const reader = createChainReader({
    isIssuer: () => true,
    keys: { find: () => issuerKey },
    crypto: fresh.crypto,
    skewSeconds: 5,
  })
  let made = 0
  const unseen = (credential: JsonObject): JsonObject => inStatus(credential, { statusListIndex: String(++made % 131_072) })
  const costs = await measure(
    [
      {
        name: 'one',
        prepare: (operations) => Array.from({ length: operations }, () => asParsed(receivedFrom(one.mint(ORDER)))),
        run: (request) => ofOne?.verify(request as ReceivedRequest),
      },
      {
        name: 'three',
        prepare: (operations) =>
          Array.from({ length: operations }, () =>
            asParsed(receivedFrom(three.mint({ ...ORDER, handOffs: 2 }, { chain: () => chain }))),
          ),
        run: (request) => ofThree?.verify(request as ReceivedRequest),
      },
      {
        name: 'cold',
        // Every passport, and with it every delegation, has bytes that were never seen.
        prepare: (operations) =>
          Array.from({ length: operations }, () =>
            asParsed(receivedFrom(fresh.mint({ ...ORDER, handOffs: 2 }, { passport: unseen }))),
          ),
        run: (request) => ofFresh?.verify(request as ReceivedRequest),
      },
      {
        name: 'chain',
        prepare: (operations) =>
          Array.from({ length: operations }, () =>
            lineOf(fresh.mint({ ...ORDER, handOffs: 2 }, { passport: unseen }), 'X-AEGIS-Passport'),
          ),
        run: (text) => reader.read(text as string, one.clock.seconds()),
      },
      signatures('signatures of a request', signedParts),
      signatures('signatures of a chain', (request) => signedParts(request).slice(0, 5)),
    ],
    100,
  )
  for (const verifier of verifiers) verifier.close()
  report(
    'chains',
    {
      warm_three_over_one: ratio(costs, 'three', 'one'),
      cold_chain_over_signatures: ratio(costs, 'chain', 'signatures of a chain'),
      cold_request_over_signatures: ratio(costs, 'cold', 'signatures of a request'),
    },
    json,
  )
}

/** Eight texts as long as those that are signed in a request: three passports, two delegations, token, possession, checkpoint. */
function signedParts(request: RawRequest): readonly Uint8Array[] {
  const token = lineOf(request, 'X-AEGIS-Token') ?? ''
  const parts = (lineOf(request, 'X-AEGIS-Passport') ?? '').split('~')
  return [...[...parts, token].map((jws) => jws.slice(0, jws.lastIndexOf('.'))), token, token.slice(0, 150)].map((text) =>
    utf8(text),
  )
}

function inStatus(credential: JsonObject, members: JsonObject): JsonObject {
  const status = credential['credentialStatus']
  return { ...credential, credentialStatus: { ...(isObject(status) ? status : {}), ...members } }
}
