/** The command `aiegis-witness`: flags in, a server out. @module */
import { startWitness } from './command.ts'

const OWN_FAULT_EXIT = 4

try {
  const running = await startWitness(process.argv.slice(2), { print: console.log, complain: console.error })
  if (typeof running === 'number') process.exitCode = running
  else
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void running.close().then(() => process.exit(0)))
} catch (error) {
  console.error(error)
  process.exitCode = OWN_FAULT_EXIT
}
