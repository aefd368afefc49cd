/** The file with the key of contexts: what is read, and what stops the start (spec chapter 20.3). @module */
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { contextKeyFile } from '../../src/node/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'aiegis-context-'))
afterAll(() => rmSync(folder, { recursive: true }))
const KID = 'did:web:api.example.com#context-1'

function written(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}

const ed25519 = generateKeyPairSync('ed25519')
const text = ed25519.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

test('the key in the file signs under the name that it is given', async () => {
  const signer = contextKeyFile(written('good.key', text), KID)
  expect(signer.kid).toBe(KID)
  const jwk = ed25519.publicKey.export({ format: 'jwk' })
  expect(Buffer.from(signer.publicKey.bytes).toString('base64url')).toBe(jwk.x)
})

test('a file that somebody else could have read or written stops the start with a sentence', () => {
  expect(() => contextKeyFile(join(folder, 'none.key'), KID)).toThrow(/cannot be opened \(ENOENT\); make one with umask 077/)
  expect(() => contextKeyFile(written('open.key', text, 0o640), KID)).toThrow('can be read by others; chmod it to 600')
  symlinkSync(written('real.key', text), join(folder, 'link.key'))
  expect(() => contextKeyFile(join(folder, 'link.key'), KID)).toThrow('cannot be opened (ELOOP)')
  expect(() => contextKeyFile(folder, KID)).toThrow('is not a regular file')
})

test('a file that holds something else stops the start with a sentence', () => {
  expect(() => contextKeyFile(written('text.key', 'secret'), KID)).toThrow('holds no private key as PKCS#8 PEM')
  expect(() => contextKeyFile(written('long.key', `${text}${' '.repeat(2000)}`), KID)).toThrow('is too long for a key')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = privateKey.export({ format: 'pem', type: 'pkcs8' })
  expect(() => contextKeyFile(written('p256.key', other), KID)).toThrow('holds a key of another kind than Ed25519')
})
