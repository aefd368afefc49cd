/** Handlers for msw, 2 and 3: what the mock harness publishes, as if it stood on the network (spec chapters 2.7, 5.5, 9 and 15). @module */
import { didWebUrl } from '@aiegis/protocol'
import type { HttpGet } from '@aiegis/verifier'
import type { MockHarness } from './harness.ts'
import { NAMES } from './keys.ts'
import { answerProtect, type Decide } from './mock-protect.ts'

/** `http` of msw, as far as it is needed here: nothing of msw is imported, so that the test chooses the version. */
export interface MswHttp<Handler> {
  get(path: string, resolver: (info: { readonly request: Request }) => Promise<Response>): Handler
  post(path: string, resolver: (info: { readonly request: Request }) => Promise<Response>): Handler
}

/** What a test may choose. */
export interface MswOptions {
  /** Decides each question; everything is allowed by default. */
  readonly decide?: Decide
}

/** URL of the enforcement server, for `harnessFetch({ protect })`. */
export const PROTECT_URL = 'https://harness.example/api/protect'

/**
 * Handlers for `setupServer(...mswHandlers(http, harness))`: the status list, the DID documents of harness and issuer, checkpoint and tiles of
 * the log, and `POST /api/protect`. A host that the test has set `down` is a network error. Reaches what the process asks with `fetch` or
 * `node:http`; receivers on Node read with a client of their own, so they are given `get`, or the options of `harness.receiver()`.
 */
export function mswHandlers<Handler>(
  http: MswHttp<Handler>,
  harness: MockHarness,
  { decide = () => ({ decision: 'ALLOW' }) }: MswOptions = {},
): Handler[] {
  const { status, published, documents } = harness
  return [
    http.get(NAMES.statusList, ({ request }) => answerOf(status.get, request)),
    http.get(`${NAMES.logUrl}/*`, ({ request }) => answerOf(published.get, request)),
    ...[NAMES.harness, NAMES.issuer].map((did) =>
      http.get(didWebUrl(did), () =>
        orNetworkError(async () => {
          const { didDocument } = await documents.resolver.resolve(did)
          return new Response(JSON.stringify(didDocument), { headers: { 'Content-Type': 'application/did+json' } })
        }),
      ),
    ),
    http.post(PROTECT_URL, ({ request }) => answerProtect(harness, request, decide)),
  ]
}

/** More than any of them has. */
const LIMITS = { maxBytes: 1_048_576, timeoutMs: 3000, accept: '*/*' }

function answerOf(get: HttpGet, { url }: Request): Promise<Response> {
  return orNetworkError(async () => {
    const { status, contentType, body } = await get(url, LIMITS)
    return new Response(new Uint8Array(body), { status, headers: contentType === '' ? {} : { 'Content-Type': contentType } })
  })
}

/** A host that is down throws; to whoever asks with `fetch` that is an address that nobody answers at. */
async function orNetworkError(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch {
    return Response.error()
  }
}
