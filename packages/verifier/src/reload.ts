/** Takes another trust bundle while requests are served: whole or not at all, one after the other (spec chapter 14.4). @module */
import { createHook, type Log } from './hooks.ts'
import { parseTrustBundle, type TrustConfig } from './trust.ts'

/** What came of one `reload`. */
export interface ReloadEvent {
  /** `kept`: the new bundle was not taken, and the old one goes on. */
  readonly outcome: 'replaced' | 'kept'
  /** Why it was kept: a sentence that names the member and what to write instead. */
  readonly why: string | undefined
  /** Epoch seconds. */
  readonly now: number
}

/** What a bundle is replaced in. */
export interface ReloadingOptions {
  readonly onReload?: ((event: ReloadEvent) => void) | undefined
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly current: () => TrustConfig
  /**
   * Makes everything that follows from a bundle, and gives what puts it into use at once; that returns false, and does nothing, when what was
   * made is behind by then.
   */
  readonly take: (trust: TrustConfig) => Promise<() => boolean>
}

/** Replaces bundles, the last one asked for last. */
export interface Reloading {
  /** Rejects with what was wrong; then nothing has changed. */
  reload(bundle: unknown): Promise<void>
  /** Nothing is replaced any more. */
  close(): void
}

/** The bundle itself is wrong, or cannot be had: the same bundle is refused each time. Other errors may be gone the next time. */
export class BundleRefused extends TypeError {}

/** Throws `TypeError` for a hook that cannot be called. */
export function createReloading(options: ReloadingOptions): Reloading {
  const { log, now, current, take } = options
  const onReload = createHook('onReload', options.onReload, log)
  let isClosed = false
  let last: Promise<void> = Promise.resolve()

  const replace = async (bundle: unknown): Promise<void> => {
    const next = await understood(bundle, current())
    let isPut = false
    while (!isPut) {
      const put = await take(next)
      if (isClosed) throw new TypeError('reload: the verifier is closed; make another one')
      isPut = put()
    }
  }

  const tell = (outcome: ReloadEvent['outcome'], why?: string): void =>
    onReload(Object.freeze({ outcome, why, now: Math.floor(now() / 1000) }))

  const told = async (bundle: unknown): Promise<void> => {
    try {
      await replace(bundle)
      log(`aiegis trust: replaced; harnesses ${current().harnessDids.join(' ')}, issuers ${current().issuerDids.join(' ')}`)
      tell('replaced')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log('aiegis trust: the new bundle is not taken, the old one goes on', error)
      tell('kept', why)
      throw error
    }
  }

  return {
    reload(bundle) {
      const next = last.then(() => told(bundle))
      last = next.catch(() => {})
      return next
    },
    close() {
      isClosed = true
    },
  }
}

async function understood(bundle: unknown, before: TrustConfig): Promise<TrustConfig> {
  try {
    const given: unknown = typeof bundle === 'function' ? await bundle() : bundle
    const next = parseTrustBundle(given)
    checkUnchanged(before, next)
    return next
  } catch (error) {
    throw new BundleRefused(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** What tokens are for, which of them were used and how time is read belongs to the process: a start changes them, and nothing else. */
const FIXED = ['audience', 'bases', 'replay', 'time', 'didWeb'] as const

function checkUnchanged(before: TrustConfig, next: TrustConfig): void {
  for (const name of FIXED) {
    if (textOf(before[name]) !== textOf(next[name]))
      throw new TypeError(`${name}: it cannot change while requests are served; restart the receiver with it`)
  }
}

function textOf(value: unknown): string {
  return JSON.stringify([value], (_name, member: unknown) => (member instanceof Map ? [...member] : member))
}
