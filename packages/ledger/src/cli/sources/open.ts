/** Chooses where a command reads a log from its options (spec chapter 17.12). @module */
import { stat } from 'node:fs/promises'
import type { CryptoPort } from '@aiegis/protocol'
import { WrongCall } from '../failures.ts'
import type { Values } from '../options.ts'
import { openHttpSource } from './http.ts'
import { isPostgres, openPostgresSource } from './postgres.ts'
import type { LogSource } from './source.ts'
import { openSqliteSource } from './sqlite.ts'
import { openTilesSource } from './tiles.ts'

/** Where the server of this project keeps its log. */
export const DEFAULT_DB = '.aiegis/ledger.db'

/** Opens the log of `--db` or `--url`. Rejects with `WrongCall`, `Unreachable` and `BrokenLog`. */
export async function openSource(crypto: CryptoPort, { db, url }: Pick<Values, 'db' | 'url'>): Promise<LogSource> {
  if (url !== undefined && db !== undefined) throw new WrongCall('name either --db or --url')
  if (url !== undefined) return openHttpSource(url)
  const place = db ?? DEFAULT_DB
  if (isPostgres(place)) return openPostgresSource(crypto, place)
  return (await isDirectory(place, db === undefined)) ? openTilesSource(crypto, place) : openSqliteSource(crypto, place)
}

/** Runs `work` on the log, and closes it whatever comes. */
export async function withSource<T>(
  crypto: CryptoPort,
  place: Pick<Values, 'db' | 'url'>,
  work: (source: LogSource) => Promise<T>,
): Promise<T> {
  const source = await openSource(crypto, place)
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}

async function isDirectory(place: string, isDefault: boolean): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory()
  } catch (cause) {
    const hint = isDefault ? '; name a file, a directory or postgres://… with --db, or the URL of a log with --url' : ''
    throw new WrongCall(`${place} cannot be read: there is no such file${hint}`, { cause })
  }
}
