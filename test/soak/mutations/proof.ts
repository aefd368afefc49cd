/** Changes the text of a proof, with the signature of the log over it made again or not (spec chapter 5). @module */
import { encodeBase64, encodeBase64url, formatNote, LOG_KEY_TYPE, noteKeyId, utf8, type SyncSigner } from '@aiegis/protocol'
import { lineOf, NAMES } from '@aiegis/testing'
import { setLine, type Mutant, type Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'

/** A proof in its pieces. */
interface Pieces {
  readonly index: string
  readonly hashes: readonly string[]
  /** Origin, size, root. */
  readonly head: readonly string[]
  readonly signatures: readonly string[]
}

type Change = (pieces: Pieces, random: Random, world: World) => Pieces
type TextChange = (text: string, random: Random) => string

/** None of these proves the decision; the log has not signed anything new. */
const PIECES: Readonly<Record<string, Change>> = {
  index: (p, random) => ({
    ...p,
    index: random.pick([
      String(Number(p.index) + 1),
      String(Number(p.index) - 1),
      String(random.below(Number(p.head[1]))),
      p.head[1] ?? '',
      '0',
      '00',
      `0${p.index}`,
      `+${p.index}`,
      '-1',
      '9223372036854775807',
      '9223372036854775808',
      '18446744073709551616',
      '1e3',
      '',
      `${p.index} `,
    ]),
  }),
  'hash dropped': (p, random) => ({ ...p, hashes: p.hashes.toSpliced(random.below(p.hashes.length), 1) }),
  'hash added': (p, random) => ({
    ...p,
    hashes: p.hashes.toSpliced(random.below(p.hashes.length + 1), 0, random.pick([...p.hashes, HASH])),
  }),
  'hash changed': (p, random) => ({ ...p, hashes: p.hashes.toSpliced(random.below(p.hashes.length), 1, HASH) }),
  'hashes exchanged': (p, random) => {
    const at = random.below(p.hashes.length - 1)
    return { ...p, hashes: p.hashes.toSpliced(at, 2, p.hashes[at + 1] ?? '', p.hashes[at] ?? '') }
  },
  'no hashes': (p) => ({ ...p, hashes: [] }),
  'many hashes': (p, random) => ({ ...p, hashes: Array.from({ length: 38 + random.below(5) }, () => HASH) }),
  'a hash that is none': (p, random) => ({
    ...p,
    hashes: p.hashes.toSpliced(
      random.below(p.hashes.length),
      1,
      random.pick(['', 'AAAA', encodeBase64(new Uint8Array(33)), HASH.replace('=', ''), HASH.replace('A=', 'B=')]),
    ),
  }),
  head: (p, random) => ({ ...p, head: changedHead(p.head, random) }),
  'head signed by another': (p, random, { harness }) => {
    const { stranger, harness: decider, issuer, agent } = harness.keys
    return { ...p, signatures: [signatureLine(random.pick([stranger, decider, issuer, agent]), harness, p.head)] }
  },
  'signature repeated': (p) => ({ ...p, signatures: [...p.signatures, ...p.signatures] }),
  'signature line': (p, random) => ({ ...p, signatures: p.signatures.map((line) => random.pick(LINES)(line)) }),
  'no signature': (p) => ({ ...p, signatures: [] }),
  'only witnesses': (p, random) => ({ ...p, signatures: [witness(random)] }),
  'many signatures': (p, random) => ({
    ...p,
    signatures: [...p.signatures, ...Array.from({ length: 9 }, () => witness(random))],
  }),
}

/** What the log signs here is not the tree that the decision is in. */
const RESIGNED: Readonly<Record<string, (head: readonly string[], index: string, random: Random) => readonly string[]>> = {
  'root signed again': ([origin = '', size = ''], _index, random) => [
    origin,
    size,
    random.pick([HASH, encodeBase64(new Uint8Array(32).fill(random.below(256)))]),
  ],
  'size signed again': ([origin = '', size = '', root = ''], index, random) => [
    origin,
    random.pick([index, '0', String(Number(size) * 4), String(Number(size) >> 2), '9223372036854775807', `0${size}`]),
    root,
  ],
  'origin signed again': ([, size = '', root = ''], _index, random) => [
    random.pick(['ledger.example/second', `${NAMES.log} `, NAMES.log.toUpperCase(), 'other.example', '']),
    size,
    root,
  ],
  'extension signed again': (head) => [...head, 'more'],
}

const TEXTS: Readonly<Record<string, TextChange>> = {
  'extra line': (text) => text.replace('\nindex', '\nextra AAAA\nindex'),
  'extra line after': (text) => text.replace(/\nindex (\d+)/, '\nindex $1\nextra AAAA'),
  magic: (text, random) =>
    random.pick(['c2sp.org/tlog-proof@v2', 'C2SP.org/tlog-proof@v1', '', '\ufeffc2sp.org/tlog-proof@v1']) +
    text.slice(text.indexOf('\n')),
  'line ends': (text, random) => (random.oneIn(2) ? text.replaceAll('\n', '\r\n') : text.replace('\n\n', '\n\n\n')),
  'text after': (text, random) => text + random.pick(['\n', ' ', '\0', 'x', text]),
  'text before': (text, random) => random.pick(['\n', ' ', '\0', 'x', '\ufeff']) + text,
  cut: (text, random) => text.slice(0, random.below(text.length)),
  character: (text, random) => {
    const at = random.below(text.length)
    return text.slice(0, at) + random.pick(['\0', 'é', '\u2014', ' ', 'A', '+', '0', '\t']) + text.slice(at + random.below(2))
  },
}

/** One change to a proof. */
export const changeProof: Mutate = (world, random) => {
  const base = world.base(random)
  const text = Buffer.from(lineOf(base.request, 'X-AEGIS-Proof') ?? '', 'base64url').toString()
  const pieces = piecesOf(text)
  const to = (name: string, changed: string, expected: Mutant['expected'] = 'refused'): Mutant => ({
    name: `proof: ${name}`,
    request: setLine(base.request, 'X-AEGIS-Proof', encodeBase64url(utf8(changed))),
    expected,
    base,
  })
  switch (random.below(8)) {
    case 0: {
      const name = random.pick(Object.keys(TEXTS))
      return to(name, TEXTS[name]?.(text, random) ?? text)
    }
    case 1: {
      const name = random.pick(Object.keys(RESIGNED))
      const head = RESIGNED[name]?.(pieces.head, pieces.index, random) ?? pieces.head
      return to(name, textOf({ ...pieces, head, signatures: [signatureLine(world.harness.keys.log, world.harness, head)] }))
    }
    case 2: {
      // AHP-PROOF-9: lines of keys that nobody knows are ignored.
      const others = Array.from({ length: 1 + random.below(3) }, () => witness(random))
      const signatures = random.oneIn(2) ? [...pieces.signatures, ...others] : [...others, ...pieces.signatures]
      const names = new Set(others.map((line) => line.split(' ')[1]))
      return to('lines of others', textOf({ ...pieces, signatures }), names.size === others.length ? 'served' : 'refused')
    }
    case 3:
      return to('a newer head', world.harness.log.prove(Number(pieces.index)), 'served')
    default: {
      const name = random.pick(Object.keys(PIECES))
      return to(name, textOf(PIECES[name]?.(pieces, random, world) ?? pieces))
    }
  }
}

function changedHead([origin = '', size = '', root = '']: readonly string[], random: Random): readonly string[] {
  return random.pick([
    [`${origin}x`, size, root],
    ['ledger.example/second', size, root],
    [origin, String(Number(size) + 1), root],
    [origin, '0', root],
    [origin, size, HASH],
    [origin, size, root, 'more'],
    [origin, root, size],
    [origin, size],
  ])
}

const LINES: readonly ((line: string) => string)[] = [
  (line) => line.replace('— ', '- '),
  (line) => line.replace('— ', '—'),
  (line) => line.replace(NAMES.log, 'other.example'),
  (line) => line.replace(NAMES.log, `${NAMES.log}+x`),
  (line) => `${line}=`,
  (line) => `${line} `,
  (line) => line.slice(0, -4),
  // The id of the key, which is the first thing that is encoded.
  (line) => line.replace(/ (\S)(\S+)$/, (_, first: string, rest: string) => ` ${first === 'A' ? 'B' : 'A'}${rest}`),
  (line) => line.replace(/.{6}(.)$/, 'AAAAAA$1'),
]

function signatureLine(signer: SyncSigner, { crypto, keys }: World['harness'], head: readonly string[]): string {
  const body = head.map((line) => `${line}\n`).join('')
  const id = noteKeyId(crypto, NAMES.log, LOG_KEY_TYPE, keys.log.publicKey)
  return formatNote(body, [{ name: NAMES.log, id, signature: signer.sign(utf8(body)) }]).slice(body.length + 1, -1)
}

function witness(random: Random): string {
  return `— witness${random.below(1000)}.example/w ${encodeBase64(Uint8Array.from({ length: 5 + random.below(80) }, (_, at) => at))}`
}

function piecesOf(text: string): Pieces {
  const [first = '', head = '', signatures = ''] = text.split('\n\n')
  const [, index = '', ...hashes] = first.split('\n')
  return { index: index.slice('index '.length), hashes, head: head.split('\n'), signatures: signatures.trimEnd().split('\n') }
}

function textOf({ index, hashes, head, signatures }: Pieces): string {
  return `${['c2sp.org/tlog-proof@v1', `index ${index}`, ...hashes].join('\n')}\n\n${head.join('\n')}\n\n${signatures.map((line) => `${line}\n`).join('')}`
}

const HASH = encodeBase64(new Uint8Array(32))
