/** For every step of the road a twin that gives the same value without refusing, and an attack that only this step stops. @module */
import { decodeBase64url, parsePassport, parseTokenClaims, utf8 } from '@aiegis/protocol'
import { createKeys, type Breakable } from '@aiegis/testing'
import { STEPS, type Steps } from '../packages/verifier/src/road.ts'
import { assemble, knownPassport } from '../packages/verifier/src/steps/passports.ts'

/** Per step: the twin, and an attack that only this step stops. */
export const TWINS: { readonly [Name in keyof Steps]: { readonly twin: Steps[Name]; readonly attack: Breakable } } = {
  extract: {
    attack: 'override_header',
    twin: (request) => STEPS.extract({ ...request, headers: without(request.headers, 'x-http-method-override') }),
  },
  decode: {
    attack: 'chain_too_long',
    twin: (credential, limits, chains, heads) => STEPS.decode(credential, { ...limits, delegations: 2 }, chains, heads),
  },
  token: {
    attack: 'token_signature_invalid',
    twin: async (jws) => ({
      claims: parseTokenClaims(payloadOf(jws.text)),
      text: jws.text,
      bytes: jws.bytes,
      kid: jws.kid,
      key: createKeys().harness.publicKey,
      signatureText: jws.signatureText,
    }),
  },
  passports: {
    attack: 'passport_signature_invalid',
    twin: async ({ chain }, _psp, { crypto }) => {
      if (chain.kind !== 'new') throw new Error('nothing was verified before')
      const links = chain.passports.map(({ text, kid }) => {
        const passport = parsePassport(payloadOf(text))
        return knownPassport(passport, kid, createKeys().issuer.publicKey, crypto, undefined)
      })
      return assemble(chain.text, utf8(chain.text), links, [], crypto)
    },
  },
  joins: { attack: 'audience_mismatch', twin: () => {} },
  decision: { attack: 'mission_exceeded', twin: () => {} },
  binding: { attack: 'uri_mismatch', twin: () => {} },
  possession: { attack: 'possession_invalid', twin: async () => {} },
  ledger: {
    attack: 'inclusion_invalid',
    twin: async ({ proof }) => ({
      origin: proof.checkpoint.origin,
      index: proof.index,
      size: proof.checkpoint.size,
      assurance: 'asserted',
    }),
  },
  status: { attack: 'passport_revoked', twin: () => {} },
  requirement: { attack: 'action_mismatch', twin: () => {} },
  content: { attack: 'content_mismatch', twin: () => {} },
  check: { attack: 'check_refused', twin: (_token, _requirement, contextWith) => contextWith(undefined) },
  replay: { attack: 'token_replayed', twin: async () => {} },
}

function payloadOf(compact: string): Uint8Array {
  return decodeBase64url(compact.split('.')[1] ?? '')
}

function without(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((_, at) => lines[at - (at % 2)]?.toLowerCase() !== name)
}
