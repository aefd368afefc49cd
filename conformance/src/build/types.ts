/** What builder and runner agree on: worlds, built requests, and cases as data (conformance/README.md). @module */

/** Levels, each within the next. */
export type Level = 'basic' | 'standard' | 'full'

/** What a request is built for: one receiver, with the parties derived from one seed. */
export interface World {
  readonly seed: string
  readonly url: URL
  readonly level: Level
  /** Origin of the suite host as the receiver reaches it; null where it is not started. */
  readonly hostUrl: URL | null
  /** Seconds by which a clock may be ahead of the receiver's, as in the trust bundle. */
  readonly skew: number
  /** The receiver's clock, milliseconds since 1970. */
  readonly now: () => number
}

/** A request as it is to be sent. `raw` stands for all else when it is there. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  /** Field lines in order, without `Host`, `Content-Length` and `Connection`, unless a case is about them. */
  readonly fields: readonly (readonly [string, string | Uint8Array])[]
  readonly content: Uint8Array
  /** The whole request as bytes, when the wire layer was changed. */
  readonly raw?: Uint8Array
  /** Send up to this offset of the bytes on the wire, then wait. What follows the last is sent at once. */
  readonly fragments?: readonly { readonly upTo: number; readonly pauseMs: number }[]
  /** Close the sending side when everything is sent. */
  readonly end?: boolean
}

/** One request with all its evidence. */
export interface Built {
  readonly wire: WireRequest
  readonly nonce: string
  /** Token, chain, proof and more as text, for reports. */
  readonly parts: Readonly<Record<string, string>>
  /** What an honest receiver echoes; `ledger.index` and `ledger.size` as decimal text. */
  readonly echo: Readonly<Record<string, unknown>>
}

/** What makes one build differ from another of the same case. Equal options, world and clock give equal bytes. */
export interface BuildOptions {
  readonly caseId: string
  /** Counts the builds of one case. */
  readonly run: number
  /** Names this execution of the suite, so that a second one has other identifiers. */
  readonly session?: string
  /** The clock to build for, milliseconds; that of the world when absent. The same `run` and `at` give the same token again. */
  readonly at?: number
}

/** One change at one layer. */
export interface Change {
  readonly at: string
  readonly op: 'set' | 'remove' | 'add' | 'text' | 'bytes' | 'flip' | 'key' | 'edit'
  /** JSON pointer into the object of the layer, or `/` and the name of a field. */
  readonly path?: string
  readonly value?: unknown
  /** For `text`: what is replaced once, unless `all`. Without it `append` or `prepend` says where the value goes. */
  readonly find?: string
  readonly all?: true
  readonly where?: 'append' | 'prepend'
  /** For `edit`: the name of the edit. */
  readonly edit?: string
  /** This change only keeps other rules satisfied. */
  readonly coupled?: true
}

/** A request of a step. */
export interface CaseRequest {
  readonly base: string
  readonly change: readonly Change[]
}

/** What a receiver has to answer. `anyOf` is a closed list; `framing` leaves the answer to the HTTP parser, with effect 0. */
export type Expectation =
  | { readonly code: string }
  /** `framing` next to `anyOf`: one of the codes, or an answer of the parser; `routing`: or that of a framework that has no such route. */
  | { readonly anyOf: readonly string[]; readonly framing?: true; readonly routing?: true }
  | { readonly framing: true }
  | { readonly echo: Readonly<Record<string, unknown>> }

/** One step of a case of several. */
export type Step =
  | { readonly send: CaseRequest; readonly as?: string; readonly expect: Expectation }
  /** Builds a request now, which `again` sends later. */
  | { readonly make: CaseRequest; readonly as: string }
  /** The request that was sent under this name, again: the same token, with changes at later layers only. */
  | { readonly again: string; readonly change: readonly Change[]; readonly expect: Expectation }
  /** `count` copies of one request at the same time: exactly one is served, all others are refused with the code. */
  | { readonly concurrent: number; readonly send: CaseRequest; readonly expect: { readonly served: 1; readonly code: string } }
  /** Something the suite host does from now on; its scripts are the runner's. */
  | { readonly host: Readonly<Record<string, unknown>> }
  /** How often the suite host was asked at a path, since the case began or since the last of these steps. */
  | { readonly hits: string; readonly least: number; readonly most: number }
  | { readonly wait: number }

/** One case. `refuse` runs control, changed request, control; `serve` counts one effect. */
export interface Case extends CaseRequest {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly level: Level
  readonly must: readonly string[]
  readonly side: 'serve' | 'refuse'
  readonly expect: Expectation
  /** Why several codes are right. */
  readonly why?: string
  /** Takes the place of base, change and expect, which are then those of the first sent step. */
  readonly steps?: readonly Step[]
  /**
   * Takes the place of base, change and expect: changes of the trust bundle. A receiver must start with it (`serve`), or must not
   * (`refuse`). With steps it must start, and is sent the requests of these: the first has to be served.
   */
  readonly bundle?: readonly Change[]
  /** The case is about bundles of exactly its level, and is left out at higher ones. */
  readonly only?: true
}
