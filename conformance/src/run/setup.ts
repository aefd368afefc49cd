/** What `init` writes and `run` needs: the trust bundle, and how it was made (conformance/README.md). @module */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { trustBundle, type Level, type World } from '../build/index.ts'
import { certificatesOf } from '../host/certificates.ts'
import { addressOf } from '../wire/address.ts'
import { LEVELS } from './plan.ts'

/** How a trust bundle was made: equal setups give equal bundles. */
export interface Setup {
  /** Origin of the receiver. */
  readonly url: string
  readonly level: Level
  readonly seed: string
  /** Port of the suite host on this machine; the ports after it are traps. */
  readonly hostPort: number
}

/** A setup that cannot be used, in one sentence. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

export const TRUST_FILE = 'aiegis-trust.json'
const SETUP_FILE = 'conformance.json'
const ROOTS_FILE = 'aiegis-roots.pem'
const MEMBERS = ['hostPort', 'level', 'seed', 'url', 'v']

/** Takes an origin and nothing more. Throws `SetupError` for anything else. */
export function originOf(text: string): string {
  try {
    addressOf(text)
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error))
  }
  const { origin, pathname, search, hash } = new URL(text)
  if (pathname !== '/' || search !== '' || hash !== '') throw new SetupError(`--url ${text}: write the origin alone, ${origin}`)
  return origin
}

/** The world of a setup, on a clock. */
export function worldOf({ url, level, seed, hostPort }: Setup, now: () => number): World {
  const hostUrl = level === 'basic' ? null : new URL(`http://localhost:${hostPort}`)
  return { seed, url: new URL(url), level, hostUrl, skew: 5, now }
}

/** Writes the bundle, readable by its owner alone, and the setup. Returns their paths. */
export function writeSetup(folder: string, setup: Setup, now: () => number): { readonly trust: string; readonly setup: string } {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const paths = { trust: join(folder, TRUST_FILE), setup: join(folder, SETUP_FILE) }
  const roots = setup.level === 'full' ? resolve(folder, ROOTS_FILE) : null
  if (roots !== null) writeFileSync(roots, certificatesOf(setup.seed).root, { mode: 0o600 })
  writeFileSync(paths.trust, `${JSON.stringify(trustBundle(worldOf(setup, now), roots), null, 2)}\n`, { mode: 0o600 })
  writeFileSync(paths.setup, `${JSON.stringify({ v: 1, ...setup }, null, 2)}\n`)
  return paths
}

/** Reads what `writeSetup` wrote. Throws `SetupError` for a file that is not there or not of this form. */
export function readSetup(folder: string): Setup {
  const path = join(folder, SETUP_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new SetupError(`${path} is not there: run init first, and load the trust bundle that it writes into your receiver`)
  }
  const value = parse(text)
  if (!isSetup(value)) throw new SetupError(`${path} is not what init writes: run init again`)
  const { url, level, seed, hostPort } = value
  return { url: originOf(url), level, seed, hostPort }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSetup(value: unknown): value is Setup & { readonly v: 1 } {
  if (typeof value !== 'object' || value === null || Object.keys(value).toSorted().join() !== MEMBERS.join()) return false
  const { v, url, level, seed, hostPort }: Partial<Record<string, unknown>> = { ...value }
  return (
    v === 1 &&
    typeof url === 'string' &&
    typeof seed === 'string' &&
    LEVELS.some((known) => known === level) &&
    typeof hostPort === 'number' &&
    Number.isInteger(hostPort)
  )
}
