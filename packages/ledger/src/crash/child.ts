/** The process that is killed: appends as fast as it can and reports what was released. @module */
import { crashLeaf, isCrashStore, openCrashLog, type Report } from './load.ts'

const WORKERS = 16

const [store = '', directory = '', seed = '', first = '0'] = process.argv.slice(2)
if (!isCrashStore(store)) throw new TypeError(`no log is kept in ${store}`)
const log = await openCrashLog(store, directory, seed)
let next = Number(first)
process.stdout.write('ready\n')
await Promise.all(Array.from({ length: WORKERS }, appendForEver))

/** Ends only with the process. */
async function appendForEver(): Promise<never> {
  for (;;) {
    const number = next++
    const { leaf, key } = crashLeaf(number)
    const { index, proof } = await log.append(leaf, key, leaf)
    const report: Report = { number, proof }
    // A pipe is written before this returns, so that what is reported is known to the parent whatever happens next.
    process.stdout.write(`${JSON.stringify(report)}\n`)
    const again = await log.append(leaf, key, leaf)
    if (again.index !== index) throw new Error(`leaf ${number} was stored as ${index} and as ${again.index}`)
  }
}
