/** The program: reads the words, calls the command, turns every failure into one sentence and an exit code. @module */
import { CaseError } from '../build/index.ts'
import { BehaviourError } from '../host/behaviour.ts'
import { printable } from '../report/terminal.ts'
import { SetupError } from '../run/setup.ts'
import { parseArguments, USAGE, UsageError, type Arguments, type Command } from './arguments.ts'
import { EXIT, init, list, type Surroundings } from './commands.ts'
import { explain } from './explain.ts'
import { runCommand } from './run-command.ts'
import { serve } from './serve.ts'

/** Resolves to the exit code; never rejects. */
export async function program(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const say = (sentence: string, code: number): number => {
    surroundings.terminal.write(`${printable(sentence.replaceAll(/\s+/g, ' ').trim())}\n`)
    return code
  }
  try {
    const asked = parseArguments(words)
    if (asked.command !== 'help') return await COMMANDS[asked.command](asked, surroundings)
    surroundings.out(USAGE)
    return EXIT.ok
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    if (error instanceof UsageError || error instanceof SetupError)
      return say(`${sentence}. --help shows what there is`, EXIT.usage)
    if (error instanceof CaseError || error instanceof BehaviourError)
      return say(`A case of the suite is wrong: ${sentence}`, EXIT.fault)
    return say(`The suite failed, not the receiver: ${sentence}`, EXIT.fault)
  }
}

const COMMANDS: Readonly<Record<Command, (asked: Arguments, surroundings: Surroundings) => Promise<number>>> = {
  init,
  run: runCommand,
  list,
  explain,
  serve,
}
