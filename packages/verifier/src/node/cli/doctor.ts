/** `doctor`: looks at what a receiver depends on and cannot see from inside a request: clocks, the proxy in front, the store of used tokens. @module */
import { maxHeaderSize } from 'node:http'
import type { TrustConfig } from '../../trust.ts'
import { checkClocks } from './doctor-clock.ts'
import { checkProxy, type Proxy } from './doctor-proxy.ts'
import { checkStore } from './doctor-store.ts'
import { shown, type Ports } from './output.ts'
import type { ExitCode } from './usage.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly verdict: 'ok' | 'wrong' | 'unreached' | 'skipped'
  readonly what: string
  readonly sentence: string
}

/** What is to be looked at. */
export interface Examining {
  readonly trust: TrustConfig
  /** A server whose clock is compared, besides those of the bundle. */
  readonly url: URL | undefined
  readonly proxy: Proxy | undefined
  /** Absolute path of a module whose export `replay` is the store. */
  readonly module: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Evidence has up to 12 KiB, and other fields come besides. */
const HEADER_BYTES = 16_384

/** Prints one line for each finding: 0 all is well, 1 something is wrong, 3 something could not be reached. */
export async function doctor(examining: Examining, { print }: Ports): Promise<ExitCode> {
  const { trust, url, proxy, module, now } = examining
  const findings = [
    ...(await checkClocks(trust, url, now)),
    headersOfNode(),
    ...(proxy === undefined ? [skipped('proxy', '--through URL --port N looks at it')] : await checkProxy(trust, proxy)),
    ...(module === undefined ? [storeOfBundle(trust)] : await checkStore(module, now)),
  ]
  for (const { verdict, what, sentence } of findings) print(`${verdict.padEnd(9)} ${what.padEnd(20)}  ${shown(sentence)}`)
  const verdicts = findings.map(({ verdict }) => verdict)
  if (verdicts.includes('wrong')) return 1
  return verdicts.includes('unreached') ? 3 : 0
}

function headersOfNode(): Finding {
  const what = 'headers of Node'
  if (maxHeaderSize >= HEADER_BYTES) return { verdict: 'ok', what, sentence: `${maxHeaderSize} bytes in all` }
  return {
    verdict: 'wrong',
    what,
    sentence: `only ${maxHeaderSize} bytes in all; start with --max-http-header-size=${HEADER_BYTES} or more`,
  }
}

function storeOfBundle({ replay }: TrustConfig): Finding {
  if (replay === undefined) return skipped('replay store', 'given in code; --replay MODULE looks at it')
  return {
    verdict: 'ok',
    what: 'replay store',
    sentence: 'memory of one process: right where exactly one process serves this base, and for nothing else',
  }
}

function skipped(what: string, sentence: string): Finding {
  return { verdict: 'skipped', what, sentence }
}
