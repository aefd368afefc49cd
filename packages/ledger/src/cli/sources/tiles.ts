/** Reads a log in a directory, and holds its files against the index beside them (spec chapters 17.9 and 17.12). @module */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { decodeUtf8, parseCheckpoint, parseTilePath, TILE_WIDTH, type CryptoPort } from '@aiegis/protocol'
import { parseBundle } from '../../bundle.ts'
import { createIndexRows, type IndexRows } from '../../tiles/index-rows.ts'
import { INDEX_SCHEMA } from '../../tiles/schema.ts'
import { BrokenLog } from '../../verify-log.ts'
import { bytesOfLog } from '../files.ts'
import { bundleOf, mostAt, withFullTiles, type LogSource } from './source.ts'
import { ownRows, refreshing } from './sqlite.ts'

/** The log in a directory of tiles, or only its public part where there is no index. Rejects with `BrokenLog` where the two do not fit. */
export async function openTilesSource(crypto: CryptoPort, directory: string): Promise<LogSource> {
  const index = join(directory, 'index.db')
  // Where there is an index it is read: whoever puts a copy of `public` beside it would else hide what became of it.
  if (!existsSync(index) && existsSync(join(directory, 'checkpoint'))) return publicSource(directory)
  const files = fileGet(join(directory, 'public'))
  // Before the index, which has everything that is published.
  let checkpoint = await files('/checkpoint')
  const source = await refreshing(index, (database) => {
    const own = ownRows(database, index, INDEX_SCHEMA)
    const rows = createIndexRows(database)
    checkPublished(rows, checkpoint)
    return { get: heldGet(crypto, files, rows), own: { ...own, custody: rows.custody, clear: async (at) => rows.clear(at) } }
  })
  return {
    name: source.name,
    get: async (path) => (path === '/checkpoint' ? checkpoint : source.get(path)),
    get own() {
      return source.own
    },
    async refresh() {
      checkpoint = await files('/checkpoint')
      await source.refresh()
    },
    close: () => source.close(),
  }
}

function publicSource(directory: string): LogSource {
  return {
    name: directory,
    get: fileGet(directory),
    own: undefined,
    refresh: async () => undefined,
    close: async () => undefined,
  }
}

function fileGet(directory: string): LogSource['get'] {
  return withFullTiles((path) => bytesOfLog(join(directory, ...path.split('/')), mostAt(path)))
}

/** Throws `BrokenLog` where the index ends before what is published, or is ahead by more than what waits for its files. */
function checkPublished(rows: IndexRows, checkpoint: Uint8Array): void {
  const size = Number(parseCheckpoint(decodeUtf8(checkpoint)).size)
  const head = rows.head()
  if (size > head.size || size + rows.staged(size).length < head.size)
    throw new BrokenLog(`the published checkpoint is over ${size} entries, and the newest head in the index is over ${head.size}`)
}

/** Entries are held against the hashes in the index, which the log goes on with. */
function heldGet(crypto: CryptoPort, get: LogSource['get'], rows: IndexRows): LogSource['get'] {
  return async (path) => {
    const bytes = await get(path)
    const name = parseTilePath(path)
    if (name?.level !== 'entries') return bytes
    const start = Number(name.n) * TILE_WIDTH
    const leaves = parseBundle(bytes)
    const hashes = rows.leafHashes(start, start + leaves.length)
    return bundleOf(
      crypto,
      start,
      leaves.map((leaf, offset) => {
        const leafHash = hashes[offset]
        return leafHash && { leaf, leafHash }
      }),
    )
  }
}
