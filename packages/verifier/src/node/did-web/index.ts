/** Reads DID documents of did:web on Node; an entry point of its own, for receivers that are put together by hand (spec chapter 2.8). @module */
export { createDidWebResolver } from './resolver.ts'
