/** Trust bundles for tests, right and wrong. @module */
import {
  createSigner,
  defaultCrypto,
  formatDidKey,
  formatVkey,
  jwkOf,
  utf8,
  type JsonValue,
  type SyncSigner,
} from '@aiegis/protocol'

export const HARNESS = 'did:web:harness.example'
export const ISSUER = 'did:web:identity.example'
export const LOG = 'ledger.example/aiegis/1'
export const LIST = 'https://identity.example/status/revocation/1'

/** A key that follows from its name. */
export const signer = (name: string): SyncSigner => createSigner(defaultCrypto().sha256(utf8(name)), name)
/** The public key of a name. */
export const jwk = (name: string): JsonValue => ({ ...jwkOf(signer(name).publicKey) })
/** The did:key of a name. */
export const didKey = (name: string): string => formatDidKey(signer(name).publicKey)
/** The verifier key of a log called `origin`. */
export const vkey = (origin: string, type = 1, name = origin): string =>
  formatVkey(origin, type, signer(name).publicKey, defaultCrypto())

/** A right bundle with required members and a memory for used tokens. */
export function bundle(): Record<string, JsonValue> {
  return {
    ahp: 'ahp-receiver/0.1',
    audience: 'https://api.example.com',
    bases: [{ public: 'https://api.example.com', mount: '/', authority: 'match' }],
    harnesses: [{ did: HARNESS, keys: [{ kid: `${HARNESS}#1`, jwk: jwk('harness') }], ledgers: [LOG] }],
    issuers: [
      {
        did: ISSUER,
        keys: [{ kid: `${ISSUER}#1`, jwk: jwk('issuer') }],
        roles: ['root', 'hop'],
        status: { lists: [LIST], keys: [{ kid: `${ISSUER}#status`, jwk: jwk('status') }] },
      },
    ],
    ledgers: [{ origin: LOG, vkey: vkey(LOG), assurance: 'proof' }],
    replay: { memory: { singleProcess: true } },
  }
}

/** The bundle with the member at `path` replaced, or removed when `value` is `undefined`; objects on the way are made. */
export function edited(path: string, value: unknown): unknown {
  const whole: unknown = bundle()
  const names = path.split(/[.[\]]+/).filter((name) => name !== '')
  const last = names.pop() ?? ''
  let at = whole
  for (const name of names) {
    if (!Reflect.has(at as object, name)) Reflect.set(at as object, name, {})
    at = Reflect.get(at as object, name)
  }
  if (value === undefined) Reflect.deleteProperty(at as object, last)
  else Reflect.set(at as object, last, value)
  return whole
}

/** The bundle with another element in the list at `path`. */
export function added(path: string, element: unknown): unknown {
  return edited(path, [...(Reflect.get(bundle(), path) as unknown[]), element])
}
