/** Deterministic Ed25519 keys for tests, from a name. @module */
import { createPrivateKey, createPublicKey, createHash, sign } from 'node:crypto'
import { importEd25519, type Ed25519PublicKey } from '../src/ed25519.ts'

export interface TestKey {
  readonly seed: Uint8Array
  readonly key: Ed25519PublicKey
  sign(bytes: Uint8Array): Uint8Array
}

export function testKey(name: string): TestKey {
  const seed = new Uint8Array(createHash('sha256').update(name).digest())
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    seed,
    key: importEd25519(new Uint8Array(spki.subarray(-32))),
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  }
}

/** The text of a JWS over the exact `header` and `payload` texts, with no check of either. */
export function rawJws(signer: TestKey, header: string, payload: string): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${input}.${Buffer.from(signer.sign(Buffer.from(input))).toString('base64url')}`
}
