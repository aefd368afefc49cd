/** Every step of the road bites: a twin that gives the same value without refusing lets an attack through to the handler. @module */
import { createMockHarness, sendRaw } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { STEPS } from '../packages/verifier/src/road.ts'
import { startReceiver } from './receiver.ts'
import { TWINS } from './twins.ts'

describe.each(Object.entries(TWINS))('step %s', (name, { twin, attack }) => {
  test.each([
    ['stops', attack, STEPS, 0],
    ['without its refusals serves', attack, { ...STEPS, [name]: twin }, 1],
  ])('%s %s', async (_verb, code, steps, effects) => {
    const harness = createMockHarness({ logSize: 20 })
    // What the receiver must look like is known only with a request, and a request needs the harness to be past its start.
    const { trust: changes, route } = createMockHarness().breakIt(code)
    const receiver = await startReceiver(harness, {
      steps,
      route,
      ...(changes === undefined ? {} : { trust: harness.trust(changes) }),
    })
    const broken = harness.breakIt(code)
    if (broken.refresh) await receiver.verifier.warm()
    const earlier = (broken.times ?? 1) - 1
    for (let sent = 0; sent <= earlier; sent++) await sendRaw(receiver.port, broken.request)
    expect(receiver.contexts).toHaveLength(effects + earlier)
    await receiver.close()
  })
})

test('the table names every step', () => {
  expect(Object.keys(TWINS)).toEqual(Object.keys(STEPS))
})
