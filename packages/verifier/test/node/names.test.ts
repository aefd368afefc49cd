import { createSocket, type Socket } from 'node:dgram'
import { promises, type LookupAddress } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNames, type LookupAll, type NamePorts, type Names } from '../../src/node/names.ts'

/** What the DNS server of these tests answers by name: addresses by type, an RCODE, or nothing at all. */
type Zone = Readonly<Record<string, Readonly<Partial<Record<'A' | 'AAAA', string>>> | number | 'silence'>>
const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' }
const [SERVFAIL, NXDOMAIN] = [2, 3]

let zone: Zone
let server: Socket
/** Questions that arrived, as `name type`. */
let questions: string[]
/** Names that the system was asked for, and how it answers. */
let asked: string[]
let answer: Parameters<LookupAll>[2] extends infer Callback ? (name: string, callback: Callback) => void : never

beforeEach(async () => {
  questions = []
  asked = []
  answer = (_name, callback) => callback(null, [{ address: '10.1.1.1', family: 4 }])
  server = createSocket('udp4', (message, from) => {
    const reply = replyTo(message)
    if (reply !== undefined) server.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

/** RFC 1035 §4.1: one question, at most one answer. */
function replyTo(message: Buffer): Buffer | undefined {
  let at = 12
  const labels: string[] = []
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('ascii', at + 1, at + 1 + length))
    at += 1 + length
  }
  const name = labels.join('.')
  const type = TYPES[message.readUInt16BE(at + 1)] ?? 'A'
  questions.push(`${name} ${type}`)
  const known = zone[name] ?? NXDOMAIN
  if (known === 'silence') return undefined
  const address = typeof known === 'number' ? undefined : known[type]
  const header = Buffer.alloc(12)
  message.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 + (typeof known === 'number' ? known : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(address === undefined ? 0 : 1, 6)
  const question = message.subarray(12, at + 5)
  if (address === undefined) return Buffer.concat([header, question])
  const data = type === 'A' ? Buffer.from(address.split('.').map(Number)) : Buffer.from(address.replaceAll(':', ''), 'hex')
  const record = Buffer.from([0xc0, 12, 0, type === 'A' ? 1 : 28, 0, 1, 0, 0, 0, 0, 0, data.length])
  return Buffer.concat([header, question, record, data])
}

function create(changes: NamePorts = {}): Names {
  const { port } = server.address()
  return createNames({
    resolver() {
      const resolver = new promises.Resolver({ timeout: 3000, tries: 1 })
      resolver.setServers([`127.0.0.1:${port}`])
      return resolver
    },
    system(name, _options, callback) {
      asked.push(name)
      answer(name, callback)
    },
    timeoutMs: 200,
    ...changes,
  })
}

/** The addresses, or the code of the error. */
async function find(lookup: LookupAll, name: string): Promise<readonly string[] | string> {
  return new Promise((resolve) => {
    lookup(name, { all: true }, (error: Error | null, found: LookupAddress[]) => {
      resolve(error === null ? found.map(({ address, family }) => `${family} ${address}`) : String(Reflect.get(error, 'code')))
    })
  })
}

const V6 = '2606:2800:0220:0001:0248:1893:25c8:1946'

describe('in DNS', () => {
  test('a name has the addresses of both families', async () => {
    zone = { 'a.example': { A: '192.0.2.1', AAAA: V6 } }
    expect(await find(create().dns, 'a.example')).toEqual(['4 192.0.2.1', '6 2606:2800:220:1:248:1893:25c8:1946'])
    expect(asked).toEqual([])
  })

  test('a name has the addresses of one family, and none that does not exist', async () => {
    zone = { 'a.example': { A: '192.0.2.1' }, 'b.example': { AAAA: V6 }, 'c.example': {} }
    const { dns } = create()
    expect(await find(dns, 'a.example')).toEqual(['4 192.0.2.1'])
    expect(await find(dns, 'b.example')).toEqual(['6 2606:2800:220:1:248:1893:25c8:1946'])
    expect(await find(dns, 'c.example')).toBe('ENODATA')
    expect(await find(dns, 'd.example')).toBe('ENOTFOUND')
    expect(asked).toEqual([])
  })

  test('a name whose servers hang is given up, and asked for once meanwhile', async () => {
    zone = { 'a.example': 'silence' }
    const { dns } = create()
    const found = await Promise.all(Array.from({ length: 20 }, async () => find(dns, 'a.example')))
    expect(new Set(found)).toEqual(new Set(['ECANCELLED']))
    expect(questions.toSorted()).toEqual(['a.example A', 'a.example AAAA'])
    zone = { 'a.example': { A: '192.0.2.1' } }
    expect(await find(dns, 'a.example')).toEqual(['4 192.0.2.1'])
  })

  test('AHP-STATUS-20 names whose servers hang hold up neither other names nor what needs a thread', async () => {
    zone = {
      'good.example': { A: '192.0.2.1' },
      ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`s${at}.evil.example`, 'silence'])),
    }
    const { either } = create({ timeoutMs: 60_000 })
    const resolvers: promises.Resolver[] = []
    const hanging = createNames({
      resolver() {
        const resolver = new promises.Resolver({ timeout: 60_000, tries: 1 })
        resolver.setServers([`127.0.0.1:${server.address().port}`])
        resolvers.push(resolver)
        return resolver
      },
    })
    const evil = Array.from({ length: 40 }, async (_, at) => find(hanging.either, `s${at}.evil.example`))
    expect(await find(either, 'good.example')).toEqual(['4 192.0.2.1'])
    await readFile(import.meta.filename)
    for (const resolver of resolvers) resolver.cancel()
    expect(new Set(await Promise.all(evil))).toEqual(new Set(['ECANCELLED']))
  })
})

