/** The parts of the verifier that need `fetch`, `Request` and streams, on any runtime. @module */
export { requestForHandler } from './content.ts'
export { describeReceiver, RECEIVER_PATH } from '../describe.ts'
export { httpGet } from './get.ts'
export { inflate } from './inflate.ts'
export {
  createWebVerifier,
  passes,
  responseOf,
  webMountOf,
  type Gated,
  type Runtime,
  type WebMountOptions,
  type WebVerifierOptions,
} from './mount.ts'
