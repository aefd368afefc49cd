import cluster from 'node:cluster'
import { expect, test } from 'vitest'
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
