/** Tells receivers that the status list changed, behind the back of whoever revokes (spec chapter 9.6). @module */
import { setTimeout as pause } from 'node:timers/promises'

/** Sends hints. */
export interface Notifier {
  /** Has one hint sent to each URL, after the one that is under way there. Returns at once and never throws. */
  notify(): void
  /** Gives up what was not sent. */
  close(): void
}

/** How to make a notifier. */
export interface NotifierOptions {
  /** Where receivers take hints; `--notify`. */
  readonly urls: readonly string[]
  /** URL of the status list. */
  readonly list: string
  /** Told of a URL that took no hint in three tries. */
  readonly onFault: ((message: string, cause?: unknown) => void) | undefined
  /** Milliseconds for one try; 3,000 when absent. */
  readonly timeoutMs?: number
  /** Milliseconds between two tries; 1,000 when absent. */
  readonly pauseMs?: number
}

const TRIES = 3

/** Creates a notifier. Whatever is asked of it while a URL is slow becomes one hint: nothing grows. */
export function createNotifier(options: NotifierOptions): Notifier {
  const closing = new AbortController()
  const senders = [...new Set(options.urls)].map((url) => createSender(url, options, closing.signal))
  return {
    notify() {
      for (const send of senders) send()
    },
    close: () => closing.abort(),
  }
}

function createSender(url: string, options: NotifierOptions, closing: AbortSignal): () => void {
  let isAsked = false
  let isWorking = false

  const work = async (): Promise<void> => {
    isWorking = true
    while (isAsked && !closing.aborted) {
      isAsked = false
      await deliver(url, options, closing)
    }
    isWorking = false
  }

  return () => {
    isAsked = true
    if (!isWorking) void work()
  }
}

/** Never rejects. */
async function deliver(url: string, options: NotifierOptions, closing: AbortSignal): Promise<void> {
  const { timeoutMs = 3000, pauseMs = 1000, list, onFault } = options
  for (let left = TRIES; !closing.aborted;) {
    try {
      await post(url, list, AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]))
      return
    } catch (error) {
      if (closing.aborted) return
      left -= 1
      if (left === 0) {
        onFault?.(`--notify ${url}: no hint arrived in ${TRIES} tries; its receiver notices at its next reading`, error)
        return
      }
    }
    // The end of the wait by `close` is no fault.
    await pause(pauseMs, undefined, { signal: closing, ref: false }).catch(() => {})
  }
}

/** Redirects are answers like others: only the URLs that the operator wrote down are asked. */
async function post(url: string, list: string, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ list }), redirect: 'manual', signal })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`status ${response.status}`)
}
