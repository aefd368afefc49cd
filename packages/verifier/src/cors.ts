/** Which fields browsers have to be allowed to send to a receiver and to read from it (Fetch Standard, CORS protocol; spec chapters 7 and 13). @module */

/** For whoever answers preflights in front of the check: it answers none, and adds no field of CORS to anything. */
export const CORS_FIELDS: {
  /** `Access-Control-Allow-Headers`, besides what the application takes. */
  readonly allow: readonly string[]
  /** `Access-Control-Expose-Headers`: without it a script cannot see the challenge nor when to come again. */
  readonly expose: readonly string[]
} = Object.freeze({
  allow: Object.freeze([
    'X-AEGIS-Token',
    'X-AEGIS-Passport',
    'X-AEGIS-Proof',
    'Signature-Input',
    'Signature',
    'Content-Digest',
    'Content-Type',
  ]),
  expose: Object.freeze(['WWW-Authenticate', 'Retry-After']),
})
