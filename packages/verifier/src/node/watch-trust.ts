/** Reads the trust file again while requests are served, and takes it when it has changed (spec chapter 14.4). @module */
import { later, type Timer } from '../timer.ts'
import type { Verifier } from '../verifier.ts'
import { BundleRefused } from '../reload.ts'
import { loadTrust, parseTrust, readTrust, type TrustBytes } from './load-trust.ts'
import { bundleFrom, processVerifier } from './verifier.ts'

/** What is watched. */
export interface WatchTrustOptions {
  /** Absolute path; by default where the file of this process is. */
  readonly path?: string
  /** Seconds between two looks, 1 to 86,400; 10 unless said otherwise. */
  readonly seconds?: number
}

/** A file that is watched. */
export interface TrustWatch {
  /** Looks now, as on a signal. Resolves when the file was taken, was not taken, or has not changed; never rejects. */
  look(): Promise<void>
  /** Looks no more. */
  stop(): void
}

/**
 * Looks at the file now and again and again, under the same rules as at the start, and gives it to `verifier.reload` when its bytes are not
 * those that were taken last; for the first time also when the verifier has its bundle from something else than this file.
 * A file that is wrong, unreadable or gone changes nothing and is told once, by `onReload` and the log of the verifier; one that is right
 * and could not be taken, as when a memory of status lists fails, is tried again, and told, each time. Keeps no process alive. Throws `TypeError` when there is no file now.
 */
export function watchTrust(verifier: Verifier = processVerifier(), { path, seconds = 10 }: WatchTrustOptions = {}): TrustWatch {
  // NaN, too. Timers of more than 24 days end at once.
  if (!(seconds >= 1 && seconds <= 86_400))
    throw new TypeError('watchTrust: seconds is a number from 1 to 86400; write for example 10')
  loadTrust(path)
  let last = bundleFrom(verifier)
  let timer: Timer | undefined
  let isStopped = false
  let turn: Promise<void> = Promise.resolve()

  const lookOnce = async (): Promise<void> => {
    if (isStopped) return
    const found = read(path)
    const mark = found instanceof Error ? found.message : found.sha256
    if (mark === last) return
    last = mark
    // What is wrong is told by the verifier, to whom it matters. What failed otherwise may go well the next time.
    await verifier
      .reload(() => bundleOf(found))
      .catch((error: unknown) => {
        if (!(error instanceof BundleRefused)) last = undefined
      })
  }

  // One after the other: whoever asks for a look has its outcome when it resolves.
  const look = (): Promise<void> => (turn = turn.then(lookOnce))

  const plan = (): void => {
    if (!isStopped) timer = later(() => void look().finally(plan), seconds * 1000)
  }

  void look().finally(plan)
  return {
    look,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

function read(path: string | undefined): TrustBytes | Error {
  try {
    return readTrust(path)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function bundleOf(found: TrustBytes | Error): unknown {
  if (found instanceof Error) throw found
  return parseTrust(found)
}
