/** Status lists that the suite host serves, good ones and each wrong one of its kind (spec chapter 9). @module */
import { gzipSync } from 'node:zlib'
import { gzippedZeros } from '../bytes.ts'
import { base64url, concat, utf8 } from './bytes.ts'
import { sign } from './ed25519.ts'
import { isObject, type JsonObject } from './json.ts'
import { didOf, keyOf, kidOf } from './parties.ts'
import type { HostResource } from './resources.ts'
import type { World } from './types.ts'
import { second, timeText } from './values.ts'

/** Indexes that are revoked on every list. */
const REVOKED = [1, 8, 4711, 131_071]
const SIZE = 131_072
const DAY = 86_400
const ISSUER = 'listed-issuer'

interface Plan {
  readonly url: string
  readonly claims: JsonObject
  readonly header: JsonObject
  /** Label of the key. */
  readonly signer: string
  readonly type: string
}

/** Lists by the last segment of their path: what is done to a good one. */
const LISTS: Readonly<Record<string, (plan: Plan, world: World) => Plan>> = {
  good: (plan) => plan,
  large: (plan) => encoded(plan, gzipSync(bits(1_048_576))),
  more: (plan) => ({ ...plan, claims: { ...plan.claims, name: 'a name', ttl: 300_000 } }),
  'bad-signature': (plan) => ({ ...plan, signer: 'stranger' }),
  'passport-key': (plan) => ({ ...plan, signer: ISSUER }),
  'passport-kid': (plan, world) => ({ ...plan, signer: ISSUER, header: { ...plan.header, kid: kidOf(world, ISSUER) } }),
  'other-kid': (plan, world) => ({ ...plan, signer: 'issuer', header: { ...plan.header, kid: kidOf(world, 'issuer') } }),
  'ended-key': (plan, world) => {
    const signer = `${ISSUER}-status-old`
    return { ...plan, signer, header: { ...plan.header, kid: kidOf(world, signer) } }
  },
  'typ-jwt': (plan) => ({ ...plan, header: { ...plan.header, typ: 'JWT' } }),
  'alg-none': (plan) => ({ ...plan, header: { ...plan.header, alg: 'none' } }),
  'media-type': (plan) => ({ ...plan, type: 'application/jwt' }),
  'other-id': (plan) => subject(claimed(plan, { id: `${plan.url}x` }), { id: `${plan.url}x#list` }),
  'other-issuer': (plan, world) => claimed(plan, { issuer: didOf(world, 'issuer') }),
  'other-subject': (plan) => subject(plan, { id: plan.url }),
  suspension: (plan) => subject(plan, { statusPurpose: 'suspension' }),
  'other-type': (plan) => subject(plan, { type: 'StatusList2021' }),
  expired: (plan, world) => dated(plan, world, -3600, -1),
  future: (plan, world) => dated(plan, world, 600, 3600),
  'two-days': (plan, world) => dated(plan, world, -3600, 2 * DAY),
  short: (plan) => encoded(plan, gzipSync(bits(SIZE - 8))),
  'not-gzip': (plan) => encoded(plan, bits(SIZE)),
  'no-multibase': (plan) => subject(plan, { encodedList: base64url(gzipSync(bits(SIZE))) }),
  'other-multibase': (plan) => subject(plan, { encodedList: `U${base64url(gzipSync(bits(SIZE)))}` }),
  'two-members': (plan) => encoded(plan, concat(gzipSync(bits(SIZE / 2)), gzipSync(bits(SIZE / 2)))),
  trailing: (plan) => encoded(plan, concat(gzipSync(bits(SIZE)), Uint8Array.of(0))),
  // Its bits are all there, and of the trailer that tells how many they are only the beginning.
  cut: (plan) => encoded(plan, gzipSync(bits(SIZE)).subarray(0, -6)),
  bomb: (plan) => encoded(plan, gzippedZeros(64 * 1024 * 1024)),
}

/** Lists of which only the way that they are served is wrong. */
const SERVED: Readonly<Record<string, HostResource['behaviour']>> = {
  // Where it leads a good list is, of this very URL.
  moved: [{ redirect: '/later/status/moved' }],
  'answer-203': [{ status: 203 }],
  'answer-404': [{ status: 404 }],
  coded: [{ header: ['Content-Encoding', 'gzip'] }],
  gzip: [{ gzip: true }],
}

/** URLs of the lists of the listed issuer; none without a host. One has nothing behind it. */
export function statusLists(world: World): readonly string[] {
  const { hostUrl } = world
  return hostUrl === null
    ? []
    : [...Object.keys(LISTS), ...Object.keys(SERVED), 'absent'].map((name) => `${hostUrl.origin}/status/${name}`)
}

