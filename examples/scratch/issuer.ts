/** The issuer: a passport for an agent, and the list that says that it is not revoked (spec chapters 8.2 and 9.2). @module */
import { gzipSync } from 'node:zlib'
import { CompactSign } from 'jose'
import { didKeyOf, sha256, type Pair } from './keys.ts'

/** DID of the issuer. */
export const ISSUER = 'did:web:identity.example'
const VC = ['https://www.w3.org/ns/credentials/v2']

/** What a passport says besides the agent's key. */
export interface Issued {
  readonly harness: string
  readonly mission: readonly { readonly action: string; readonly target: string }[]
  /** URL of the status list. */
  readonly list: string
}

/** A passport that is valid for a day (chapter 8.2). */
export async function createPassport(issuer: Pair, agent: Pair, { harness, mission, list }: Issued): Promise<string> {
  const id = didKeyOf(agent)
  const passport = {
    '@context': VC,
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: ISSUER,
    validFrom: wholeSeconds(Date.now() - 60_000),
    validUntil: wholeSeconds(Date.now() + 86_400_000),
    credentialSubject: {
      id,
      attestations: {
        hardware: { grade: 'none' },
        human: {
          type: 'fido2',
          grade: 'asserted',
          time: wholeSeconds(Date.now()),
          digest: sha256('what the person signed').toString('base64url'),
          id: 'did:web:acme.example:people:7f3a',
        },
        runtime: { grade: 'none' },
      },
      mission,
      harness: [harness],
    },
    cnf: { jwk: agent.jwk },
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: '7',
      statusListCredential: list,
    },
  }
  return signCredential(issuer, '1', passport)
}

/** The list at `url`, with no passport revoked (chapter 9.2). Serve it as `application/vc+jwt`. */
export async function createStatusList(key: Pair, url: string): Promise<string> {
  const bits = gzipSync(Buffer.alloc(131_072 / 8))
  return signCredential(key, 'status-1', {
    '@context': VC,
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: ISSUER,
    validFrom: wholeSeconds(Date.now() - 60_000),
    validUntil: wholeSeconds(Date.now() + 3_600_000),
    credentialSubject: {
      id: `${url}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: `u${bits.toString('base64url')}`,
    },
  })
}

async function signCredential({ secret }: Pair, name: string, credential: object): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(credential)))
    .setProtectedHeader({ alg: 'Ed25519', typ: 'vc+jwt', cty: 'vc', kid: `${ISSUER}#${name}` })
    .sign(secret)
}

/** Times of credentials have no fractions. */
function wholeSeconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '')
}
