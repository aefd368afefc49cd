#!/usr/bin/env node
/** Starts the suite from the command line. @module */
import { program } from './program.ts'

const stopping = new AbortController()
const undoings: (() => Promise<void>)[] = []

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort()
    void Promise.allSettled(undoings.map((undo) => undo())).then(() => process.exit(130))
  })
}

// Whoever reads only the first lines (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await program(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  terminal: {
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    columns: process.stderr.columns ?? 80,
  },
  environment: process.env,
  stopping: stopping.signal,
  onStop: (undo) => void undoings.push(undo),
})