/** Issuers with one list each, at `/list/<label>`, and how it is served from the start. What happens to it later is said by cases. */
export const LISTED: Readonly<Record<string, HostResource['behaviour']>> = {
  'turning-issuer': [],
  'replaying-issuer': [],
  'forgetful-issuer': [],
  'silent-issuer': [{ hang: true }],
  'returning-issuer': [{ status: 500 }],
  'staying-issuer': [],
  'leaving-issuer': [],
}

/** Versions of such a list, below its own path. */
const VERSIONS: Readonly<Record<string, (plan: Plan, world: World) => Plan>> = {
  // The passport that was good is revoked, by a newer list.
  revoking: (plan, world) => dated(encoded(plan, gzipSync(bits(SIZE, [0]))), world, -60, 12 * 3600),
  // Revoked in the same second as the list before: which of the two is the last nobody can say.
  'revoking-now': (plan) => encoded(plan, gzipSync(bits(SIZE, [0]))),
}

/** The URL of the list of one of these issuers. */
export function listUrl({ hostUrl }: World, label: string): string {
  return `${hostUrl?.origin ?? ''}/list/${label}`
}

/** The list at a path, dated for the clock of the world. */
export function statusListAt(world: World, path: string): HostResource | undefined {
  if (world.hostUrl === null) return undefined
  const [, label = '', version] = /^\/list\/([a-z-]+)(?:\/([a-z-]+))?$/.exec(path) ?? []
  const behaviour = LISTED[label]
  if (behaviour !== undefined) {
    const list = goodList(world, listUrl(world, label), label)
    if (version === undefined) return { ...sealed(world, list), behaviour }
    const edit = VERSIONS[version]
    return edit === undefined ? undefined : sealed(world, edit(list, world))
  }
  const [, later = '', own, name = ''] = /^(\/later)?(\/status\/([a-z0-9-]+))$/.exec(path) ?? []
  const served = SERVED[name]
  const edit = LISTS[name] ?? (served === undefined ? undefined : LISTS['good'])
  if (own === undefined || edit === undefined) return undefined
  const list = edit(goodList(world, `${world.hostUrl.origin}${own}`, ISSUER), world)
  return { ...sealed(world, list), behaviour: later === '' ? (served ?? []) : [] }
}

function sealed(world: World, plan: Plan): HostResource {
  const input = `${base64url(utf8(JSON.stringify(plan.header)))}.${base64url(utf8(JSON.stringify(plan.claims)))}`
  const signature = sign(keyOf(world.seed, plan.signer), utf8(input))
  return { type: plan.type, bytes: utf8(`${input}.${base64url(signature)}`) }
}

/** Seconds, by seed and URL. */
const firstShown = new Map<string, number>()

function goodList(world: World, url: string, issuer: string): Plan {
  // The same list for hours: one that is shown again in a run is neither an older one nor a newer one.
  const name = `${world.seed}\n${url}`
  const shown = firstShown.get(name) ?? Number.NEGATIVE_INFINITY
  const now = second(world.now()) - shown < 6 * 3600 ? shown : second(world.now())
  firstShown.set(name, now)
  const signer = `${issuer}-status`
  const claims: JsonObject = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    id: url,
    type: ['VerifiableCredential', 'BitstringStatusListCredential'],
    issuer: didOf(world, issuer),
    validFrom: timeText(now - 300),
    validUntil: timeText(now + 12 * 3600),
    credentialSubject: { id: `${url}#list`, type: 'BitstringStatusList', statusPurpose: 'revocation', encodedList: GOOD_LIST },
  }
  const header = { alg: 'Ed25519', typ: 'vc+jwt', kid: kidOf(world, signer), cty: 'vc' }
  return { url, claims, header, signer, type: 'application/vc+jwt' }
}

/** So many bits, of which the revoked ones are 1: index 0 is the most significant bit of the first byte. */
function bits(size: number, more: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(size / 8)
  for (const index of [...REVOKED, ...more])
    if (index < size) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (0x80 >> (index & 7))
  return bytes
}

const GOOD_LIST = `u${base64url(gzipSync(bits(SIZE)))}`

function encoded(plan: Plan, bytes: Uint8Array): Plan {
  return subject(plan, { encodedList: `u${base64url(bytes)}` })
}

function claimed(plan: Plan, members: JsonObject): Plan {
  return { ...plan, claims: { ...plan.claims, ...members } }
}

function dated(plan: Plan, world: World, from: number, until: number): Plan {
  const now = second(world.now())
  return claimed(plan, { validFrom: timeText(now + from), validUntil: timeText(now + until) })
}

function subject(plan: Plan, members: JsonObject): Plan {
  const before = plan.claims['credentialSubject']
  return claimed(plan, { credentialSubject: { ...(isObject(before) ? before : {}), ...members } })
}
