/** The trust bundle of a world: whom its receiver trusts (spec chapter 14). @module */
import { jwk } from './did.ts'
import type { JsonObject } from './json.ts'
import { LOG_TYPE, verifierKey } from './note.ts'
import { documentDids } from './documents.ts'
import { didOf, keyOf, kidOf, NEXT_FROM, OLD_UNTIL, ORIGINS } from './parties.ts'
import { statusLists } from './status.ts'
import type { World } from './types.ts'

/** What a receiver of this world trusts. It depends on seed, URLs, level and skew, and not on the clock. */
export function trustBundle(world: World): Record<string, unknown> {
  const standard = world.level !== 'basic'
  const origin = world.url.origin
  return {
    ahp: 'ahp-receiver/0.1',
    audience: origin,
    bases: [{ public: origin, mount: '/', authority: 'match' }],
    harnesses: [
      { did: didOf(world, 'harness'), keys: keys(world, 'harness'), ledgers: [originOf('log')] },
      { did: didOf(world, 'second-harness'), keys: [pinned(world, 'second-harness')], ledgers: [originOf('second-log')] },
      ...(standard ? documentDids(world, 'harness').map((did) => ({ did, didWeb: true, ledgers: [originOf('log')] })) : []),
    ],
    issuers: [
      issuer(world, 'issuer', ['root', 'hop'], keys(world, 'issuer')),
      issuer(world, 'root-issuer', ['root'], [pinned(world, 'root-issuer')]),
      issuer(world, 'hop-issuer', ['hop'], [pinned(world, 'hop-issuer')]),
      ...(standard ? listedIssuers(world) : []),
    ],
    ledgers: [ledger(world, 'log'), ledger(world, 'second-log')],
    ...(standard && world.hostUrl !== null ? { didWeb: { allow: [`http://localhost:${world.hostUrl.port}`] } } : {}),
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: world.skew },
    limits: { delegations: standard ? 2 : 0 },
  }
}

function keys(world: World, label: string): readonly JsonObject[] {
  return [
    pinned(world, label),
    { ...pinned(world, `${label}-old`), validUntil: OLD_UNTIL },
    { ...pinned(world, `${label}-next`), validFrom: NEXT_FROM },
  ]
}

function pinned(world: World, label: string): JsonObject {
  return { kid: kidOf(world, label), jwk: jwk(keyOf(world.seed, label).publicKey) }
}

function issuer(world: World, label: string, roles: readonly string[], pinnedKeys: readonly JsonObject[]): JsonObject {
  return { did: didOf(world, label), keys: pinnedKeys, roles, status: 'unrevocable' }
}

function listedIssuers(world: World): readonly JsonObject[] {
  const label = 'listed-issuer'
  const status = { lists: statusLists(world), keys: [pinned(world, `${label}-status`)] }
  const roles = ['root', 'hop']
  return [
    ...(world.hostUrl === null ? [] : [{ did: didOf(world, label), keys: [pinned(world, label)], roles, status }]),
    ...documentDids(world, 'issuer').map((did) => ({ did, didWeb: true, roles, status: 'unrevocable' })),
  ]
}

function ledger(world: World, label: string): JsonObject {
  const origin = originOf(label)
  return { origin, vkey: verifierKey(origin, LOG_TYPE, keyOf(world.seed, label).publicKey), assurance: 'proof' }
}

function originOf(label: string): string {
  return ORIGINS[label] ?? ''
}
