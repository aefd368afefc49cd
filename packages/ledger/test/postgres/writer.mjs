// One process of several that append to one log in PostgreSQL. Arguments: file of the last checkpoint, seed of the log key, number of
// the process, leaves of its own. URL in the environment. A line for each append that was answered: the leaf and the tlog-proof.
import { openPostgresLog } from '@aiegis/ledger/postgres'
import { createSigner, fromHex, utf8 } from '@aiegis/protocol'
import { Pool } from 'pg'

const SHARED = 40
const [lastCheckpointFile, seed, process_, count] = process.argv.slice(2)
const origin = 'ledger.example/writers'
const pool = new Pool({ connectionString: process.env.WRITER_URL, max: 4 })
pool.on('error', () => {})
const log = await openPostgresLog({ pool, origin, signer: createSigner(fromHex(seed), origin), lastCheckpointFile })

async function append(name) {
  const { index, proof } = await log.append(utf8(`{"leaf":"${name}","padding":"${'x'.repeat(300)}"}`), utf8(`key ${name}`))
  // Written before this returns: what is reported is known whatever happens next.
  process.stdout.write(`${JSON.stringify({ name, index: String(index), proof })}\n`)
}

// Every process appends the shared leaves too, in between its own.
let next = 0
async function work() {
  while (next < Number(count)) {
    const number = next++
    await append(`${process_}-${number}`)
    if (number < SHARED) await append(`shared-${number}`)
  }
}
await Promise.all(Array.from({ length: 8 }, work))
await log.close()
await pool.end()