describe('as the system does it', () => {
  test('a name is looked up once at a time', async () => {
    const callbacks: (() => void)[] = []
    answer = (_name, callback) => void callbacks.push(() => callback(null, [{ address: '10.1.1.1', family: 4 }]))
    const { system } = create()
    const found = Promise.all([find(system, 'a.example'), find(system, 'a.example')])
    await expect.poll(() => asked).toEqual(['a.example'])
    for (const callback of callbacks) callback()
    expect(await found).toEqual([['4 10.1.1.1'], ['4 10.1.1.1']])
    const again = find(system, 'a.example')
    await expect.poll(() => callbacks.length).toBe(2)
    callbacks[1]?.()
    expect(await again).toEqual(['4 10.1.1.1'])
  })

  test('two names are looked up at once, and the others in turn, whether those are found or not', async () => {
    const callbacks: ((found: boolean) => void)[] = []
    answer = (_name, callback) =>
      void callbacks.push((found) =>
        found
          ? callback(null, [{ address: '10.1.1.1', family: 4 }])
          : callback(Object.assign(new Error(), { code: 'EAI_AGAIN' }), []),
      )
    const { system } = create()
    const found = Promise.all(['a', 'b', 'c', 'd'].map(async (name) => find(system, name)))
    await expect.poll(() => asked).toEqual(['a', 'b'])
    callbacks[1]?.(false)
    await expect.poll(() => asked).toEqual(['a', 'b', 'c'])
    callbacks[2]?.(true)
    await expect.poll(() => asked).toEqual(['a', 'b', 'c', 'd'])
    callbacks[0]?.(true)
    callbacks[3]?.(true)
    expect(await found).toEqual([['4 10.1.1.1'], 'EAI_AGAIN', ['4 10.1.1.1'], ['4 10.1.1.1']])
  })
})

describe('in DNS or as the system does it', () => {
  test.each(['absent.example', 'empty.example'])('%s, which DNS does not have, may be in the hosts file', async (name) => {
    zone = { 'empty.example': {} }
    expect(await find(create().either, name)).toEqual(['4 10.1.1.1'])
    expect(asked).toEqual([name])
  })

  test('so may a name where nobody answers for DNS', async () => {
    const resolver = new promises.Resolver({ timeout: 3000, tries: 1 })
    const closed = createSocket('udp4')
    await new Promise<void>((resolve) => closed.bind(0, '127.0.0.1', resolve))
    resolver.setServers([`127.0.0.1:${closed.address().port}`])
    await new Promise<void>((resolve) => closed.close(() => resolve()))
    expect(await find(create({ resolver: () => resolver }).either, 'a.example')).toEqual(['4 10.1.1.1'])
  })

  test('localhost is not asked for in DNS', async () => {
    zone = { localhost: { A: '192.0.2.1' } }
    expect(await find(create().either, 'localhost')).toEqual(['4 10.1.1.1'])
    expect(questions).toEqual([])
  })

  test('a name that DNS has, or whose servers fail or hang, takes no thread', async () => {
    zone = { 'a.example': { A: '192.0.2.1' }, 'b.example': SERVFAIL, 'c.example': 'silence' }
    const { either } = create()
    expect(await find(either, 'a.example')).toEqual(['4 192.0.2.1'])
    expect(await find(either, 'b.example')).toBe('ESERVFAIL')
    expect(await find(either, 'c.example')).toBe('ECANCELLED')
    expect(asked).toEqual([])
  })
})
