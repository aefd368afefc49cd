import cluster from 'node:cluster'
import { expect, test, vi } from 'vitest'
import { createMemoryReplayStore } from '../src/replay.ts'

test('AHP-TIME-12 workers of a cluster get no store in memory: each would take a token once', () => {
  const before = cluster.isWorker
  Object.defineProperty(cluster, 'isWorker', { value: true, configurable: true, writable: true })
  try {
    expect(() => createMemoryReplayStore({ singleProcess: true, now: Date.now })).toThrow(/shared store/)
  } finally {
    Object.defineProperty(cluster, 'isWorker', { value: before, configurable: true, writable: true })
  }
})

test('AHP-TIME-12 isolates of Workers get none either: they come and go, and share nothing', () => {
  const make = (userAgent: string): void => {
    vi.stubGlobal('navigator', { userAgent })
    createMemoryReplayStore({ singleProcess: true, now: Date.now })
  }
  try {
    expect(() => make('Cloudflare-Workers')).toThrow(/shared store/)
    expect(() => make('Node.js/22')).not.toThrow()
  } finally {
    vi.unstubAllGlobals()
  }
})
