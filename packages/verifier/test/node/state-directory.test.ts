import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMockHarness, NAMES, receivedFrom } from '@aiegis/testing'
import type { Verifier } from '@aiegis/verifier'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AuditMemory } from '../../src/audit.ts'
import { createStateDirectory, statePath } from '../../src/node/state-directory.ts'
import { createNodeVerifier } from '../../src/node/verifier.ts'
import type { KeptList } from '../../src/status.ts'

vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original()
  return { ...real, rename: vi.fn<typeof rename>(real.rename) }
})

const ISSUER = 'did:web:identity.example'
const URL = 'https://identity.example/status/revocation/1'
const KEPT: KeptList = { text: 'a.b.c', validFrom: 1_795_212_000, revoked: 3, readAt: 1_795_212_000_123 }
const AGAIN = 'put a good copy back, or remove it: then an older list counts until a newer one is read'
const isRoot = process.getuid?.() === 0

let parent = ''
let directory = ''

beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), 'aiegis-state-')))
  directory = join(parent, 'state')
  mkdirSync(directory, { mode: 0o700 })
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(parent, { recursive: true })
})

/** What `run` says; only a `TypeError` counts. */
function messageOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}

const load = (issuer = ISSUER, url = URL): KeptList | undefined => createStateDirectory(directory).load(issuer, url)

const hash = (issuer: string, url: string): string => createHash('sha256').update(`${issuer}\n${url}`).digest('hex')

/** The one file in the directory, after a list was kept. */
async function written(): Promise<string> {
  await createStateDirectory(directory).save(ISSUER, URL, KEPT)
  const [name = ''] = readdirSync(directory)
  return join(directory, name)
}

