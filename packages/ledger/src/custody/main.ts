/** The command `aiegis-janitor`: arguments in, sentences and an exit code out. @module */
import { runJanitor } from './command.ts'

const OWN_FAULT_EXIT = 4

try {
  process.exitCode = await runJanitor(process.argv.slice(2), { print: console.log, complain: console.error })
} catch (error) {
  console.error(error)
  process.exitCode = OWN_FAULT_EXIT
}
