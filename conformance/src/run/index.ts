/** What runs of the suite are made of, for programs that start many of them (conformance/mutants). @module */
export { openHost } from '../cli/open-host.ts'
export { build, serialise, trustBundle, type Case, type Level, type World } from '../build/index.ts'
export { readRegistry } from '../judge/registry.ts'
export { freePort, startChild, untilListening, type Child } from './child.ts'
export { choose, includes, LEVELS, readCatalogue, type Catalogue } from './plan.ts'
export { isGood, type CaseResult, type RunResult } from './result.ts'
export { run } from './run.ts'
export { worldOf, writeSetup, type Setup } from './setup.ts'
