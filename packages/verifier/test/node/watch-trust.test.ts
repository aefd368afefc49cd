/** The trust file while requests are served: taken when its bytes changed, kept out when it is wrong, told once (spec chapter 14.4). @module */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { watchTrust } from '../../src/node/watch-trust.ts'
import { createVerifier, type Verifier } from '../../src/verifier.ts'
import { bundle } from '../trust-bundle.ts'

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

describe('a trust file that is watched', () => {
  test('AHP-BUNDLE-15 is taken when its bytes have changed, and is not taken when it is wrong, which is told once', async () => {
    const watch = watchTrust(verifier, { path })
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

  test('AHP-BUNDLE-13 that others could write is not taken', async () => {
    const watch = watchTrust(verifier, { path })
    rmSync(path)
    writeFileSync(path, JSON.stringify({ ...bundle(), acceptWarn: true }))
    const { chmodSync } = await import('node:fs')
    chmodSync(path, 0o666)
    await watch.look()
    expect([told, verifier.trust.acceptWarn]).toEqual([[expect.stringMatching(/^kept: .*writ/)], false])
    watch.stop()
  })

  test('is looked at again and again until the watch stops', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const watch = watchTrust(verifier, { path, seconds: 7 })
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
    expect(() => watchTrust(verifier, { path, seconds: 0 })).toThrow('seconds is a number from 1')
    rmSync(path)
    expect(() => watchTrust(verifier, { path })).toThrow(TypeError)
  })
})
