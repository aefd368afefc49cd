/** The neutral request that every adapter builds: what arrived, before anybody interpreted it (spec chapter 7). @module */

/** Bounds for reading content. */
export interface ContentLimits {
  readonly maxBytes: number
  /** Milliseconds after which reading stops with `content_timeout`. */
  readonly timeoutMs: number
}

/** One HTTP request as received. Nothing in it is trusted. */
export interface ReceivedRequest {
  readonly method: string
  /** The request target as sent, before any router changed it. */
  readonly target: string
  /** Every field line in order: name, value, name, value, … (Node's `rawHeaders`). Repeated lines stay apart. */
  readonly headers: readonly string[]
  /**
   * Reads the content once, as sent. Throws `content_too_large`, `content_timeout`, `content_incomplete`, `trailer_refused`,
   * and `content_consumed` when somebody read the stream before and kept no bytes: an empty digest is never assumed.
   */
  content(limits: ContentLimits): Uint8Array | Promise<Uint8Array>
}
