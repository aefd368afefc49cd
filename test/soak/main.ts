/** `npm run soak -- --count N [--seed S] [--only K] [--json]`, or `--tokens N`: ends with 1 when a receiver did what it may not. @module */
import { parseArgs } from 'node:util'
import { createVerifier } from '@aiegis/verifier'
import { runSoak, type SoakOptions, type SoakReport } from './soak.ts'
import { isGrowing, runTokens, type TokensReport } from './tokens.ts'

const USAGE = `usage: npm run soak -- --count N [--seed S] [--json]    changes N valid requests
       npm run soak -- --only K [--seed S]             changes one of them again
       npm run soak -- --tokens N [--json]             serves N tokens and measures what stays in memory`
const PROGRESS_MS = 10_000

let told = Date.now()
const flags = readFlags()
if (flags === undefined) {
  console.error(USAGE)
  process.exitCode = 2
} else if ('tokens' in flags) {
  const report = await runTokens(flags.tokens, createVerifier, (done) => progress(`${done} of ${flags.tokens} tokens`))
  printTokens(report, flags.json)
  if (isGrowing(report)) process.exitCode = 1
} else {
  const { seed, count } = flags
  const report = await runSoak({
    ...flags,
    makeVerifier: createVerifier,
    tell: (line, at) => console.error(`${line}\n  npm run soak -- --seed ${seed} --only ${at}`),
    progress: ({ done, findings }) => progress(`${done} of ${count}, ${findings.length} findings`),
  })
  print(report, flags)
  if (report.findings.length > 0) process.exitCode = 1
}

type Flags = (Pick<SoakOptions, 'count' | 'seed' | 'only'> | { readonly tokens: number }) & { readonly json: boolean }

function readFlags(): Flags | undefined {
  try {
    const { values } = parseArgs({
      options: {
        count: { type: 'string' },
        tokens: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const { json } = values
    const [seed = 1, count, tokens, only] = [values.seed, values.count, values.tokens, values.only].map(wholeNumber)
    if (tokens !== undefined)
      return [count, only, values.seed].every((other) => other === undefined) ? { tokens, json } : undefined
    if (only !== undefined) return count === undefined ? { seed, only, count: 1, json } : undefined
    return count === undefined ? undefined : { seed, count, json }
  } catch {
    return undefined
  }
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new TypeError('not a whole number')
  return Number(text)
}

function progress(line: string): void {
  if (Date.now() - told < PROGRESS_MS) return
  told = Date.now()
  console.error(line)
}

function printTokens({ tokens, live, bytesPerLive, bytesPerToken, bytesLeft }: TokensReport, json: boolean): void {
  if (!json) {
    console.log(`${bytesPerLive} bytes for each token that must be remembered, ${bytesPerToken} more for each that is over`)
    console.log(`${bytesLeft} bytes are left of each when all are over`)
  }
  const share = Math.round((live / tokens) * 100) / 100
  const bytes = { bytes_per_live: bytesPerLive, bytes_per_token: bytesPerToken, bytes_left: bytesLeft }
  console.log(JSON.stringify({ tokens: { count: tokens, live, live_share: share, ...bytes } }))
}

function print(
  { layers, counts, codes, slowest, sockets }: SoakReport,
  { seed, count, only, json }: Pick<SoakOptions, 'count' | 'seed' | 'only'> & { readonly json: boolean },
): void {
  const columns = ['refused', 'valid', 'unchanged'] as const
  if (!json && only === undefined) {
    console.log(`${'layer'.padEnd(16)}${columns.map((name) => name.padStart(10)).join('')}`)
    for (const [name, layer] of layers)
      console.log(`${name.padEnd(16)}${columns.map((column) => String(layer[column]).padStart(10)).join('')}`)
    console.log(`slowest: ${slowest.share} of what one may take, ${slowest.what} (--seed ${seed} --only ${slowest.at})`)
  }
  const [refused, valid, unchanged] = columns.map((column) => [...layers.values()].reduce((sum, layer) => sum + layer[column], 0))
  console.log(
    JSON.stringify({
      soak: { seed, count, ...counts, refused, valid, unchanged, sockets, codes: codes.size, slowest_share: slowest.share },
    }),
  )
}
