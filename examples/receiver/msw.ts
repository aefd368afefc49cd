import { harnessFetch } from '@aiegis/agent'
import { createMockHarness, lineOf } from '@aiegis/testing'
import { mswHandlers, PROTECT_URL } from '@aiegis/testing/msw'
import { http } from 'msw'
import { setupServer } from 'msw/node'

const harness = createMockHarness()
const server = setupServer(
  ...mswHandlers(http, harness, { decide: ({ method }) => ({ decision: method === 'DELETE' ? 'BLOCK' : 'ALLOW' }) }),
)
server.listen({ onUnhandledRequest: 'bypass' })

// An agent as in production, but for its key and passport, which are those of the mock harness, and for the clock.
export const call = harnessFetch({
  protect: PROTECT_URL,
  passport: lineOf(harness.mint(), 'X-AEGIS-Passport') ?? '',
  signer: harness.keys.agent,
  now: harness.clock.now,
})
