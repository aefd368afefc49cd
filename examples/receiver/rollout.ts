import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'

/** Refuses nothing before that second; from then on everything, without a restart. At most 90 days. */
const reportOnly = {
  serveUnverifiedUntil: '2026-12-24T00:00:00Z',
  onWouldRefuse: ({ code, route, requestId }: { code?: string | undefined; route?: string | undefined; requestId: string }) => {
    console.warn(`would refuse ${code} at ${route ?? 'a path without an entry'}, ${requestId}`)
  },
}

export const aiegis = requireAiegisToken({ verifier: createNodeVerifier({ reportOnly }) })
