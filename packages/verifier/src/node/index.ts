/** The parts of the verifier that need Node: trust file, HTTP, streams. @module */
export { captureRawBody, readContent } from './content.ts'
export { contextKeyFile } from './context-key.ts'
export { httpGet } from './get.ts'
export { describeTrust, hasTrustFile, loadTrust, type TrustFile } from './load-trust.ts'
export { mountOf, passes, type RequireOptions } from './mount.ts'
export { receiverDocument } from './receiver-document.ts'
export { createStateDirectory } from './state-directory.ts'
export { statusHints } from './status-hints.ts'
export { watchTrust, type TrustWatch, type WatchTrustOptions } from './watch-trust.ts'
export {
  createNodeVerifier,
  processVerifier,
  processVerifierIfAny,
  receivedOf,
  stripHeaders,
  type NodeVerifierOptions,
} from './verifier.ts'
