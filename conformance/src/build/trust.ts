/** The trust bundle of a world: whom its receiver trusts (spec chapter 14). @module */
import { jwk } from './did.ts'
import { Changes } from './changes.ts'
import { asJson, isObject, type JsonObject } from './json.ts'
import { documentDids } from './documents.ts'
import { AUDITED, AUDITED_OF_SECOND, isCosigned, logUrl } from './logs.ts'
import { LOG_TYPE, verifierKey, WITNESS_TYPE } from './note.ts'
import { didOf, keyOf, kidOf, NEXT_FROM, OLD_UNTIL, ORIGINS, SECURE, SECURE_OFFSET, WITNESSES, witnessName } from './parties.ts'
import { LISTED, listUrl, statusLists } from './status.ts'
import type { Change, World } from './types.ts'

/** What a receiver of this world trusts. It depends on seed, URLs, level and skew, and not on the clock; `caFile` is where the roots of the suite host are. */
export function trustBundle(world: World, caFile: string | null = null): Record<string, unknown> {
  const standard = world.level !== 'basic'
  const origin = world.url.origin
  const logs = ['log', 'tree-log', ...(world.level === 'full' ? ['cosigned-log', ...AUDITED] : [])]
  const logsOfSecond = ['second-log', ...(world.level === 'full' ? AUDITED_OF_SECOND : [])]
  return {
    ahp: 'ahp-receiver/0.1',
    audience: origin,
    bases: [{ public: origin, mount: '/', authority: 'match' }],
    harnesses: [
      {
        did: didOf(world, 'harness'),
        keys: [...keys(world, 'harness'), pinned(world, 'harness-other')],
        ledgers: logs.map(originOf),
      },
      { did: didOf(world, 'second-harness'), keys: [pinned(world, 'second-harness')], ledgers: logsOfSecond.map(originOf) },
      ...(standard ? documentDids(world, 'harness').map((did) => ({ did, didWeb: true, ledgers: [originOf('log')] })) : []),
    ],
    issuers: [
      issuer(world, 'issuer', ['root', 'hop'], keys(world, 'issuer')),
      issuer(world, 'root-issuer', ['root'], [pinned(world, 'root-issuer')]),
      issuer(world, 'hop-issuer', ['hop'], [pinned(world, 'hop-issuer')]),
      ...(standard ? listedIssuers(world) : []),
    ],
    ledgers: [...logs, ...logsOfSecond].map((label) => ledger(world, label)),
    ...(standard && world.hostUrl !== null ? { didWeb: didWebOf(world, Number(world.hostUrl.port), caFile) } : {}),
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: world.skew, ...(standard ? SHORT_TIMES : {}), ...(world.level === 'full' ? SHORTEST_TIMES : {}) },
    limits: { delegations: standard ? 2 : 0 },
  }
}

/** The bundle as text, with what a case changes in it. Throws `ChangeError` for a change that cannot be made. */
export function changedBundle(world: World, change: readonly Change[]): string {
  const moment = { world, now: world.now(), scope: 'bundle', instance: 'bundle' }
  const changes = new Changes(moment, change)
  const text = JSON.stringify(changes.object('bundle', asJsonObject(trustBundle(world))))
  changes.take('bundle.file', ['edit'])
  const made = changes.text('bundle.text', text)
  changes.finish()
  return made
}

function asJsonObject(bundle: Record<string, unknown>): JsonObject {
  const json = asJson(bundle)
  return isObject(json) ? json : {}
}

/** What cases of status lists wait for. */
const SHORT_TIMES = { statusRefreshSeconds: 2 }
/** What cases of logs and of slow content wait for. */
const SHORTEST_TIMES = { maxUnprovenSeconds: 60, bodyTimeoutSeconds: 3 }

function didWebOf({ level }: World, port: number, caFile: string | null): JsonObject {
  const secure = level === 'full' ? SECURE.map((_name, at) => `localhost:${port + SECURE_OFFSET + at}`) : []
  return { allow: [`http://localhost:${port}`, ...secure], ...(level === 'full' ? { caFile } : {}) }
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
  const ended = { ...pinned(world, `${label}-status-old`), validUntil: OLD_UNTIL }
  const status = { lists: statusLists(world), keys: [pinned(world, `${label}-status`), ended] }
  const roles = ['root', 'hop']
  return [
    ...(world.hostUrl === null ? [] : [{ did: didOf(world, label), keys: [pinned(world, label)], roles, status }]),
    ...Object.keys(world.hostUrl === null ? {} : LISTED)
      .filter((name) => name !== 'leaving-issuer' || world.level === 'full')
      .map((name) => listedAlone(world, name)),
    ...documentDids(world, 'issuer').map((did) => ({ did, didWeb: true, roles, status: 'unrevocable' })),
  ]
}

/** An issuer with one list; that of the one that leaves is usable for the least time that a bundle may say. */
function listedAlone(world: World, label: string): JsonObject {
  const short = label === 'leaving-issuer' ? { maxStalenessSeconds: 60 } : {}
  const status = { lists: [listUrl(world, label)], keys: [pinned(world, `${label}-status`)], ...short }
  return { did: didOf(world, label), keys: [pinned(world, label)], roles: ['root', 'hop'], status }
}

function ledger(world: World, label: string): JsonObject {
  const origin = originOf(label)
  const vkey = verifierKey(origin, LOG_TYPE, keyOf(world.seed, label).publicKey)
  const url = logUrl(world, label)
  const published = url === undefined ? {} : { url }
  if (!isCosigned(label)) return { origin, vkey, assurance: 'proof', ...published }
  const vkeys = WITNESSES.map((witness) => verifierKey(witnessName(witness), WITNESS_TYPE, keyOf(world.seed, witness).publicKey))
  return { origin, vkey, assurance: 'cosigned', witnesses: { quorum: 2, vkeys }, ...published }
}

function originOf(label: string): string {
  return ORIGINS[label] ?? ''
}
