/** What signers write is what receivers read (spec chapter 2). @module */
import { expect, test } from 'vitest'
import { createSigner, decodeJws, nobleCrypto, parseJson, signJws, verifyJws } from '../src/index.ts'

const signer = createSigner(new Uint8Array(32).fill(7), 'did:web:harness.example#1')

test.each([{ typ: 'aegis-token+jwt' }, { typ: 'vc+jwt', cty: 'vc' }])('a JWS of form %j is read in that form', async (form) => {
  const jws = decodeJws(await signJws(signer, form, { b: 1, a: 'x' }), { ...form, maxBytes: 400 })
  const payload = await verifyJws(nobleCrypto(), jws, signer.publicKey)
  expect(jws.kid).toBe('did:web:harness.example#1')
  expect(parseJson(payload ?? new Uint8Array(), { maxBytes: 400 })).toEqual({ a: 'x', b: 1 })
})
