/** The process of `aiegis-verifier`: arguments in, sentences and an exit code out. @module */
import { runCommand } from './command.ts'
import { shown } from './output.ts'
import type { ExitCode } from './usage.ts'

// Whoever reads may have had enough, such as `head`.
process.stdout.on('error', () => process.exit(0))
let code: ExitCode
try {
  code = await runCommand(process.argv.slice(2), {
    print: console.log,
    complain: console.error,
    // `npm run` goes to the directory of the package; the files are named from where it was called.
    directory: process.env['INIT_CWD'] ?? process.cwd(),
    trustFile: process.env['AIEGIS_TRUST'],
    now: Date.now,
  })
} catch (error) {
  console.error(shown(`this is a fault of the program: ${error instanceof Error ? error.message : String(error)}`))
  code = 4
}
// A store that was given to the doctor may hold a connection open; what was printed goes out first.
process.stdout.write('', () => process.exit(code))
