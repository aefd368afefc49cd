/** The command `aiegis-ledger`: arguments in, sentences and an exit code out. @module */
import { runCommand } from './command.ts'

const OWN_FAULT_EXIT = 4

try {
  process.exitCode = await runCommand(process.argv.slice(2), { print: console.log, complain: console.error })
} catch (error) {
  console.error(error)
  process.exitCode = OWN_FAULT_EXIT
}
