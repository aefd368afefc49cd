/** Changes what the agent signs and how it says so, signed again by its key, by another, or not at all (spec chapter 6). @module */
import { encodeBase64, thumbprint, utf8, type SyncSigner } from '@aiegis/protocol'
import { agentAt, lineOf } from '@aiegis/testing'
import { setLine, type Mutant, type Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'

const COMPONENTS = '("@method" "@target-uri" "x-aegis-token")'

/** What is signed and what is sent of it. */
interface Possession {
  readonly label: string
  readonly components: string
  /** Each with its semicolon, in order. */
  readonly params: readonly string[]
  /** The lines of the signed text before its last. */
  readonly signed: readonly string[]
}

type Change = (possession: Possession, random: Random, now: number) => readonly [Possession, Mutant['expected']]

const CHANGES: Readonly<Record<string, Change>> = {
  label: (p, random) => [{ ...p, label: random.pick(['a', 'sig1', '*', 'x-1.y_z*', 'aegis2']) }, 'served'],
  'label that is none': (p, random) => [{ ...p, label: random.pick(['A', '1a', '', 'a b', 'é']) }, 'refused'],
  'order of parameters': (p) => [{ ...p, params: p.params.toReversed() }, 'served'],
  created: (p, random) => [{ ...p, params: put(p.params, 'created', random.pick(['0', '1', '999999999999999'])) }, 'served'],
  'created that is none': (p, random) => [
    {
      ...p,
      params: put(
        p.params,
        'created',
        random.pick(['-1', '1.0', '"1"', '', '01', '-0', '1000000000000000', '?1', '1e3', ':AA==:']),
      ),
    },
    'refused',
  ],
  alg: (p) => [{ ...p, params: [...p.params, ';alg="ed25519"'] }, 'served'],
  'alg that is another': (p, random) => [
    {
      ...p,
      params: [...p.params, `;alg=${random.pick(['"hmac-sha256"', '"ecdsa-p256-sha256"', 'ed25519', '"ED25519"', '""'])}`],
    },
    'refused',
  ],
  nonce: (p, random) => [{ ...p, params: [...p.params, `;nonce=${random.pick(['""', '"x"', '"a\\"b\\\\"', '"n"'])}`] }, 'served'],
  expires: (p, random, now) => [{ ...p, params: [...p.params, `;expires=${now + 1 + random.below(100)}`] }, 'served'],
  'expires that is over': (p, random, now) => [
    { ...p, params: [...p.params, `;expires=${random.pick([0, now - 1, now])}`] },
    'refused',
  ],
  'parameter dropped': (p, random) => [{ ...p, params: p.params.toSpliced(random.below(p.params.length), 1) }, 'refused'],
  'parameter twice': (p, random) => [{ ...p, params: [...p.params, random.pick(p.params)] }, 'refused'],
  'parameter that nobody knows': (p, random) => [
    { ...p, params: [...p.params, random.pick([';x=1', ';x', ';x="y"', ';keyId="x"'])] },
    'refused',
  ],
  keyid: (p, random) => [
    { ...p, params: put(p.params, 'keyid', random.pick(['""', '"x"', `"${'A'.repeat(43)}"`, 'x'])) },
    'refused',
  ],
  tag: (p, random) => [
    {
      ...p,
      params: put(
        p.params,
        'tag',
        random.pick(['"aegis-ask"', '"AEGIS-POP"', '"aegis-pop "', 'aegis-pop', '"web-bot-auth"', '?1']),
      ),
    },
    'refused',
  ],
  components: (p, random) => [{ ...p, components: random.pick(OTHER_COMPONENTS) }, 'refused'],
  'spaces and case': (p, random) => [
    {
      ...p,
      components: random.pick([
        COMPONENTS.replace('" "', '"  "'),
        COMPONENTS.replace('(', '( '),
        COMPONENTS.replace(')', ' )'),
        COMPONENTS,
      ]),
      params: p.params.map((param) => param.replace(';', '; ')),
    },
    'refused',
  ],
  'signed text': (p, random) => {
    const at = random.below(p.signed.length)
    return [
      { ...p, signed: p.signed.toSpliced(at, 1, random.pick(['"@method": GET ', '', `${p.signed[at]}x`, '"@method": CONNECT'])) },
      'refused',
    ]
  },
}
const NAMES = Object.keys(CHANGES)
const OTHER_COMPONENTS = [
  '()',
  '("@method" "@target-uri")',
  '("@target-uri" "@method" "x-aegis-token")',
  '("@method" "@target-uri" "X-AEGIS-Token")',
  '("@method" "@target-uri" "x-aegis-token" "x-aegis-token")',
  '("@method" "@target-uri" "x-aegis-token" "content-type")',
  '("@method";req "@target-uri" "x-aegis-token")',
  '("@method" "@target-uri" "x-aegis-token";sf)',
  '("@method" "@path" "x-aegis-token")',
  '(@method "@target-uri" "x-aegis-token")',
  '"@method"',
]

/** One change to the signature of possession. */
export const changePossession: Mutate = (world, random) => {
  const { harness } = world
  const base = world.base(random)
  const { method, url, handOffs } = base.plan
  const agent = agentAt(harness, handOffs)
  const now = harness.clock.seconds()
  const plain: Possession = {
    label: 'aegis',
    components: COMPONENTS,
    params: [`;created=${now}`, `;keyid="${thumbprint(harness.crypto, agent.publicKey)}"`, ';tag="aegis-pop"'],
    signed: [`"@method": ${method}`, `"@target-uri": ${url}`, `"x-aegis-token": ${lineOf(base.request, 'X-AEGIS-Token')}`],
  }
  const name = random.pick(NAMES)
  const [changed, expected] = CHANGES[name]?.(plain, random, now) ?? [plain, 'open']
  const [how, signer] = random.pick<readonly [string, SyncSigner | undefined]>([
    ['signed', agent],
    ['signed', agent],
    ['signed', agent],
    ['not signed', undefined],
    ['signed by another', agentAt(harness, (handOffs + 1) % 3)],
    ['signed by a stranger', harness.keys.stranger],
    ['signed by the harness', harness.keys.harness],
  ])
  const params = changed.components + changed.params.join('')
  const text = [...changed.signed, `"@signature-params": ${params}`].join('\n')
  const signature =
    signer === undefined ? signatureIn(lineOf(base.request, 'Signature') ?? '') : encodeBase64(signer.sign(utf8(text)))
  const request = setLine(
    setLine(base.request, 'Signature-Input', `${changed.label}=${params}`),
    'Signature',
    `${changed.label}=:${signature}:`,
  )
  // The label is not signed.
  const isSigned = signer === agent || (signer === undefined && name === 'label')
  return { name: `possession: ${name}, ${how}`, request, expected: isSigned ? expected : 'refused', base }
}

function put(params: readonly string[], name: string, value: string): readonly string[] {
  return params.map((param) => (param.startsWith(`;${name}=`) ? `;${name}=${value}` : param))
}

function signatureIn(field: string): string {
  return field.slice(field.indexOf(':') + 1, -1)
}
