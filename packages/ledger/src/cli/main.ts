/** The command `aiegis-ledger`: arguments in, sentences and an exit code out. @module */
import { runCommand } from './command.ts'
import { shown } from './output.ts'

const OWN_FAULT_EXIT = 4

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
// Whoever reads may have had enough, such as `head`.
process.stdout.on('error', () => process.exit(0))

try {
  process.exitCode = await runCommand(process.argv.slice(2), {
    print: console.log,
    complain: console.error,
    signal: ending.signal,
  })
} catch (error) {
  console.error(
    shown(`this is a fault of the program, not of what it read: ${error instanceof Error ? error.message : String(error)}`),
  )
  process.exitCode = OWN_FAULT_EXIT
}