describe('a state directory', () => {
  test('gives back what was kept, by issuer and URL', async () => {
    const memory = createStateDirectory(directory)
    expect(memory.load(ISSUER, URL)).toBeUndefined()
    await memory.save(ISSUER, URL, KEPT)
    expect(load()).toEqual(KEPT)
    expect(load('did:web:other.example')).toBeUndefined()
    expect(load(ISSUER, `${URL}0`)).toBeUndefined()
    await memory.save('did:web:other.example', URL, { ...KEPT, text: 'd.e.f' })
    expect(load()).toEqual(KEPT)
  })

  test('has one file for each list, named by a hash, for its owner alone', async () => {
    await createStateDirectory(directory).save(ISSUER, 'https://identity.example/../../etc/passwd', KEPT)
    const file = await written()
    expect(readdirSync(directory)).toHaveLength(2)
    expect(readdirSync(directory).every((name) => /^[0-9a-f]{64}\.1795212000\.3\.json$/.test(name))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(parent)).toEqual(['state'])
  })

  test('is replaced by a list of the same time or later, never by an earlier one, also of another process', async () => {
    const [one, other] = [createStateDirectory(directory), createStateDirectory(directory)]
    await one.save(ISSUER, URL, KEPT)
    await other.save(ISSUER, URL, { ...KEPT, validFrom: KEPT.validFrom - 1, text: 'older' })
    expect(load()).toEqual(KEPT)
    await other.save(ISSUER, URL, { ...KEPT, text: 'same' })
    expect(load()?.text).toBe('same')
    await one.save(ISSUER, URL, { ...KEPT, validFrom: KEPT.validFrom + 1, text: 'later' })
    expect(load()?.text).toBe('later')
  })

  test('keeps the newest list when processes write at once, and removes those before it', async () => {
    const [one, other] = [createStateDirectory(directory), createStateDirectory(directory)]
    await one.save(ISSUER, URL, KEPT)
    const real = vi.mocked(rename).getMockImplementation()
    vi.mocked(rename).mockImplementationOnce(async (from, to) => {
      await other.save(ISSUER, URL, { ...KEPT, validFrom: KEPT.validFrom + 2, text: 'newest' })
      await real?.(from, to)
    })
    await one.save(ISSUER, URL, { ...KEPT, validFrom: KEPT.validFrom + 1, text: 'later' })
    expect(load()?.text).toBe('newest')
    expect(readdirSync(directory)).toHaveLength(1)
  })

  test('AHP-STATUS-22 keeps of lists of one second the one that revokes most, whichever process is last', async () => {
    const [one, other] = [createStateDirectory(directory), createStateDirectory(directory)]
    const more: KeptList = { ...KEPT, text: 'revokes more', revoked: 10 }
    await other.save(ISSUER, URL, more)
    await one.save(ISSUER, URL, { ...KEPT, text: 'revokes less', revoked: 9 })
    expect([load()?.text, readdirSync(directory).length]).toEqual(['revokes more', 1])
    await one.save(ISSUER, URL, { ...more, readAt: more.readAt + 1 })
    expect(load()?.readAt).toBe(more.readAt + 1)
    await one.save(ISSUER, URL, { ...KEPT, text: 'later', validFrom: KEPT.validFrom + 1, revoked: 0 })
    expect([load()?.text, readdirSync(directory).length]).toEqual(['later', 1])
  })

  test('AHP-STATUS-22 keeps of lists of one second the one that revokes most, also when processes write at once', async () => {
    const [one, other] = [createStateDirectory(directory), createStateDirectory(directory)]
    const real = vi.mocked(rename).getMockImplementation()
    vi.mocked(rename).mockImplementationOnce(async (from, to) => {
      await other.save(ISSUER, URL, { ...KEPT, text: 'revokes more', revoked: 4 })
      await real?.(from, to)
    })
    await one.save(ISSUER, URL, KEPT)
    expect([load()?.text, readdirSync(directory).length]).toEqual(['revokes more', 1])
  })

  test('takes the later of two lists, whatever their names look like in order', async () => {
    const memory = createStateDirectory(directory)
    await memory.save(ISSUER, URL, { ...KEPT, validFrom: 99 })
    renameSync(join(directory, `${hash(ISSUER, URL)}.99.3.json`), join(parent, 'aside'))
    await memory.save(ISSUER, URL, { ...KEPT, validFrom: 100 })
    renameSync(join(parent, 'aside'), join(directory, `${hash(ISSUER, URL)}.99.3.json`))
    expect(load()?.validFrom).toBe(100)
    await memory.save(ISSUER, URL, { ...KEPT, validFrom: 101 })
    expect(readdirSync(directory)).toEqual([`${hash(ISSUER, URL)}.101.3.json`])
  })

  test('keeps the longest list there is', async () => {
    const text = 'a'.repeat(4_194_304)
    await createStateDirectory(directory).save(ISSUER, URL, { ...KEPT, text })
    expect(load()?.text === text).toBe(true)
  })

  test('holds a good file after any number of writers at once, and nothing else', async () => {
    const text = 'a'.repeat(200_000)
    const memories = Array.from({ length: 8 }, () => createStateDirectory(directory))
    await Promise.all(memories.map(async (memory, at) => memory.save(ISSUER, URL, { ...KEPT, text: `${at}${text}` })))
    expect(load()?.text).toMatch(/^[0-7]a+$/)
    expect(readdirSync(directory)).toHaveLength(1)
  })

  test('loses the drafts that a process left long ago, and not those of one that may live', async () => {
    const file = await written()
    for (const name of ['old', 'young']) writeFileSync(`${file}.${name}.new`, 'half a li')
    utimesSync(`${file}.old.new`, new Date(), new Date(Date.now() - 3_601_000))
    expect(load()).toEqual(KEPT)
    expect([`${file}.old.new`, `${file}.young.new`].map((path) => existsSync(path))).toEqual([false, true])
  })

  test.each(['', 'state', './state'])('%j is no absolute path', (path) => {
    const rest = `'${path}' is not an absolute path; write one that starts at the root, or leave it out`
    expect(messageOf(() => createStateDirectory(path))).toBe(`stateDirectory: ${rest}`)
    expect(messageOf(() => statePath(path))).toBe(`AIEGIS_STATE: ${rest}`)
    expect([statePath('/var/lib/aiegis'), statePath(undefined)]).toEqual(['/var/lib/aiegis', undefined])
  })
})

