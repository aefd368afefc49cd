/** Changes field lines as wholes: which are there, how often, in which order and under which name (spec chapters 6.3 and 7). @module */
import { encodeBase64, utf8 } from '@aiegis/protocol'
import { lineOf, withLine, type RawRequest } from '@aiegis/testing'
import type { Mutant, Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'

type Lines = RawRequest['lines']
type Change = (request: RawRequest, random: Random, world: World) => Pick<Mutant, 'expected'> & { readonly request: RawRequest }

const NEEDED = ['Host', 'X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature-Input', 'Signature', 'Content-Type']
const EVIDENCE = NEEDED.slice(1, 6)
/** AHP-BIND-9, 10, 12, 13. */
const REFUSED: Lines = [
  ['X-HTTP-Method-Override', 'DELETE'],
  ['x-http-method', 'GET'],
  ['X-METHOD-OVERRIDE', ''],
  ['X-Original-URL', '/admin'],
  ['X-Original-URI', '/admin'],
  ['X-Rewrite-URL', '/orders/7'],
  ['X-Aiegis-Original-Method', 'GET'],
  ['X-Aiegis-Original-URI', '/orders/7'],
  ['Content-Encoding', 'identity'],
  ['Trailer', 'X-AEGIS-Token'],
  ['Early-Data', '1'],
  ['Content-Digest', 'sha-256=:AAAA:'],
  ['Content-Digest', `sha-256=:${'A'.repeat(43)}=:`],
  ['Content-Digest', 'sha-512=:AAAA:'],
  ['Content-Digest', ''],
]
/** No decision covers these, and no rule refuses them (AHP-BIND-8, chapter 7.7). */
const UNCOVERED: Lines = [
  ['Cookie', 'session=1'],
  ['Authorization', 'Bearer x'],
  ['Forwarded', 'host=other.example;proto=http'],
  ['X-Forwarded-Host', 'other.example'],
  ['X-Forwarded-Proto', 'http'],
  ['Accept', '*/*'],
  ['X-AEGIS-Decision', 'x'],
  ['Range', 'bytes=0-1'],
]

const CHANGES: Readonly<Record<string, Change>> = {
  drop: (request, random) => {
    const name = random.pick(NEEDED.filter((known) => lineOf(request, known) !== undefined))
    return { request: withLine(request, name), expected: 'refused' }
  },
  double: (request, random) => {
    const line = random.pick(request.lines.filter(([name]) => NEEDED.includes(name)))
    const again = random.oneIn(2) ? line : ([line[0].toLowerCase(), random.oneIn(2) ? line[1] : 'x'] as const)
    // `x` alone is one more member of a dictionary (RFC 8941 §3.2).
    const isMember = line[0].startsWith('Signature') && again[1] === 'x'
    return { request: { ...request, lines: inserted(request.lines, random, again) }, expected: isMember ? 'open' : 'refused' }
  },
  join: (request, random) => {
    const name = random.pick(EVIDENCE)
    const value = lineOf(request, name) ?? ''
    const separator = random.pick([',', ', ', ' ,', ' , '])
    return { request: withLine(request, name, `${value}${separator}${value}`), expected: 'refused' }
  },
  rename: (request, random) => {
    const name = random.pick(EVIDENCE)
    const other = random.pick([
      `${name}s`,
      name.replaceAll('-', '_'),
      `X-${name}`,
      ` ${name}`,
      `${name}\0`,
      name.replace('i', 'ı'),
    ])
    const lines = request.lines.map((line) => (line[0] === name ? ([other, line[1]] as const) : line))
    return { request: { ...request, lines }, expected: name === other ? 'open' : 'refused' }
  },
  reorder: (request, random) => ({ request: { ...request, lines: shuffled(request.lines, random) }, expected: 'served' }),
  case: (request, random) => {
    const lines = request.lines.map(
      ([name, value]) => [random.oneIn(2) ? name.toLowerCase() : name.toUpperCase(), value] as const,
    )
    return { request: { ...request, lines }, expected: 'served' }
  },
  'add what is refused': (request, random) => ({
    request: { ...request, lines: inserted(request.lines, random, random.pick(REFUSED)) },
    expected: 'refused',
  }),
  'add what is not covered': (request, random) => ({
    request: { ...request, lines: inserted(request.lines, random, random.pick(UNCOVERED)) },
    expected: 'served',
  }),
  'add the digest': (request, random, { harness }) => {
    const digest = encodeBase64(harness.crypto.sha256(request.body))
    return {
      request: { ...request, lines: inserted(request.lines, random, ['Content-Digest', `sha-256=:${digest}:`]) },
      expected: 'served',
    }
  },
  'add a signature of others': (request, random) => {
    const input = 'sig1=("@authority" "accept";req);created=1;tag="web-bot-auth"'
    const signature = `sig1=:${encodeBase64(utf8('somebody else'))}:`
    const first = random.oneIn(2)
    const lines = random.oneIn(2)
      ? request.lines.flatMap((line): Lines => {
          const other = line[0] === 'Signature-Input' ? input : line[0] === 'Signature' ? signature : undefined
          if (other === undefined) return [line]
          return first ? [[line[0], other], line] : [line, [line[0], other]]
        })
      : request.lines.map(([name, value]) => {
          const other = name === 'Signature-Input' ? input : name === 'Signature' ? signature : undefined
          return [name, other === undefined ? value : first ? `${other}, ${value}` : `${value},\t${other}`] as const
        })
    return { request: { ...request, lines }, expected: 'served' }
  },
  'add a second possession': (request, random) => {
    const input = lineOf(request, 'Signature-Input') ?? ''
    const signature = lineOf(request, 'Signature') ?? ''
    const label = random.pick(['b', 'aegis2', '*'])
    const added = withLine(request, 'Signature-Input', input, input.replace('aegis=', `${label}=`))
    return {
      request: withLine(added, 'Signature', `${signature}, ${signature.replace('aegis=', `${label}=`)}`),
      expected: 'refused',
    }
  },
  'many lines': (request, random) => {
    const count = 110 + random.below(30)
    const added: Lines = Array.from({ length: count }, (_, at) => [`X-Filler-${at}`, 'x'] as const)
    const lines = [...added.slice(0, count >> 1), ...request.lines, ...added.slice(count >> 1)]
    return { request: { ...request, lines }, expected: lines.length > 128 ? 'refused' : 'served' }
  },
}
const NAMES = Object.keys(CHANGES)

/** One change to the lines of a request. */
export const changeLines: Mutate = (world, random) => {
  const base = world.base(random)
  const name = random.pick(NAMES)
  const changed = CHANGES[name]?.(base.request, random, world) ?? { request: base.request, expected: 'open' }
  return { name, base, ...changed }
}

function inserted(lines: Lines, random: Random, line: Lines[number]): Lines {
  const at = random.below(lines.length + 1)
  return [...lines.slice(0, at), line, ...lines.slice(at)]
}

function shuffled(lines: Lines, random: Random): Lines {
  const left = [...lines]
  return lines.flatMap(() => left.splice(random.below(left.length), 1))
}
