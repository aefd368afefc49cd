/** Reads the roots that `didWeb.caFile` names: with them its writer could answer for every host (spec chapters 2.8 and 14). @module */
import { X509Certificate } from 'node:crypto'
import { fileSentence, readTrustedFile, type FileWords } from '../trusted-file.ts'

/** PEM of the certificates in the file at `path`, under the rules of the trust file. Throws `TypeError` with one sentence that says what to do. */
export function readRoots(path: string): string {
  const text = new TextDecoder().decode(readTrustedFile(path, WORDS))
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0) throw fileSentence(WORDS, path, 'has no certificate; write PEM')
  // What cannot be read, TLS passes over in silence.
  return certificates.map((certificate) => check(certificate, path)).join('\n')
}

function check(certificate: string, path: string): string {
  try {
    return new X509Certificate(certificate).toString()
  } catch (error) {
    throw fileSentence(WORDS, path, 'has a certificate that cannot be read; write PEM', error)
  }
}

const WORDS: FileWords = {
  name: 'didWeb.caFile',
  content: 'PEM',
  absent: 'create it, or write "caFile": null for the roots of the runtime',
  ownerless: 'write "caFile": null for the roots of the runtime',
  large: 'keep only the roots that sign for hosts of DID documents',
}
