/** Three agents of the mock harness with passports, each of which can hand off to the next. @module */
import { formatDidKey, isObject, PASSPORT_TYPE, type JsonObject, type MissionPair } from '@aiegis/protocol'
import { agentAt, createMockHarness, signJws, type MockHarness } from '@aiegis/testing'
import { handOff, takeOver, type HandOff, type HandOffOptions } from '../src/index.ts'

export const h: MockHarness = createMockHarness({ logSize: 20 })
h.clock.advance(6)
export const mission: readonly MissionPair[] = [{ action: 'http.get', target: 'https://api.example.com/orders/*' }]
export const did = (place: number): string => formatDidKey(agentAt(h, place).publicKey)

/** The signed passport of an agent, with other members in its subject or beside it. */
export function passport(place: number, subject: JsonObject = {}, members: JsonObject = {}): string {
  const vc = h.passport(place)
  const before = vc['credentialSubject']
  const header = { alg: 'Ed25519', typ: PASSPORT_TYPE, cty: 'vc', kid: h.keys.issuer.kid }
  return signJws(
    header,
    { ...vc, ...members, credentialSubject: { ...(isObject(before) ? before : {}), ...subject } },
    h.keys.issuer,
  )
}

/** The planner hands off to the worker. */
export function first(options: Partial<HandOffOptions> = {}): Promise<HandOff> {
  return handOff({
    chain: passport(0),
    signer: h.keys.agent,
    to: did(1),
    audience: h.audience,
    mission,
    maxDepth: 1,
    now: h.clock.now,
    ...options,
  })
}

/** The worker hands off what it got to the helper. */
export async function second(options: Partial<HandOffOptions> = {}, given: Partial<HandOffOptions> = {}): Promise<HandOff> {
  const chain = takeOver((await first(given)).handOff, passport(1)).chain
  return handOff({ chain, signer: h.keys.worker, to: did(2), audience: h.audience, mission, now: h.clock.now, ...options })
}

/** The sentence of the `TypeError` that a call ends with. */
export async function problem(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'no problem'
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}
