#!/usr/bin/env node
/** The suite on the command line: reads the words, calls the command, turns every failure into one sentence and an exit code. @module */
import { CaseError } from '../build/index.ts'
import { SetupError } from '../run/setup.ts'
import { parseArguments, USAGE, UsageError, type Arguments, type Command } from './arguments.ts'
import { explain } from './explain.ts'
import { serve } from './serve.ts'
import { EXIT, init, list, type Surroundings } from './commands.ts'
import { runCommand } from './run-command.ts'

const stopping = new AbortController()
const undoings: (() => Promise<void>)[] = []
const surroundings: Surroundings = {
  out: (text) => void process.stdout.write(text),
  terminal: {
    write: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    columns: process.stderr.columns ?? 80,
  },
  environment: process.env,
  stopping: stopping.signal,
  onStop: (undo) => void undoings.push(undo),
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort()
    void Promise.allSettled(undoings.map((undo) => undo())).then(() => process.exit(130))
  })
}

async function main(words: readonly string[]): Promise<number> {
  try {
    const asked = parseArguments(words)
    if (asked.command !== 'help') return await DISPATCH[asked.command](asked, surroundings)
    process.stdout.write(USAGE)
    return EXIT.ok
  } catch (error) {
    if (error instanceof UsageError || error instanceof SetupError)
      return say(`${error.message}. --help shows what there is`, EXIT.usage)
    if (error instanceof CaseError) return say(`A case of the suite is wrong: ${error.message}`, EXIT.fault)
    return say(`The suite failed, not the receiver: ${error instanceof Error ? error.message : String(error)}`, EXIT.fault)
  }
}

const DISPATCH: Readonly<Record<Command, (asked: Arguments, surroundings: Surroundings) => Promise<number>>> = {
  init,
  run: runCommand,
  list,
  explain,
  serve,
}

function say(sentence: string, code: number): number {
  process.stderr.write(`${sentence.replaceAll(/\s+/g, ' ').trim()}\n`)
  return code
}

process.exitCode = await main(process.argv.slice(2))
