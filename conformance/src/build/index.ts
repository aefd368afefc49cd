/** The builder: from a case as data to the bytes of a request, and the trust bundle that goes with it. @module */
export { build } from './build.ts'
export { CaseError, parseCases } from './cases.ts'
export { changedBundle, trustBundle } from './trust.ts'
export { serialise } from './wire.ts'
export type { Built, BuildOptions, Case, CaseRequest, Change, Expectation, Level, Step, WireRequest, World } from './types.ts'
export { ChangeError } from './change-error.ts'
export { SECURE, SECURE_OFFSET } from './parties.ts'
export { resourceOf, type HostResource } from './resources.ts'
