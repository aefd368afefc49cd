/** The command `aiegis-enforcement`: flags in, a server out (spec chapter 15). @module */
import { parseFlags } from './config.ts'
import { PackRefused } from './policy/pack-refused.ts'
import { startServer } from './start.ts'
import { UsageError } from './usage.ts'

const USAGE_EXIT = 2
const OWN_FAULT_EXIT = 4

try {
  const config = parseFlags(process.argv.slice(2))
  const server = await startServer(config, {
    onWarning: (sentence) => console.error(sentence),
    onFault: (message, cause) => console.error(message, cause ?? ''),
  })
  // Before anything is said: who reads that the server runs may end it at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void server.close().then(() => process.exit(0))
    })
  }
  const { did, url, policy } = server.enforcement
  const packs = policy.packs().map(({ pack_id: id }) => id)
  console.log(`${url}/api/protect answers for ${did}; packs ${packs.join(', ')}; state in ${config.state}`)
  if (config.allowUnsignedPacks) console.error('unsigned packs are allowed: anybody who can write a pack decides')
} catch (error) {
  // The ledger and the packs say in one sentence what is wrong; anything else is a defect and shows where.
  const expected =
    error instanceof UsageError ||
    error instanceof PackRefused ||
    (error instanceof Error && error.message.startsWith('ledger: '))
  console.error(expected ? error.message : error)
  process.exit(expected ? USAGE_EXIT : OWN_FAULT_EXIT)
}
