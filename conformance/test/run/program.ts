/** Calls the program as the command line does, and keeps what it says. @module */
import { mkdtempSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program } from '../../src/cli/program.ts'

export interface Said {
  readonly code: number
  /** Standard output. */
  readonly out: string
  /** What a person sees. */
  readonly shown: string
}

export async function call(...words: readonly string[]): Promise<Said> {
  let out = ''
  let shown = ''
  const undoings: (() => Promise<void>)[] = []
  const code = await program(words, {
    out: (text) => void (out += text),
    terminal: { write: (text) => void (shown += text), isTerminal: false, columns: 80 },
    environment: process.env,
    stopping: new AbortController().signal,
    onStop: (undo) => void undoings.push(undo),
  })
  return { code, out, shown }
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'aiegis-suite-test-'))
}

export interface Listening {
  readonly url: string
  close(): Promise<void>
}

export async function listening(server: Server = createServer(), port = 0): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Runs the suite against a receiver that is listening. */
export async function runAgainst(url: string, ...words: readonly string[]): Promise<Said> {
  const folder = temporary()
  const written = await call('init', '--url', url, '--out', folder)
  if (written.code !== 0) throw new Error(written.shown)
  return call('run', '--in', folder, '--deadline', '1', ...words)
}
