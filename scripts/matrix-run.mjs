// Prints the rows of one check of this runtime as JSON: matrix-run.mjs ed25519 | text. Reads VECTORS_DIR.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [check] = process.argv.slice(2)
const { rows } = await import(`./matrix-${check}.mjs`)
const folder = process.env.VECTORS_DIR
const vectors = folder === undefined ? undefined : readFileSync(join(folder, 'wycheproof/ed25519_test.json'), 'utf8')
console.log(JSON.stringify(await rows(vectors)))
