/** The part of a PostgreSQL client that is used, and one piece of work on a connection within a time (spec chapter 17.5). @module */
import type { Row } from '../columns.ts'
import { NotAnswering } from '../store.ts'

/** A result of `pg`. Columns of type `float8` are numbers, `text` is text, `bytea` is bytes, `bool` is a boolean. */
export interface PostgresResult {
  readonly rows: readonly Row[]
  readonly command: string
}

/** A client of `pg` that was taken out of its pool. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  /** `error` comes when the connection ends while nothing is asked. */
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
  /** Gives it back, or ends its connection. */
  release(destroy?: boolean): void
}

/** A `Pool` of `pg`, or whatever else connects like it. Its `error` events are for its owner to hear, who also ends it. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

/** Runs one statement. Rejects with `NotAnswering` only. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<PostgresResult>

/** What the database said no with. */
export class PostgresFailure extends NotAnswering {
  override readonly name: string = 'PostgresFailure'
  /** SQLSTATE; `undefined` when the connection failed. */
  readonly state: string | undefined
  constructor(message: string, state: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.state = state
  }
}

/**
 * Runs `work` on a connection for at most so many milliseconds, connecting included. After a failure the connection is ended, so that
 * the server rolls back whatever was begun. What a statement did whose answer did not come is unknown.
 */
export async function withConnection<T>(
  pool: PostgresPool,
  milliseconds: number,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  let held: PostgresClient | undefined
  let isLate = false
  let fail: ((error: PostgresFailure) => void) | undefined
  const failed = new Promise<never>((_, reject) => (fail = reject))
  // Unheard it would end the process. It may still come when the connection was ended here.
  const onError = (): void => fail?.(new PostgresFailure('the connection ended', undefined))
  const timer = setTimeout(() => {
    isLate = true
    fail?.(new PostgresFailure(`the database did not answer within ${milliseconds} ms`, undefined))
  }, milliseconds)

  async function run(): Promise<T> {
    const client = await failing(() => pool.connect())
    // It comes when nobody waits any more.
    if (isLate) {
      client.release()
      throw new PostgresFailure('the connection came too late', undefined)
    }
    held = client
    client.on('error', onError)
    const result = await work((text, values) => failing(() => client.query(text, values && [...values])))
    held = undefined
    client.removeListener('error', onError)
    client.release()
    return result
  }

  const running = run()
  try {
    return await Promise.race([running, failed])
  } catch (error) {
    held?.release(true)
    // Its own failure is that of the connection that was ended.
    running.catch(() => undefined)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function failing<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (cause) {
    const state: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
    const message = cause instanceof Error ? cause.message : 'an unknown failure'
    throw new PostgresFailure(`the database refused or did not answer: ${message}`, isState(state) ? state : undefined, { cause })
  }
}

/** Turns the failure of a database at the start of a log into a sentence for the operator. */
export async function saying<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof NotAnswering) throw new Error(`ledger: ${cause.message}`, { cause })
    throw cause
  }
}

/** Five characters; a system error such as ECONNREFUSED has more. */
function isState(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9A-Z]{5}$/.test(value)
}
