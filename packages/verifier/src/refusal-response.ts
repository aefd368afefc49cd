/** Turns a refusal into the response that the client sees: stable code, no detail (spec chapter 13; RFC 9457, RFC 9110 §11.6.1). @module */
import { AHP_VERSION, REASONS, utf8, type Refusal } from '@aiegis/protocol'

/** A complete HTTP response. */
export interface RefusalResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the response says about the receiver itself. */
export interface RefusingParty {
  readonly audience: string
  /** DIDs of the accepted harnesses. */
  readonly harnesses: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
  /** A number from 0 to 1, for the jitter of `Retry-After`. */
  readonly random?: () => number
}

/** Renders the public row of the refusal's code. Never contains the refusal's detail, its cause, or anything that the client sent. */
export function renderRefusal(refusal: Refusal, party: RefusingParty): RefusalResponse {
  const exact = REASONS[refusal.code]
  // Rows that share a public code share its status and title, but for `misconfigured`, whose titles tell the owner what to mend.
  const { status, retry, executed, title } = exact
  const body = JSON.stringify({
    type: `urn:${AHP_VERSION.replace('/', ':')}:${exact.public}`,
    title,
    status,
    code: exact.public,
    retry,
    executed,
    now: Math.floor(party.now / 1000),
  })
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(utf8(body).length),
    'Cache-Control': 'no-store',
  }
  if (status === 401) headers['WWW-Authenticate'] = challenge(exact.public, party)
  if (status === 503) headers['Retry-After'] = String(retryAfter(refusal, party.random ?? Math.random))
  // The rest of the content may still be on its way: the connection cannot carry another request.
  if (status === 413 || status === 408) headers['Connection'] = 'close'
  return { status, headers, body }
}

/** RFC 6750 §3.1: when nothing was sent, the challenge names no error. */
function challenge(code: string, party: RefusingParty): string {
  const error = code === 'token_missing' ? '' : `error="${code}", `
  return `AEGIS ${error}aud="${party.audience}", harness="${fitting(party.harnesses)}", ahp="${AHP_VERSION}"`
}

/** As many names as clients can be expected to read in one field. */
function fitting(harnesses: readonly string[]): string {
  let text = ''
  for (const did of harnesses) {
    if (text.length + did.length >= MAX_CHALLENGE) break
    text += text === '' ? did : ` ${did}`
  }
  return text
}

const MAX_CHALLENGE = 2048

/** The least wait plus up to half of it again, so that refused clients do not come back together. */
function retryAfter(refusal: Refusal, random: () => number): number {
  const least = refusal.retryAfter ?? 2
  return least + Math.floor(random() * (1 + least / 2))
}
