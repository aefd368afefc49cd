/** The process of `aiegis-gate`: flags in, a server out. @module */
import { runGate } from './command.ts'

const OWN_FAULT_EXIT = 4

try {
  const running = await runGate(process.argv.slice(2), {
    print: console.log,
    complain: console.error,
    // `npm run` goes to the directory of the package; files are named from where it was called.
    directory: process.env['INIT_CWD'] ?? process.cwd(),
  })
  if (typeof running === 'number') process.exitCode = running
  else
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void running.close().then(() => process.exit(0)))
} catch (error) {
  console.error(error)
  process.exitCode = OWN_FAULT_EXIT
}
