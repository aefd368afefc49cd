/** Values that an attacker would put into evidence, and some that are as good as the valid ones. @module */
import {
  encodeBase64url,
  formatDidKey,
  formatMilliseconds,
  formatSeconds,
  thumbprint,
  utf8,
  type JsonValue,
} from '@aiegis/protocol'
import { agentAt, NAMES, TASK } from '@aiegis/testing'
import type { Plan, World } from '../world.ts'
import type { Choice } from './edits.ts'
import { factsOf, missionsOf } from './rules.ts'

/** For headers of any kind. */
export const HEADER_VALUES: readonly Choice[] = [
  ...all(['alg'], ['EdDSA', 'EdDSA', 'Ed25519', 'none', 'HS256', 'ES256', 'eddsa', 'Ed448', '']),
  ...all(['typ'], ['JWT', 'aegis-token+jwt', 'aegis-decision+jwt', 'vc+jwt', 'aegis-delegation+jwt', 'AEGIS-TOKEN+JWT']),
  ...all(
    ['kid'],
    [`${NAMES.harness}#2`, `${NAMES.issuer}#1`, `${NAMES.issuer}#status`, '#1', NAMES.harness, 'did:web:second.example#1'],
  ),
  ...all(['crit'], [['exp'], []]),
  ...all(['b64'], [false]),
  ...all(['jku'], ['https://other.example/keys']),
]

/** For the claims of a token. */
export function tokenValues({ harness }: World, { handOffs }: Plan): readonly Choice[] {
  const { crypto, clock, audience } = harness
  const agents = [0, 1, 2].filter((place) => place !== handOffs).map((place) => agentAt(harness, place))
  const hash = (text: string): string => encodeBase64url(crypto.sha256(utf8(text)))
  return [
    ...all(['iss'], ['did:web:second.example', NAMES.issuer]),
    ...all(
      ['sub'],
      agents.map(({ publicKey }) => formatDidKey(publicKey)),
    ),
    ...all(
      ['cnf'],
      agents.map(({ publicKey }) => ({ jkt: thumbprint(crypto, publicKey) })),
    ),
    ...all(['aud'], [`${audience}/`, 'https://other.example', [audience], `${audience}:443`, audience.toUpperCase()]),
    ...all(['htm'], ['GET', 'POST', 'HEAD', 'get', 'OPTIONS', 'TRACE']),
    ...all(
      ['htu'],
      [
        `${audience}/orders`,
        `${audience}/orders/7/`,
        `${audience}/orders/7?`,
        `${audience}/orders/%37`,
        `${audience}/`,
        'https://other.example/orders/7',
      ],
    ),
    ...all(['htc'], ['', 'application/json', 'application/json; charset=utf-8', 'text/plain']),
    ...all(['htd'], [hash(''), hash('x')]),
    ...all(['psp'], [hash(''), hash('x')]),
    ...all(['salt'], [`${hash('salt').slice(0, 21)}A`, hash('salt').slice(0, 22), 'A'.repeat(22)]),
    ...all(['jti'], [`S${harness.identifier()}`]),
    ...all(['txn'], [TASK, `${TASK}x`, 'short']),
    ...all(['obl'], [['log_full'], ['content_unseen'], ['x']]),
    ...all(
      ['exp'],
      [0, 1, 30, 59, 60, 61, 300].map((seconds) => clock.seconds() + seconds),
    ),
    ...all(['entry', 'decision'], ['WARN', 'BLOCK', 'DENY', 'allow']),
    ...all(['entry', 'action'], ['http.get', 'http.post', 'orders.create', '*', 'http.*', '']),
    ...all(['entry', 'target'], [`${audience}/orders`, `${audience}/orders/7`, `${audience}/*`, '']),
    ...all(
      ['entry', 'ts'],
      [0, 1, 999, 1000, -1].map((ms) => formatMilliseconds(clock.seconds() * 1000 + ms)),
    ),
    ...['deciding_pack', 'deciding_rule', 'deciding_layer', 'deny_reason'].flatMap((name) =>
      all(
        ['entry', name],
        ['pack', '', 'ü'.repeat(32), 'ü'.repeat(33), 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(256), 'x'.repeat(257)],
      ),
    ),
    ...all(['entry', 'decision_ms'], [0, 7, 2 ** 53 - 1, 0.5]),
    ...all(['act'], [{ sub: 'somebody' }, 'x', [[]]]),
  ]
}

