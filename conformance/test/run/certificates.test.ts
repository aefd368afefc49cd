/** The certificates of the suite host: one that TLS accepts under the root of the bundle, and three that it refuses for one reason each. @module */
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import { connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { certificatesOf, type Certificate } from '../../src/host/certificates.ts'

const { root, servers } = certificatesOf('a seed')

/** What a client that trusts the root alone says; `ok` when it says nothing. */
async function handshake(certificate: Certificate | undefined): Promise<string> {
  const server = createServer({ ...certificate })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const said = await new Promise<string>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: root })
    socket.once('secureConnect', () => resolve('ok'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => server.close())
  })
  server.closeAllConnections()
  return said
}

test.each([
  ['the right one', 0, 'ok'],
  ['one for another host', 1, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['one that has ended', 2, 'CERT_HAS_EXPIRED'],
  ['one of a root with another key', 3, 'CERT_SIGNATURE_FAILURE'],
])('%s', async (_what, at, said) => {
  expect(await handshake(servers[at])).toBe(said)
})

test('the root is an authority that signed itself, and the same for every run with a seed', () => {
  const certificate = new X509Certificate(root)
  expect([certificate.ca, certificate.verify(certificate.publicKey)]).toEqual([true, true])
  expect(new X509Certificate(certificatesOf('a seed').root).publicKey.equals(certificate.publicKey)).toBe(true)
  expect(new X509Certificate(certificatesOf('another').root).publicKey.equals(certificate.publicKey)).toBe(false)
})
