/** A reading that a runtime stopped in the middle, as Workers do with what a request leaves behind (spec chapter 9.3). @module */
import { defaultCrypto } from '@aiegis/protocol'
import { expect, test, vi } from 'vitest'
import { createEvents } from '../src/events.ts'
import { createStatusLists } from '../src/status.ts'
import { answerOf, inflate, ISSUER, issuerOf, listAt, NOW } from './status-lists.ts'

const URL = 'https://identity.example/status/revocation/1'

test('AHP-STATUS-12 holds up no later reading, once it must have ended', async () => {
  // Timers that never ring: that of the reading was stopped with it.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let elapsed = 0
  let asked = 0
  const now = (): number => NOW * 1000
  const lists = createStatusLists({
    issuers: [issuerOf(URL)],
    get: () => (++asked === 1 ? new Promise(() => {}) : Promise.resolve(answerOf(listAt(URL)))),
    inflate,
    crypto: defaultCrypto(),
    now,
    elapsed: () => elapsed,
    log: () => {},
    watch: createEvents({ log: () => {}, now }).watch,
    timeoutMs: 400,
  })
  try {
    void lists.warm()
    elapsed = 1200
    void lists.warm()
    await Promise.resolve()
    expect([asked, lists.check(ISSUER, URL, 0, NOW)]).toEqual([1, 'unavailable'])
    elapsed = 1201
    await lists.warm()
    expect([asked, lists.check(ISSUER, URL, 0, NOW)]).toEqual([2, 'valid'])
  } finally {
    lists.close()
    vi.useRealTimers()
  }
})
