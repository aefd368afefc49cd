/** Decisions of a second harness, whose log needs a witness: the harness, the log and the witness have to be the right ones (chapters 5 and 8.4). @module */
import type { JsonObject } from '@aiegis/protocol'
import { cosign, NAMES, type Changes } from '@aiegis/testing'
import { inner } from '../json/jws.ts'
import type { Mutant, Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'
import { didOf, type World } from '../world.ts'

/** What a witness does with a head, and whether the receiver may take that. */
type Witnessing = (note: string, random: Random, world: World) => string

const CHANGED: Readonly<Record<string, readonly [expected: Mutant['expected'], Witnessing]>> = {
  'signed by the witness': ['served', (note, random, world) => signed(world, note, random.pick([0, 5, -1, -1_000_000]))],
  'signed later than now': ['refused', (note, random, world) => signed(world, note, random.pick([6, 60, 1_000_000]))],
  'signed by nobody': ['refused', (note) => note],
  'signed by the log in place of the witness': [
    'refused',
    (note, _random, { harness, second }) =>
      cosign(harness.crypto, note, harness.keys.witness, harness.clock.seconds(), second.signer),
  ],
  'signed by a stranger': [
    'refused',
    (note, _random, { harness }) =>
      cosign(harness.crypto, note, harness.keys.stranger, harness.clock.seconds(), harness.keys.stranger),
  ],
  'signed by a stranger, too': [
    'served',
    (note, _random, world) =>
      cosign(world.harness.crypto, signed(world, note, 0), { ...world.harness.keys.stranger, kid: 'other.example/w' }, 1),
  ],
  'signed twice': ['refused', (note, _random, world) => signed(world, signed(world, note, 0), -1)],
  'signed for another head': [
    'refused',
    (note, _random, world) => note + lastLine(signed(world, world.harness.log.checkpoint(), 0)),
  ],
  'with a changed line of the witness': [
    'refused',
    (note, random, world) => {
      const whole = signed(world, note, 0)
      const at = whole.length - 2 - random.below(lastLine(whole).length - 4)
      const other = random.pick(['A', 'b', '7', '=', '/', ' ', '\u00e9'].filter((character) => character !== whole.charAt(at)))
      return whole.slice(0, at) + other + whole.slice(at + 1)
    },
  ],
}
const WAYS = Object.keys(CHANGED)

/** A decision of the second harness: only for agents whose passports name it, from its log, and with the witness. */
export const changeSecond: Mutate = (world, random) => {
  const { harness, second } = world
  const plan = world.plan(random)
  const isOwnHarness = !random.oneIn(4)
  const isNamed = !random.oneIn(4)
  const isInLog = !random.oneIn(4)
  const way = random.pick(random.oneIn(2) ? WAYS : ['signed by the witness'])
  const [expected, witnessing] = CHANGED[way] ?? ['refused', (note: string) => note]
  const names = isNamed ? [NAMES.harness, didOf(second.signer)] : [NAMES.harness]
  const changes: Changes = {
    ...(isOwnHarness && {
      tokenSigner: second.signer,
      tokenHeader: (header) => ({ ...header, kid: second.signer.kid }),
      claims: (claims) => ({ ...claims, iss: didOf(second.signer) }),
    }),
    passport: (credential, at) => (at === plan.handOffs ? withHarness(credential, names) : credential),
    ...(isInLog && { log: second.log, checkpoint: (note) => witnessing(note, random, world) }),
  }
  const where = [isOwnHarness ? '' : 'the first harness', isNamed ? '' : 'not named', isInLog ? way : 'the log of the first']
  const isSecond = isOwnHarness && isNamed && isInLog
  const isFirst = !isOwnHarness && !isInLog
  return {
    name: `second harness: ${where.filter((part) => part !== '').join(', ')}`,
    request: harness.mint(plan, changes),
    expected: isSecond ? expected : isFirst ? 'served' : 'refused',
  }
}

function signed({ harness }: World, note: string, seconds: number): string {
  return cosign(harness.crypto, note, harness.keys.witness, harness.clock.seconds() + seconds)
}

function lastLine(note: string): string {
  return note.slice(note.lastIndexOf('\n', note.length - 2) + 1)
}

function withHarness(credential: JsonObject, names: readonly string[]): JsonObject {
  return { ...credential, credentialSubject: { ...inner(credential, 'credentialSubject'), harness: names } }
}
