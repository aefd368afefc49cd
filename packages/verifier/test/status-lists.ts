/** Status lists as a test wants them, signed by a real key, and the issuer of a bundle that they are of. @module */
import { gunzipSync, gzipSync } from 'node:zlib'
import { encodeBase64url, formatSeconds, utf8 } from '@aiegis/protocol'
import type { HttpGet, Inflate, StatusIssuer } from '../src/status.ts'
import { rawJws, testKey, type TestKey } from '../../protocol/test/keys.ts'

export const ISSUER = 'did:web:identity.example'
export const KID = `${ISSUER}#status`
/** Epoch seconds. */
export const NOW = Date.UTC(2026, 10, 20, 22) / 1000
export const statusKey: TestKey = testKey('status')
export const otherKey: TestKey = testKey('other')
export const inflate: Inflate = (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes })

export interface ListChanges {
  readonly revoked?: readonly number[]
  readonly bits?: Uint8Array
  readonly signer?: TestKey
  readonly header?: object
  readonly claims?: object
  readonly subject?: object
  readonly from?: number
  readonly until?: number
}

/** The list at `url` as compact JWS: good, from a minute ago, unless changed. */
export function listAt(url: string, changes: ListChanges = {}): string {
  const bits = changes.bits ?? new Uint8Array(16_384)
  for (const index of changes.revoked ?? []) bits[index >> 3] = (bits[index >> 3] ?? 0) | (0x80 >> (index & 7))
  const claims = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: ISSUER,
    validFrom: formatSeconds(changes.from ?? NOW - 60),
    validUntil: formatSeconds(changes.until ?? NOW + 3600),
    credentialSubject: {
      id: `${url}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: `u${encodeBase64url(gzipSync(bits))}`,
      ...changes.subject,
    },
    ...changes.claims,
  }
  const header = { alg: 'Ed25519', typ: 'vc+jwt', cty: 'vc', kid: KID, ...changes.header }
  return rawJws(changes.signer ?? statusKey, JSON.stringify(header), JSON.stringify(claims))
}

/** The issuer as a bundle describes it: one list, one status key. */
export function issuerOf(url: string, changes: Partial<StatusIssuer> = {}): StatusIssuer {
  const key: StatusIssuer['key'] = (kid) => (kid === KID ? { key: statusKey.key } : undefined)
  return { did: ISSUER, lists: [url], maxStalenessSeconds: 600, key, ...changes }
}

/** What a good host answers. */
export function answerOf(text: string): Awaited<ReturnType<HttpGet>> {
  return { status: 200, contentType: 'application/vc+jwt', body: utf8(text) }
}
