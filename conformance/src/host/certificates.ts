/** Certificates of the suite host: one that is right and each wrong one of its kind, under a root that the trust bundle names (RFC 5280). @module */
import { createECDH, createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto'

/** PEM of a certificate and of its key, as a TLS server takes them. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What the suite host shows over TLS. */
export interface Certificates {
  /** PEM of the root: the only one of `didWeb.caFile`. */
  readonly root: string
  /** In the order of the ports: right, for another host, ended, of a root that nobody trusts. */
  readonly servers: readonly Certificate[]
}

interface Plan {
  readonly subject: string
  readonly issuer: string
  readonly key: KeyPair
  readonly signer: KeyPair
  readonly until: string
  /** The host it is for; a root has none. */
  readonly host: string | null
}

interface KeyPair {
  readonly privateKey: KeyObject
  /** The point, uncompressed. */
  readonly point: Uint8Array
}

const ROOT = 'AHP conformance root'
const FROM = '200101000000Z'
const UNTIL = '491231235959Z'

/** The certificates of a seed. Keys and names are always the same; signatures differ each time, which no verifier minds. */
export function certificatesOf(seed: string): Certificates {
  const [root, stranger, key] = [keyOf(`${seed}\nroot`), keyOf(`${seed}\nstranger`), keyOf(`${seed}\nserver`)]
  const server = (changed: Partial<Plan>): Certificate => {
    const plan = { subject: 'localhost', issuer: ROOT, key, signer: root, until: UNTIL, host: 'localhost', ...changed }
    return { cert: certificate(plan), key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }
  return {
    root: certificate({ subject: ROOT, issuer: ROOT, key: root, signer: root, until: UNTIL, host: null }),
    servers: [
      server({}),
      server({ subject: 'elsewhere.example', host: 'elsewhere.example' }),
      server({ until: '210101000000Z' }),
      // The name of the root, and another key.
      server({ signer: stranger }),
    ],
  }
}

/** A key on P-256, which every TLS library has, from SHA-256 of a name. */
function keyOf(name: string): KeyPair {
  const ecdh = createECDH('prime256v1')
  const d = createHash('sha256').update(name).digest()
  ecdh.setPrivateKey(d)
  const point = new Uint8Array(ecdh.getPublicKey())
  const jwk = { kty: 'EC', crv: 'P-256', d: text(d), x: text(point.subarray(1, 33)), y: text(point.subarray(33)) }
  return { privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), point }
}

function certificate({ subject, issuer, key, signer, until, host }: Plan): string {
  const serial = createHash('sha256').update(`${subject}\n${until}\n`).update(signer.point).digest().subarray(0, 8)
  const body = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))),
    integer(Uint8Array.of(1, ...serial)),
    ECDSA_SHA256,
    nameOf(issuer),
    sequence(utcTime(FROM), utcTime(until)),
    nameOf(subject),
    sequence(P256, bitString(key.point)),
    tagged(0xa3, sequence(...extensionsOf(host))),
  )
  const signature = sign('sha256', body, signer.privateKey)
  const bytes = sequence(body, ECDSA_SHA256, bitString(signature))
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extensionsOf(host: string | null): readonly Uint8Array[] {
  const extension = (id: string, value: Uint8Array): Uint8Array => sequence(oid(id), TRUE, octets(value))
  if (host === null)
    return [
      extension('551d13', sequence(TRUE)), // basicConstraints: an authority
      extension('551d0f', der(0x03, Uint8Array.of(1, 0x06))), // keyUsage: keyCertSign, cRLSign
    ]
  return [
    extension('551d0f', der(0x03, Uint8Array.of(7, 0x80))), // keyUsage: digitalSignature
    sequence(oid('551d25'), octets(sequence(oid('2b06010505070301')))), // extKeyUsage: serverAuth
    sequence(oid('551d11'), octets(sequence(der(0x82, Buffer.from(host))))), // subjectAltName: dNSName
  ]
}

const TRUE = der(0x01, Uint8Array.of(0xff))
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))
const P256 = sequence(oid('2a8648ce3d0201'), oid('2a8648ce3d030107'))

/** One relative name with the common name. */
function nameOf(common: string): Uint8Array {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(common)))))
}

function der(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Uint8Array.of(tag, ...size, ...content)
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, Buffer.concat(parts))
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return der(tag, content)
}

function integer(bytes: Uint8Array): Uint8Array {
  return der(0x02, bytes)
}

function octets(bytes: Uint8Array): Uint8Array {
  return der(0x04, bytes)
}

/** Whole bytes. */
function bitString(bytes: Uint8Array): Uint8Array {
  return der(0x03, Uint8Array.of(0, ...bytes))
}

function utcTime(time: string): Uint8Array {
  return der(0x17, Buffer.from(time))
}

/** An object identifier, its arcs already coded, in hexadecimal. */
function oid(hex: string): Uint8Array {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
