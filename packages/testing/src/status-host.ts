/** The mock issuer's status list: real bits, really signed, and out of order when a test wants that (spec chapter 9). @module */
import { gzipSync } from 'node:zlib'
import { encodeBase64url, formatSeconds, utf8, type SyncSigner } from '@aiegis/protocol'
import type { HttpGet } from '@aiegis/verifier'
import type { Clock } from './clock.ts'
import { NAMES } from './keys.ts'
import { signJws } from './sign-jws.ts'

/** Serves one status list. */
export interface StatusHost {
  readonly get: HttpGet
  revoke(index: number): void
  /** `down`: every request fails until it is `up` again. */
  set(state: 'up' | 'down'): void
}

/** 131,072 entries, the least that the Recommendation allows (Bitstring Status List §4.1). */
const LIST_BYTES = 16_384

/** A host for the list of `NAMES.statusList`, signed anew for every request. */
export function createStatusHost(clock: Clock, signer: SyncSigner): StatusHost {
  const bits = new Uint8Array(LIST_BYTES)
  let state: 'up' | 'down' = 'up'
  return {
    get: async (url) => {
      if (state === 'down') throw new Error('the status host is down')
      if (url !== NAMES.statusList) return { status: 404, contentType: 'text/plain', body: new Uint8Array(0) }
      return {
        status: 200,
        contentType: 'application/vc+jwt',
        body: utf8(signJws(header(signer), credential(clock, bits), signer)),
      }
    },
    revoke(index) {
      bits[index >> 3] = (bits[index >> 3] ?? 0) | (0x80 >> (index & 7))
    },
    set(next) {
      state = next
    },
  }
}

function header(signer: SyncSigner): { readonly [name: string]: string } {
  return { alg: 'Ed25519', typ: 'vc+jwt', cty: 'vc', kid: signer.kid }
}

function credential(clock: Clock, bits: Uint8Array): Parameters<typeof signJws>[1] {
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: NAMES.statusList,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: NAMES.issuer,
    validFrom: formatSeconds(clock.seconds()),
    validUntil: formatSeconds(clock.seconds() + 3600),
    credentialSubject: {
      id: `${NAMES.statusList}#list`,
      type: 'BitstringStatusList',
      statusPurpose: 'revocation',
      encodedList: `u${encodeBase64url(gzipSync(bits))}`,
    },
  }
}