describe('AHP-STATUS-16 the start stops', () => {
  const begin = (): string => messageOf(() => createStateDirectory(directory))
  const throughLink = (path: string, real: string): string =>
    `state directory ${path} is reached through a link, or written otherwise than it is called; name ${real}`

  test('without the directory, at a link to it and at a file', () => {
    rmSync(directory, { recursive: true })
    expect(begin()).toBe(`state directory ${directory} does not exist; create it for the user of this process, with mode 0700`)
    mkdirSync(join(parent, 'real'))
    symlinkSync(join(parent, 'real'), directory)
    expect(begin()).toBe(throughLink(directory, join(parent, 'real')))
    rmSync(directory)
    writeFileSync(directory, '')
    expect(begin()).toBe(`state directory ${directory} is not a directory; name one`)
  })

  test('at a link with something behind it, at a link above the directory, and at another spelling', () => {
    symlinkSync(directory, join(parent, 'link'))
    symlinkSync(parent, join(parent, 'up'))
    for (const rest of ['link/', 'link/.', 'up/state', 'state/', 'state/.', './state', 'state/../state', '/state']) {
      const path = `${parent}/${rest}`
      expect(messageOf(() => createStateDirectory(path))).toBe(throughLink(path, directory))
    }
  })

  test.each([0o770, 0o720, 0o702, 0o777, 0o1777])('at a directory with mode %o', (mode) => {
    chmodSync(directory, mode)
    expect(begin()).toBe(`state directory ${directory} can be written by group or others; chmod it to 0755 or less`)
  })

  test.each([0o700, 0o750, 0o755])('and not at one with mode %o', (mode) => {
    chmodSync(directory, mode)
    expect(begin()).toBe('accepted')
  })

  test.runIf(isRoot)('at a directory or a file of another user (needs root to make one)', async () => {
    const file = await written()
    chownSync(file, 12_345, 0)
    expect(messageOf(load)).toBe(`status memory ${file} belongs to user 12345; chown it to root or to user 0`)
    chownSync(directory, 12_345, 0)
    expect(begin()).toBe(`state directory ${directory} belongs to user 12345; chown it to root or to user 0`)
  })

  test('at a file that others can write, at a link and at a directory in its place', async () => {
    const file = await written()
    chmodSync(file, 0o620)
    expect(messageOf(load)).toBe(`status memory ${file} can be written by group or others; chmod it to 0644 or less`)
    const elsewhere = join(parent, 'elsewhere.json')
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 })
    for (const target of [elsewhere, join(parent, 'nothing')]) {
      rmSync(file)
      symlinkSync(target, file)
      expect(messageOf(load)).toBe(
        `status memory ${file} is a link; put the file itself there, or name the file that the link points to`,
      )
    }
    rmSync(file)
    mkdirSync(file)
    expect(messageOf(load)).toBe(`status memory ${file} is not a regular file; put the JSON file itself there`)
  })

  test.each<[string, (whole: string) => string]>([
    ['nothing', () => ''],
    ['half of it', (whole) => whole.slice(0, 40)],
    ['no line end', (whole) => whole.trimEnd()],
    ['two line ends', (whole) => `${whole}\n`],
    ['other JSON', () => '[]\n'],
    ['a member less', (whole) => whole.replace(/"readAt":\d+,/, '')],
    ['a member more', (whole) => whole.replace('{', '{"x":1,')],
    ['a member twice', (whole) => whole.replace('{', '{"readAt":1,')],
    ['another issuer', (whole) => whole.replace(ISSUER, 'did:web:other.example')],
    ['another list', (whole) => whole.replace('revocation/1', 'revocation/2')],
    ['another time than its name says', (whole) => whole.replace('"validFrom":1795212000', '"validFrom":1795212001')],
    ['another number than its name says', (whole) => whole.replace('"revoked":3', '"revoked":4')],
    ['a time that is text', (whole) => whole.replace(/"readAt":(\d+)/, '"readAt":"$1"')],
    ['a time between milliseconds', (whole) => whole.replace(/"readAt":(\d+)/, '"readAt":$1.5')],
    ['white space', (whole) => whole.replace(':', ': ')],
  ])('at a file with %s', async (_, change) => {
    const file = await written()
    writeFileSync(file, change(readFileSync(file, 'utf8')))
    const message = messageOf(load)
    expect(message.startsWith(`status memory ${file} is damaged (`)).toBe(true)
    expect(message.endsWith(`); ${AGAIN}`)).toBe(true)
  })

  test('at a file of more than 5 MiB', async () => {
    const file = await written()
    writeFileSync(file, Buffer.alloc(5_242_881, 0x20))
    expect(messageOf(load)).toBe(`status memory ${file} is larger than 5 MiB; ${AGAIN}`)
  })
})

