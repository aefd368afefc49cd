/** The parts of the verifier that need `fetch`, `Request` and streams, on any runtime. @module */
export { type ContextFor, type Presence } from '../requirement.ts'
export { requestForHandler } from './content.ts'
export { describeReceiver, RECEIVER_PATH } from '../describe.ts'
export { httpGet } from './get.ts'
export { inflate } from './inflate.ts'
export {
  createWebVerifier,
  passes,
  passesAs,
  responseOf,
  webMountOf,
  type Beneath,
  type Gated,
  type Runtime,
  type WebMountOptions,
  type WebVerifierOptions,
} from './mount.ts'
export {
  createDurableReplayStore,
  UsedTokens,
  type DurableNamespace,
  type DurableReplayOptions,
  type DurableState,
  type UsedTokensOptions,
} from './used-tokens.ts'
