/** Every step of the road bites: a twin that gives the same value without refusing lets an attack through to the handler. @module */
import { decodeBase64url, parsePassport, parseTokenClaims, utf8 } from '@aiegis/protocol'
import { createMockHarness, sendRaw, type Breakable } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { STEPS, type Steps } from '../packages/verifier/src/road.ts'
import { assemble, knownPassport } from '../packages/verifier/src/steps/passports.ts'
import { startReceiver } from './receiver.ts'

/** Per step: the twin, and an attack that only this step stops. */
const TWINS: { readonly [Name in keyof Steps]: { readonly twin: Steps[Name]; readonly attack: Breakable } } = {
  extract: {
    attack: 'override_header',
    twin: (request) => STEPS.extract({ ...request, headers: without(request.headers, 'x-http-method-override') }),
  },
  decode: {
    attack: 'chain_too_long',
    twin: (credential, limits, chains) => STEPS.decode(credential, { ...limits, delegations: 2 }, chains),
  },
  token: {
    attack: 'token_signature_invalid',
    twin: async (jws) => ({
      claims: parseTokenClaims(payloadOf(jws.text)),
      text: jws.text,
      bytes: jws.bytes,
      kid: jws.kid,
      signatureText: jws.signatureText,
    }),
  },
  passports: {
    attack: 'passport_signature_invalid',
    twin: async ({ chain }, { crypto }) => {
      if (chain.kind === 'known') throw new Error('nothing was verified before')
      const links = chain.passports.map(({ text, kid }) => {
        const passport = parsePassport(payloadOf(text))
        return knownPassport(passport, kid, passport.key, crypto, undefined)
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
    twin: async ({ proof }) => ({ origin: proof.checkpoint.origin, index: proof.index, size: proof.checkpoint.size }),
  },
  status: { attack: 'passport_revoked', twin: () => {} },
  requirement: { attack: 'action_mismatch', twin: () => {} },
  content: { attack: 'content_mismatch', twin: () => {} },
  replay: { attack: 'token_replayed', twin: async () => {} },
}

describe.each(Object.entries(TWINS))('step %s', (name, { twin, attack }) => {
  test.each([
    ['stops', attack, STEPS, 0],
    ['without its refusals serves', attack, { ...STEPS, [name]: twin }, 1],
  ])('%s %s', async (_verb, code, steps, effects) => {
    const harness = createMockHarness({ logSize: 20 })
    // What the receiver must look like is known only with a request, and a request needs the harness to be past its start.
    const { trust: changes } = createMockHarness().breakIt(code)
    const receiver = await startReceiver(harness, { steps, ...(changes === undefined ? {} : { trust: harness.trust(changes) }) })
    const broken = harness.breakIt(code)
    if (broken.refresh) await receiver.verifier.warm()
    const earlier = (broken.times ?? 1) - 1
    for (let sent = 0; sent <= earlier; sent++) await sendRaw(receiver.port, broken.request)
    expect(receiver.contexts).toHaveLength(effects + earlier)
    await receiver.close()
  })
})

test('the table above names every step', () => {
  expect(Object.keys(TWINS)).toEqual(Object.keys(STEPS))
})

function payloadOf(compact: string): Uint8Array {
  return decodeBase64url(compact.split('.')[1] ?? '')
}

function without(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((_, at) => lines[at - (at % 2)]?.toLowerCase() !== name)
}
