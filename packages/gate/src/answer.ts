/** Decides how a verdict is said to each kind of proxy, so that the client gets the status and the problem document (spec chapter 21). @module */
import { CONTEXT_HEADER, type RefusalResponse } from '@aiegis/verifier'
import { SAYS, type Proxy } from './original.ts'

/** A complete answer to a proxy. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What goes on with a request that is served. */
export interface Passed {
  /** Names of the fields that the application must not see. */
  readonly hidden: ReadonlySet<string>
  /** The value of `X-AEGIS-Context`, where the gate signs one. */
  readonly context: string | undefined
}

/** Where nginx goes on with a request that is served. */
export const ALLOWED_LOCATION = '@aiegis_allowed'

/** The answer to a request that is served: always 200, without content. */
export function allowed(proxy: Proxy, { hidden, context }: Passed): Answer {
  // Envoy removes after it has set: what the gate says stays.
  const removed = [...hidden, ...SAYS[proxy]].filter((name) => context === undefined || name !== CONTEXT_HEADER)
  const headers = {
    'Content-Length': '0',
    // Beside `X-Accel-Redirect` nginx would write it into the answer of the application.
    ...(proxy === 'accel-redirect' ? { 'X-Accel-Redirect': ALLOWED_LOCATION } : { 'Cache-Control': 'no-store' }),
    ...(proxy === 'ext-authz' ? { 'X-Envoy-Auth-Headers-To-Remove': removed.join(',') } : {}),
    ...(context === undefined ? {} : { 'X-AEGIS-Context': context }),
  }
  return { status: 200, headers, body: '' }
}

/**
 * The answer to a request that is refused. To `auth_request` every refusal is 403, since nginx takes any other status but 401 for a
 * failure of the gate; the real answer is in fields, from which nginx makes it again.
 */
export function refused(proxy: Proxy, { status, headers, body }: RefusalResponse): Answer {
  if (proxy !== 'auth-request') return { status, headers, body }
  const { 'WWW-Authenticate': challenge, 'Retry-After': wait } = headers
  return {
    status: 403,
    headers: {
      'Content-Length': '0',
      'Cache-Control': 'no-store',
      'X-Aiegis-Status': String(status),
      'X-Aiegis-Problem': body,
      ...(challenge === undefined ? {} : { 'X-Aiegis-Challenge': challenge }),
      ...(wait === undefined ? {} : { 'X-Aiegis-Retry-After': wait }),
    },
    body: '',
  }
}
