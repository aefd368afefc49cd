/** Compares this machine's clock with the Date of servers: a clock that is off refuses good tokens, or takes old ones (spec chapter 12). @module */
import { Agent, request } from 'undici'
import type { TrustConfig } from '../../trust.ts'
import type { Finding } from './doctor.ts'

const TIMEOUT_MS = 5000

/** One finding for each origin of status lists, logs and `url`. */
export async function checkClocks(trust: TrustConfig, url: URL | undefined, now: () => number): Promise<readonly Finding[]> {
  const lists = trust.statusIssuers.flatMap((issuer) => issuer.lists)
  const logs = trust.ledgers.flatMap(({ url: published }) => (published === undefined ? [] : [published]))
  const origins = [...new Set([...(url === undefined ? [] : [url.href]), ...lists, ...logs].map((each) => new URL(each).origin))]
  if (origins.length === 0)
    return [{ verdict: 'skipped', what: 'clock', sentence: 'no server to compare with; --url URL names one' }]
  return Promise.all(origins.map((origin) => checkClock(origin, trust.time.skewSeconds, now)))
}

async function checkClock(origin: string, skewSeconds: number, now: () => number): Promise<Finding> {
  const what = 'clock'
  try {
    const { before, after, date } = await dateOf(origin, now)
    if (Number.isNaN(date)) return { verdict: 'unreached', what, sentence: `${origin} sends no Date` }
    return judge(origin, before, after, date, skewSeconds)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { verdict: 'unreached', what, sentence: `${origin} did not answer (${why})` }
  }
}

/** `Date` has whole seconds, and was written at some time between question and answer. */
function judge(origin: string, before: number, after: number, date: number, skewSeconds: number): Finding {
  const ahead = Math.max(0, before - (date + 1000)) / 1000
  const behind = Math.max(0, date - after) / 1000
  const what = 'clock'
  if (ahead === 0 && behind === 0) return { verdict: 'ok', what, sentence: `agrees with ${origin}` }
  const off = `${Math.max(ahead, behind).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} ${origin}`
  if (behind > skewSeconds)
    return {
      verdict: 'wrong',
      what,
      sentence: `${off}, more than the skew of ${skewSeconds} s: new tokens are token_not_yet_valid; let NTP set this clock`,
    }
  if (ahead > skewSeconds)
    return {
      verdict: 'wrong',
      what,
      sentence: `${off}: tokens end that much earlier here (token_expired); let NTP set this clock`,
    }
  return { verdict: 'ok', what, sentence: `${off}, within the skew of ${skewSeconds} s` }
}

async function dateOf(
  origin: string,
  now: () => number,
): Promise<{ readonly before: number; readonly after: number; readonly date: number }> {
  const dispatcher = new Agent({ connect: { timeout: TIMEOUT_MS } })
  try {
    const before = now()
    const answer = await request(origin, { method: 'HEAD', dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const after = now()
    answer.body.on('error', () => {})
    return { before, after, date: Date.parse(String(answer.headers['date'])) }
  } finally {
    await dispatcher.destroy()
  }
}
