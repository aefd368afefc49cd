/** `npm run bench -- <name> [--json]`: runs one benchmark. @module */
import { benchChains } from './chains.ts'
import { benchHttp } from './http.ts'
import { benchLedger } from './ledger.ts'
import { benchRevocation } from './revocation.ts'
import { benchVerify } from './verify.ts'

const BENCHES: Readonly<Record<string, (json: boolean) => Promise<void>>> = {
  verify: benchVerify,
  chains: benchChains,
  http: benchHttp,
  revocation: benchRevocation,
  ledger: benchLedger,
}

const [name = '', ...flags] = process.argv.slice(2)
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
if (bench === undefined || flags.some((flag) => flag !== '--json')) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')} [--json]`)
  process.exitCode = 2
} else {
  await bench(flags.includes('--json'))
}
