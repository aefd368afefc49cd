/** The ledger of a server in a directory of tiles, and a change of its key (spec chapters 17.9 and 17.10). @module */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultCrypto, parseCheckpoint, parseVkey, verifyCheckpoint } from '@aiegis/protocol'
import { verifyLog } from '@aiegis/ledger'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createEnforcement, type Enforcement, type EnforcementOptions } from '../src/enforcement.ts'
import { createScene, NOW, shows, URL } from './scene.ts'

const NAMES = {
  did: 'did:web:harness.example',
  issuer: 'did:web:identity.example',
  logOrigin: 'harness.example/aiegis/1',
} as const

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-places-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function open(state: string, more: Partial<EnforcementOptions> = {}): Promise<Enforcement> {
  const enforcement = await createEnforcement({ url: URL, ...NAMES, state, now: () => NOW, ...more })
  onTestFinished(() => enforcement.close().catch(() => undefined))
  return enforcement
}

describe('a ledger in a directory of tiles', () => {
  test('AHP-TILES-1 is a log that any web server can serve, with an entry for each decision, and goes on after a restart', async () => {
    const directory = join(temporaryDirectory(), 'ledger')
    const scene = await createScene({ ...NAMES, auditDb: `tiles:${directory}` })
    onTestFinished(() => scene.close())
    for (let number = 0; number < 3; number++) expect((await scene.ask(shows('GET', `/${number}`))).status).toBe(200)
    const get = (path: string): Uint8Array => readFileSync(join(directory, 'public', path))
    const { log } = scene.enforcement
    const options = { origin: NAMES.logOrigin, vkey: parseVkey(log.vkey) }
    const { size } = await verifyLog(get, { ...options, remembered: [log.checkpoint()] })
    expect(size).toBe(log.size())
    expect(size).toBeGreaterThanOrEqual(3n)
    expect(existsSync(join(scene.state, 'ledger.db'))).toBe(false)
    await scene.enforcement.close()
    const again = await open(scene.state, { auditDb: `tiles:${directory}` })
    expect(again.log.size()).toBe(size)
    await again.suspend({ task: '01SCENETASK000000000000000' })
    expect((await verifyLog(get, options)).size).toBe(size + 1n)
  })

  test('AHP-LEDGER-4 AHP-LEDGER-12 has one server, and is not begun anew when it is gone', async () => {
    const directory = join(temporaryDirectory(), 'ledger')
    const [state, other] = [temporaryDirectory(), temporaryDirectory()]
    const auditDb = `tiles:${directory}`
    const first = await open(state, { auditDb })
    await expect(open(other, { auditDb })).rejects.toThrow(/^ledger: .*index\.db is open in another process/)
    await first.close()
    // With keys of its own, the second server may not go on with the log of the first.
    await expect(open(other, { auditDb })).rejects.toThrow(/a log keeps its key/)
    rmSync(directory, { recursive: true })
    await expect(open(state, { auditDb })).rejects.toThrow(
      /^ledger: .*index\.db is missing, and its log key would sign a second log/,
    )
    await expect(open(temporaryDirectory(), { auditDb: `tiles:${directory}/a/b` })).rejects.toThrow(
      `--audit-db tiles:${directory}/a/b: it cannot be made (ENOENT); name a directory in a directory that exists`,
    )
  })
})

describe('AHP-LEDGER-17 a server whose log key is changed', () => {
  const crypto = defaultCrypto()

  function makeKey(directory: string): string {
    const file = join(directory, 'next.key')
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    return file
  }

  /** Which of these keys signed the newest head. */
  async function signedBy({ log }: Enforcement, vkeys: readonly string[]): Promise<readonly string[]> {
    const head = parseCheckpoint(log.checkpoint())
    return Promise.all(vkeys.map(async (vkey) => verifyCheckpoint(crypto, head, log.origin, parseVkey(vkey))))
  }

  test('signs with both, says which, and goes on with the new one alone', async () => {
    const state = temporaryDirectory()
    const next = makeKey(state)
    const before = await open(state)
    const old = before.log.vkey
    await before.close()

    const said: string[] = []
    const both = await open(state, { alsoLogKey: next, onWarning: (sentence) => said.push(sentence) })
    const [, vkey = ''] =
      /^two keys sign the log: log\.key and (\S+); when all receivers have the new one/.exec(said.join('\n')) ?? []
    expect(both.log.vkey).toBe(old)
    expect(await signedBy(both, [old, vkey])).toEqual(['ok', 'ok'])
    const taken = { agent: parseVkey(vkey).key, mission: [{ action: '*', target: '*' }] }
    await expect(both.issuePassport(taken)).rejects.toThrow('a key has one role')
    await both.close()

    copyFileSync(join(state, 'log.key'), join(state, 'old.key'))
    renameSync(next, join(state, 'log.key'))
    const after = await open(state)
    expect(after.log.vkey).toBe(vkey)
    expect(await signedBy(after, [old, vkey])).toEqual(['unsigned', 'ok'])
    await after.close()
    // Too early for whoever still has the old one: back to both, the other way round.
    const back = await open(state, { alsoLogKey: join(state, 'old.key') })
    expect(await signedBy(back, [old, vkey])).toEqual(['ok', 'ok'])
  })

  test('does not start with a new key alone that signed nothing, nor with a key that is no other', async () => {
    const state = temporaryDirectory()
    await (await open(state)).close()
    const missing = join(state, 'next.key')
    await expect(open(state, { alsoLogKey: missing })).rejects.toThrow(
      `--also-log-key ${missing}: it is missing; make one with umask 077; openssl genpkey -algorithm ed25519 -out ${missing}`,
    )
    expect(existsSync(missing)).toBe(false)
    for (const role of ['log', 'harness'])
      await expect(open(state, { alsoLogKey: join(state, `${role}.key`) })).rejects.toThrow(`${role}.key holds the same key`)
    const next = makeKey(state)
    chmodSync(next, 0o644)
    await expect(open(state, { alsoLogKey: next })).rejects.toThrow(/others can read it/)
    chmodSync(next, 0o600)
    renameSync(next, join(state, 'log.key'))
    await expect(open(state)).rejects.toThrow(/a log keeps its key/)
  })
})
