/** A harness that receivers trust and that signs whatever it is asked: what it lets pass, the receiver refuses itself. @module */
import { evidenceHeaders } from '@aiegis/agent'
import { formatDidKey, thumbprint, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, NAMES } from '@aiegis/testing'
import type { Actor, Sent, Shown } from '../story/attempt.ts'

/** What a careless harness signs for. */
export interface Unasked extends Shown {
  readonly txn: string
}

/** The mock harness of the tests, on the time of now. Its keys are published: no real receiver trusts it. */
export interface Careless {
  readonly did: string
  /** Parts of the trust bundle of a receiver that trusts it all the same. */
  readonly trust: JsonObject
  /** A token for this chain, whatever it says, in a request with the evidence of the actor. */
  permit(actor: Actor, shown: Unasked): Promise<Sent>
}

/** Creates it. Nothing listens: the tokens are made in place. */
export function createCareless(): Careless {
  const clock = { now: Date.now, seconds: () => Math.floor(Date.now() / 1000), advance: () => undefined }
  const mock = createMockHarness({ clock, logSize: 100 })
  return {
    did: NAMES.harness,
    trust: mock.trust(),
    async permit({ passport, signer }, { method = 'GET', url, action, txn }) {
      const made = mock.mint(
        { method, url, action },
        {
          chain: () => passport,
          claims: (claims) => ({
            ...claims,
            aud: new URL(url).origin,
            sub: formatDidKey(signer.publicKey),
            cnf: { jkt: thumbprint(mock.crypto, signer.publicKey) },
            txn,
          }),
        },
      )
      const token = lineOf(made, 'X-AEGIS-Token') ?? ''
      const proof = lineOf(made, 'X-AEGIS-Proof') ?? ''
      const headers = await evidenceHeaders(signer, { method, url, token, passport, proof, created: clock.seconds() })
      return { method, url, headers: new Headers(headers), content: '' }
    },
  }
}
