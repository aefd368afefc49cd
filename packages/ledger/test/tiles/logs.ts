/** Logs in directories of tiles, for tests. @module */
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Log } from '../../src/log.ts'
import { openTilesLog, type TilesLogOptions } from '../../src/tiles/open.ts'
import { ORIGIN, signer, temporaryDirectory } from '../logs.ts'

/** Options of a log in `directory`. */
export function tilesIn(directory: string): TilesLogOptions {
  return { directory, origin: ORIGIN, signer }
}

/** An open log, by default in a directory of its own, that is closed when the test is over. */
export async function openTiles(directory: string = temporaryDirectory(), change: Partial<TilesLogOptions> = {}): Promise<Log> {
  const log = await openTilesLog({ ...tilesIn(directory), ...change })
  onTestFinished(() => log.close().catch(() => undefined))
  return log
}

/** A web server that knows nothing of logs: it gives the file of a path. Its address, until the test is over. */
export async function serveFiles(directory: string): Promise<string> {
  const server = createServer((request, response) => {
    readFile(join(directory, decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('no port')
  return `http://127.0.0.1:${address.port}`
}

/** What a web server gives at a path; throws where it gives nothing. */
export function fetcher(url: string): (path: string) => Promise<Uint8Array> {
  return async (path) => {
    const response = await fetch(url + path)
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  }
}
