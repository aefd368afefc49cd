/** Where the mock log is published, and what goes wrong there when a test wants that (spec chapters 5.5 and 17.3). @module */
import { parseTilePath, utf8 } from '@aiegis/protocol'
import type { HttpGet } from '@aiegis/verifier'
import type { MemoryLog } from './memory-log.ts'

/** What the host shows: the head of a log and its tiles. */
export type ShownLog = Pick<MemoryLog, 'checkpoint' | 'tile'>

/** Serves one log below `NAMES.logUrl`. */
export interface LogHost {
  readonly get: HttpGet
  /** Shows another log, or another view of the same. */
  show(log: ShownLog): void
  /** `down`: every request fails until it is `up` again. */
  set(state: 'up' | 'down'): void
  /** Paths in the order in which they were read. */
  readonly reads: readonly string[]
}

/** A host for `log` below `url`. Has no entries: the audit of a receiver reads hashes only. */
export function createLogHost(url: string, log: ShownLog): LogHost {
  let state: 'up' | 'down' = 'up'
  let shown = log
  const reads: string[] = []
  return {
    reads,
    get: async (address) => {
      if (state === 'down') throw new Error('the log host is down')
      const path = address.slice(url.length)
      reads.push(path)
      const body = contentAt(shown, path)
      return { status: body === undefined ? 404 : 200, contentType: '', body: body ?? new Uint8Array(0) }
    },
    show(next) {
      shown = next
    },
    set(next) {
      state = next
    },
  }
}

function contentAt(log: ShownLog, path: string): Uint8Array | undefined {
  if (path === '/checkpoint') return utf8(log.checkpoint())
  const name = parseTilePath(path)
  if (name === undefined || name.level === 'entries') return undefined
  try {
    return log.tile(name.level, name.n, name.width)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
