/** What the command `aiegis-ledger` does: finds the command, and makes of every end one sentence and an exit code (spec chapter 17.12). @module */
import { checkCommand } from './check-command.ts'
import type { Command } from './commands.ts'
import { erase, hold } from './custody-commands.ts'
import { exportCommand } from './export.ts'
import { failureOf, placeSentence, type ExitCode, type Failure } from './failures.ts'
import { CODES } from './help.ts'
import { readCall, type Call } from './options.ts'
import { createOutput, jsonLine, shown, type CommandPorts } from './output.ts'
import { prove } from './prove.ts'
import { show } from './show.ts'
import { tail } from './tail.ts'
import { audit, verify } from './verify.ts'
import { why } from './why.ts'

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['verify', verify],
  ['audit', audit],
  ['prove', prove],
  ['check', checkCommand],
  ['show', show],
  ['why', why],
  ['export', exportCommand],
  ['erase', erase],
  ['hold', hold],
  ['tail', tail],
])

const USAGE = `usage: aiegis-ledger COMMAND … [--json]

${[...COMMANDS.values()].map(({ line, summary }) => `  ${line.padEnd(26)} ${summary}`).join('\n')}

aiegis-ledger COMMAND --help says more. Only erase and hold write to a log.
${CODES}`

/** Runs the command and resolves to its exit code. Rejects only for defects. */
export async function runCommand(args: readonly string[], ports: CommandPorts): Promise<ExitCode> {
  const call = readCall(args)
  const [name, ...words] = call?.words ?? []
  const command = COMMANDS.get(name ?? '')
  if (call?.values.help === true && (name === undefined || command !== undefined)) {
    for (const line of (command?.help ?? USAGE).split('\n')) ports.print(line)
    return 0
  }
  const wrong = call === undefined ? 'an option that no command has, or one without its value' : wrongIn(call, command, words)
  if (call === undefined || command === undefined || wrong !== undefined)
    return complainOfCall(ports, args.includes('--json'), command, wrong)
  try {
    return await command.run({ ...call, words }, createOutput(ports, isJson(call)))
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    complainOf(failure, ports, isJson(call))
    return failure.code
  }
}

/** What is wrong with a call, as far as its form says; nothing where it is to be answered with the list of commands. */
function wrongIn(call: Call, command: Command | undefined, words: readonly string[]): string | undefined {
  if (command === undefined) return undefined
  const [least, most] = command.words
  if (words.length < least) return 'something is missing'
  if (words.length > most) return `"${words[most] ?? ''}" is too much`
  const stranger = Object.keys(call.values).find((name) => !['json', 'help', ...command.options].includes(name))
  return stranger === undefined ? undefined : `--${stranger} is not an option of this command`
}

function complainOfCall(
  { print, complain }: CommandPorts,
  json: boolean,
  command: Command | undefined,
  wrong: string | undefined,
): 2 {
  const message = wrong ?? 'no such command'
  if (json) print(jsonLine({ type: 'error', kind: 'usage', message, ...NOWHERE }))
  else {
    if (wrong !== undefined) complain(shown(`wrong call: ${wrong}`))
    for (const line of (command === undefined
      ? USAGE
      : `usage: aiegis-ledger ${command.line}\naiegis-ledger ${nameOf(command)} --help says more.`
    ).split('\n'))
      complain(line)
  }
  return 2
}

const nameOf = ({ line }: Command): string => line.split(' ', 1)[0] ?? line

const isJson = ({ values }: Call): boolean => values.json === true

const NOWHERE = { first_bad: null, good: null, last_bad: null } as const

function complainOf({ kind, message, place }: Failure, { print, complain }: CommandPorts, json: boolean): void {
  if (json) {
    const { index = null, good = null, last = null } = place
    print(jsonLine({ type: 'error', kind, message, first_bad: index, good, last_bad: last }))
    return
  }
  complain(shown(kind === 'usage' ? `wrong call: ${message}` : message))
  const where = placeSentence(place)
  if (where !== undefined) complain(shown(where))
}
