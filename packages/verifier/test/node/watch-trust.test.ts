/** The trust file while requests are served: taken when its bytes changed, kept out when it is wrong, told once (spec chapter 14.4). @module */
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createNodeVerifier } from '../../src/node/verifier.ts'
import { watchTrust, type TrustWatch } from '../../src/node/watch-trust.ts'
import { createVerifier, type Verifier } from '../../src/verifier.ts'
import { bundle, LOG, vkey } from '../trust-bundle.ts'

let folder = ''
let path = ''
let verifier: Verifier
let told: string[] = []

const write = (value: unknown): void =>
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o644 })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiegis-watch-'))
  path = join(folder, 'aiegis-trust.json')
  write(bundle())
  told = []
  verifier = createVerifier({
    trust: bundle(),
    get: () => Promise.reject(new Error('nothing is read here')),
    inflate: (bytes) => bytes,
    log: () => {},
    onReload: ({ outcome, why }) => told.push(outcome === 'kept' ? `kept: ${why}` : outcome),
  })
})

afterEach(() => {
  verifier.close()
  rmSync(folder, { recursive: true })
})

/** A watch that has taken the file as it is now. */
async function watching(options: { seconds?: number } = {}): Promise<TrustWatch> {
  const watch = watchTrust(verifier, { path, ...options })
  await watch.look()
  told = []
  return watch
}

describe('a trust file that is watched', () => {
  test('AHP-BUNDLE-15 is taken at once when the verifier was made from something else', async () => {
    write({ ...bundle(), acceptWarn: true })
    const watch = watchTrust(verifier, { path })
    await watch.look()
    expect([told, verifier.trust.acceptWarn]).toEqual([['replaced'], true])
    watch.stop()
  })

  test('is not taken again by a verifier that was made from it', async () => {
    vi.stubEnv('AIEGIS_TRUST', path)
    const own = createNodeVerifier({ log: () => {}, onReload: ({ outcome }) => told.push(outcome) })
    try {
      const watch = watchTrust(own)
      await watch.look()
      expect(told).toEqual([])
      watch.stop()
      // What changed between the start and the watch is not missed.
      write({ ...bundle(), acceptWarn: true })
      const later = watchTrust(own)
      await later.look()
      expect([told, own.trust.acceptWarn]).toEqual([['replaced'], true])
      later.stop()
    } finally {
      vi.unstubAllEnvs()
      own.close()
    }
  })

  test('AHP-BUNDLE-15 is taken at once when the verifier was made from it and has another bundle since', async () => {
    vi.stubEnv('AIEGIS_TRUST', path)
    const own = createNodeVerifier({ log: () => {} })
    try {
      await own.reload({ ...bundle(), acceptWarn: true })
      const watch = watchTrust(own)
      await watch.look()
      expect(own.trust.acceptWarn).toBe(false)
      watch.stop()
    } finally {
      vi.unstubAllEnvs()
      own.close()
    }
  })

  test('AHP-BUNDLE-15 is taken when its bytes have changed, and is not taken when it is wrong, which is told once', async () => {
    const watch = await watching()
    await watch.look()
    expect(told).toEqual([])
    write({ ...bundle(), acceptWarn: true })
    await watch.look()
    await watch.look()
    expect([told, verifier.trust.acceptWarn]).toEqual([['replaced'], true])
    for (const wrong of ['{', { ...bundle(), issuers: [] }, undefined]) {
      if (wrong === undefined) rmSync(path)
      else write(wrong)
      await watch.look()
      await watch.look()
    }
    expect(told.slice(1)).toEqual([
      expect.stringContaining('is not strict JSON'),
      expect.stringContaining('issuers'),
      expect.stringContaining('create it'),
    ])
    expect(verifier.trust.acceptWarn).toBe(true)
    write(bundle())
    await watch.look()
    expect([told.at(-1), verifier.trust.acceptWarn]).toEqual(['replaced', false])
    watch.stop()
  })

  test('AHP-BUNDLE-15 is tried again when something else than the file was wrong', async () => {
    const state = mkdtempSync(join(tmpdir(), 'aiegis-state-'))
    vi.stubEnv('AIEGIS_TRUST', path)
    const ledgers = [{ origin: LOG, vkey: vkey(LOG), assurance: 'proof', url: 'https://log.example/' }]
    write({ ...bundle(), ledgers })
    const own = createNodeVerifier({ log: () => {}, stateDirectory: state, onReload: ({ outcome }) => told.push(outcome) })
    try {
      const watch = watchTrust(own)
      await watch.look()
      const head = `ledger-head-${createHash('sha256').update(LOG).digest('hex').slice(0, 32)}.7.txt`
      writeFileSync(join(state, head), 'not a head')
      write({ ...bundle(), ledgers, acceptWarn: true })
      await watch.look()
      expect([told, own.trust.acceptWarn]).toEqual([['kept'], false])
      rmSync(join(state, head))
      await watch.look()
      await watch.look()
      expect([told, own.trust.acceptWarn]).toEqual([['kept', 'replaced'], true])
      watch.stop()
    } finally {
      vi.unstubAllEnvs()
      own.close()
      rmSync(state, { recursive: true })
    }
  })

  test('is told again when it is wrong in the same way with other bytes', async () => {
    const watch = await watching()
    for (const wrong of ['{"a":', '{"b":', '{"b":']) {
      write(wrong)
      await watch.look()
    }
    expect(told).toHaveLength(2)
    watch.stop()
  })

  test('is not looked at any more once the watch was stopped', async () => {
    write({ ...bundle(), acceptWarn: true })
    const watch = watchTrust(verifier, { path })
    watch.stop()
    await watch.look()
    expect([told, verifier.trust.acceptWarn]).toEqual([[], false])
  })

  test('AHP-BUNDLE-13 that others could write is not taken', async () => {
    const watch = await watching()
    rmSync(path)
    writeFileSync(path, JSON.stringify({ ...bundle(), acceptWarn: true }))
    chmodSync(path, 0o666)
    await watch.look()
    expect([told, verifier.trust.acceptWarn]).toEqual([[expect.stringMatching(/^kept: .*writ/)], false])
    watch.stop()
  })

  test('is looked at again and again until the watch stops', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const watch = await watching({ seconds: 7 })
      write({ ...bundle(), acceptWarn: true })
      await vi.advanceTimersByTimeAsync(6999)
      expect(told).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(told).toEqual(['replaced'])
      write(bundle())
      await vi.advanceTimersByTimeAsync(7000)
      expect(told).toEqual(['replaced', 'replaced'])
      watch.stop()
      write({ ...bundle(), acceptWarn: true })
      await vi.advanceTimersByTimeAsync(70_000)
      expect(told).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })

  test('has to be there, and a time that cannot be meant is refused', () => {
    for (const seconds of [0, 86_401, 1e7, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => watchTrust(verifier, { path, seconds })).toThrow('seconds is a number from 1 to 86400')
    rmSync(path)
    expect(() => watchTrust(verifier, { path })).toThrow(TypeError)
  })
})
