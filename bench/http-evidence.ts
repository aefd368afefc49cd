/** Fresh evidence for each request of `npm run bench -- http`: that of the kit, access tokens with DPoP proofs, bearer tokens. @module */
import { createHash, randomUUID } from 'node:crypto'
import { createMockHarness, lineOf, type Clock, type MockHarness } from '@aiegis/testing'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { ORDER, type Evidence } from './http-server.ts'

/** Makes the evidence of one request to `origin`, which is the same at each call. */
export type Mint = (origin: string) => Evidence | Promise<Evidence>

/** Who issues access tokens and for whom. */
export const ISSUER = 'https://issuer.example/'
export const AUDIENCE = 'https://api.example.com'

/** Seconds that an access token lives. */
const LIFETIME = 300

/**
 * Evidence of a mock harness, on the clock of the system. `together` requests are decided at a time and proven under one tree head, as a log
 * with group commit does when they are in flight at the same time; with 1 each has a head of its own.
 */
export function mintOfKit(together: number): Mint {
  const clock: Clock = { now: Date.now, seconds: () => Math.floor(Date.now() / 1000), advance: () => undefined }
  let harness: MockHarness | undefined
  const ready: Evidence[] = []
  return (origin) => {
    harness ??= createMockHarness({ audience: origin, clock })
    if (ready.length === 0) ready.push(...decide(harness, together, origin))
    return ready.shift() ?? {}
  }
}

function decide(harness: MockHarness, together: number, origin: string): readonly Evidence[] {
  const names = ['X-AEGIS-Token', 'X-AEGIS-Passport', 'Signature-Input', 'Signature']
  const { log } = harness
  const first = log.size
  const requests = Array.from({ length: together }, () => harness.mint({ ...ORDER, url: origin + ORDER.path }))
  const head = log.checkpoint()
  return requests.map((request, at) => ({
    ...Object.fromEntries(names.map((name) => [name, lineOf(request, name) ?? ''])),
    'X-AEGIS-Proof': Buffer.from(log.prove(first + at, head)).toString('base64url'),
  }))
}

/** An issuer with one key, and the public half for its JWK Set. */
export async function createIssuer(alg: string): Promise<{
  readonly jwk: JWK
  /** A token without proof. */
  readonly bearer: Mint
  /** A token that is bound to the key of a client, with a proof by it under `proofAlg` (RFC 9449). */
  dpop(proofAlg: string): Promise<Mint>
}> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = `issuer ${alg}`
  const token = (more: object): Promise<string> =>
    new SignJWT({ client_id: 'agent', scope: 'orders:create', ...more })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid })
      .setIssuer(ISSUER)
      .setSubject('agent')
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME} s`)
      .setJti(randomUUID())
      .sign(privateKey)
  return {
    jwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' },
    bearer: async () => ({ authorization: `Bearer ${await token({})}` }),
    async dpop(proofAlg) {
      const client = await generateKeyPair(proofAlg, { extractable: true })
      const jwk = await exportJWK(client.publicKey)
      const cnf = { jkt: await calculateJwkThumbprint(jwk) }
      return async (origin) => {
        const access = await token({ cnf })
        const ath = createHash('sha256').update(access).digest('base64url')
        const proof = await new SignJWT({ htm: ORDER.method, htu: origin + ORDER.path, ath })
          .setProtectedHeader({ alg: proofAlg, typ: 'dpop+jwt', jwk })
          .setIssuedAt()
          .setJti(randomUUID())
          .sign(client.privateKey)
        return { authorization: `DPoP ${access}`, dpop: proof }
      }
    },
  }
}