describe('AHP-STATUS-16 a list that cannot be kept', () => {
  test('because its name cannot be changed leaves the old one and no draft', async () => {
    await written()
    vi.mocked(rename).mockRejectedValueOnce(new Error('no space left'))
    const saved = createStateDirectory(directory).save(ISSUER, URL, { ...KEPT, text: 'd.e.f' })
    await expect(saved).rejects.toThrow('no space left')
    expect(readdirSync(directory)).toHaveLength(1)
    expect(load()).toEqual(KEPT)
  })

  test('because its place is gone or taken is told', async () => {
    const file = await written()
    const memory = createStateDirectory(directory)
    rmSync(directory, { recursive: true })
    await expect(Promise.resolve(memory.save(ISSUER, URL, KEPT))).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(directory)
    mkdirSync(file)
    await expect(Promise.resolve(memory.save(ISSUER, URL, KEPT))).rejects.toMatchObject({ code: 'EISDIR' })
    expect(readdirSync(directory)).toHaveLength(1)
  })

  test('replaces what was damaged while the process ran', async () => {
    const file = await written()
    writeFileSync(file, 'x')
    await createStateDirectory(directory).save(ISSUER, URL, KEPT)
    expect(load()).toEqual(KEPT)
  })
})

describe('a verifier on Node', () => {
  const harness = createMockHarness({ logSize: 5 })
  const options = (): object => ({ ...harness.receiver(), log: () => {} })

  test.each<[string, () => object]>([
    ['in its option', () => ({ stateDirectory: directory })],
    ['in AIEGIS_STATE', () => (vi.stubEnv('AIEGIS_STATE', directory), {})],
    ['in its option, rather than in AIEGIS_STATE', () => (vi.stubEnv('AIEGIS_STATE', '/nowhere'), { stateDirectory: directory })],
  ])('keeps lists in the directory %s', async (_, more) => {
    const verifier = createNodeVerifier({ ...options(), ...more() })
    await verifier.warm()
    verifier.close()
    await expect.poll(() => readdirSync(directory).filter((name) => name.endsWith('.json'))).toHaveLength(1)
    expect(load(NAMES.issuer, NAMES.statusList)?.validFrom).toBe(harness.clock.seconds())
  })

  test('AHP-STATUS-15 serves at once after a restart while the issuer is down, as long as its list is young enough', async () => {
    const own = createMockHarness({ logSize: 5 })
    const start = (): Verifier => createNodeVerifier({ ...own.receiver(), stateDirectory: directory, log: () => {} })
    const before = start()
    await before.warm()
    before.close()
    await expect.poll(() => readdirSync(directory).filter((name) => name.endsWith('.json'))).toHaveLength(1)
    own.status.set('down')
    own.clock.advance(300)
    const restarted = start()
    own.clock.advance(6)
    expect(await restarted.verify(receivedFrom(own.mint()))).toMatchObject({ decision: 'ALLOW' })
    own.clock.advance(295)
    await expect(restarted.verify(receivedFrom(own.mint()))).rejects.toMatchObject({ code: 'status_unavailable' })
    restarted.close()
  })

  test('stops at AIEGIS_STATE that is no directory, also where trust is an option', () => {
    vi.stubEnv('AIEGIS_STATE', join(parent, 'nothing'))
    expect(messageOf(() => createNodeVerifier(options()))).toMatch(/^state directory .* does not exist; create it/)
    vi.stubEnv('AIEGIS_STATE', '')
    expect(messageOf(() => createNodeVerifier(options()))).toMatch(/^AIEGIS_STATE: '' is not an absolute path/)
  })

  test('asks for nothing where memories for lists and logs were given, and takes no second place', () => {
    vi.stubEnv('AIEGIS_STATE', '/nowhere')
    const statusMemory = { load: () => undefined, save: () => {} }
    const auditMemory: AuditMemory = {
      load: () => ({ head: undefined, evidence: undefined }),
      saveHead: () => {},
      dropHead: () => {},
      saveEvidence: () => {},
    }
    createNodeVerifier({ ...options(), statusMemory, auditMemory }).close()
    for (const one of [{ statusMemory }, { auditMemory }])
      expect(messageOf(() => createNodeVerifier({ ...options(), ...one }))).toMatch(/^state directory \/nowhere does not exist/)
    expect(messageOf(() => createNodeVerifier({ ...options(), statusMemory, stateDirectory: directory }))).toBe(
      'stateDirectory: there is a statusMemory too; remove one of the two',
    )
  })

  test('stops at a damaged file', async () => {
    await createStateDirectory(directory).save(NAMES.issuer, NAMES.statusList, KEPT)
    const [name = ''] = readdirSync(directory)
    writeFileSync(join(directory, name), 'x')
    expect(messageOf(() => createNodeVerifier({ ...options(), stateDirectory: directory }))).toMatch(
      / is damaged \(.*\); put a good copy back/,
    )
  })
})