/** For the payload of a passport or a delegation. */
export function chainValues(world: World, plan: Plan, isDelegation: boolean): readonly Choice[] {
  const { harness, revoked } = world
  const { covering, others } = missionsOf(factsOf(world, plan))
  const now = harness.clock.seconds()
  const missions: readonly JsonValue[] = [
    ...covering.map((pair) => [pair]),
    ...others.map((pair) => [pair]),
    [...others, ...covering],
    others,
    [],
    Array.from({ length: 17 }, () => ({ action: '*', target: `${harness.audience}/*` })),
  ]
  const did = formatDidKey(harness.keys.stranger.publicKey)
  if (isDelegation) {
    return [
      ...all(['mission'], missions),
      ...all(
        ['aud'],
        [
          ['https://other.example'],
          [harness.audience, 'https://other.example'],
          harness.audience,
          [harness.audience, harness.audience],
        ],
      ),
      ...all(['txn'], [`${TASK}x`, 'A'.repeat(26)]),
      ...all(['sub'], [did, formatDidKey(agentAt(harness, 0).publicKey)]),
      ...all(['iss'], [did, formatDidKey(agentAt(harness, 2).publicKey)]),
      ...all(['jti'], ['01MOCKHANDOFF0000000000001', '01MOCKHANDOFF0000000000009']),
      ...all(['depth'], [0, 1, 2, 3]),
      ...all(['maxDepth'], [0, 1, 2, 3, -1]),
      ...all(
        ['iat'],
        [-86_400, -60, -1, 5, 6].map((seconds) => now + seconds),
      ),
      ...all(
        ['exp'],
        [0, 1, 60, 3599, 3601, 86_400, 86_401].map((seconds) => now + seconds),
      ),
      ...all(['nbf'], [now]),
    ]
  }
  const subject = 'credentialSubject'
  const times = (seconds: readonly number[]): readonly string[] => seconds.map((shift) => formatSeconds(now + shift))
  return [
    ...all(['validFrom'], [...times([-31_536_001, -31_536_000, -1, 0, 5, 6, 86_400]), '2026-02-30T00:00:00Z', now]),
    ...all(
      ['validUntil'],
      [...times([-1, 0, 1, 3600, 31_536_000, 31_536_001]), '2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00+00:00'],
    ),
    ...all([subject, 'mission'], missions),
    ...all(
      [subject, 'harness'],
      [['did:web:second.example'], [NAMES.harness, 'did:web:second.example'], [NAMES.harness, NAMES.harness]],
    ),
    ...all([subject, 'maxDepth'], [0, 1, 2, 3]),
    ...all([subject, 'delegatedOnly'], [true, false, null]),
    ...all([subject, 'id'], [did, formatDidKey(agentAt(harness, 1).publicKey)]),
    ...all([subject, 'risk'], ['minimal', 'critical', 'none']),
    ...all([subject, 'jurisdiction'], ['IE', 'US-CA', 'eu', 'EU-']),
    ...['hardware', 'human', 'runtime'].flatMap((fact) =>
      all([subject, 'attestations', fact], [{ grade: 'none' }, { grade: 'live' }, {}]),
    ),
    ...all(['credentialStatus', 'statusListIndex'], ['0', '131071', '131072', '007', '-1', ...[...revoked].map(String)]),
    ...all(['credentialStatus', 'statusListCredential'], ['https://identity.example/status/revocation/2']),
    ...all(['credentialStatus', 'statusPurpose'], ['suspension']),
    ...all(['issuer'], [NAMES.harness, 'did:web:hop.example', did]),
  ]
}

function all(path: readonly string[], values: readonly JsonValue[]): readonly Choice[] {
  return values.map((value) => [path, value])
}
