/** Reads one trust bundle after the other as a receiver does at its start, with a defect when register.ts was loaded before, and writes with which of them one would start. @module */
import { readFileSync, writeSync } from 'node:fs'
import { createNodeVerifier } from '@aiegis/verifier/node'

/** What the parent process wrote: what `AIEGIS_TRUST` says at each start. */
export type Starts = readonly string[]

const paths: Starts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const listens = paths.map((path) => {
  process.env['AIEGIS_TRUST'] = path
  try {
    createNodeVerifier({ log: () => {} }).close()
    return true
  } catch {
    return false
  }
})
writeSync(1, JSON.stringify(listens))
process.exit(0)
