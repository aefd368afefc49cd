/** The policy decision point: verified packs, server-computed counters, threads that evaluate (spec chapter 16). @module */
import { defaultCrypto, JURISDICTION, type CryptoPort } from '@aiegis/protocol'
import { createCounters } from './counters.ts'
import { blocked, type LoadedPack, type Verdict } from './evaluate.ts'
import { PackRefused } from './pack-refused.ts'
import { verifyPack, type PackKey } from './pack-signature.ts'
import { parsePack, type Pack, type PackFile } from './pack.ts'
import { createPool, type Pool } from './pool.ts'
import type { PolicyQuestion } from './question.ts'

/** How to make a policy. `now` gives epoch milliseconds. */
export interface PolicyOptions {
  /** In load order, which decides who is named when several deny. */
  readonly packs: readonly PackFile[]
  readonly packKeys: readonly PackKey[]
  /** Development only: loads packs that nobody signed. */
  readonly allowUnsignedPacks?: boolean
  /** Those of the server itself; their packs always apply. */
  readonly jurisdictions?: readonly string[]
  readonly now: () => number
  /** Wall clock for one question; 2,000 unless said otherwise. Fuel ends a rule long before. */
  readonly deadlineMs?: number
  /** Threads side by side; 2 unless said otherwise. */
  readonly threads?: number
  readonly crypto?: CryptoPort
  /** Told of rules that load and probably do not mean what their author thinks. */
  readonly onWarning?: (sentence: string) => void
  /** Told why a decision is `policy_error`. The text may quote a pack and never leaves the server. */
  readonly onFault?: (fault: { readonly pack: string | null; readonly rule: string | null; readonly message: string }) => void
}

/** A loaded pack, for `/health` and the log. */
export interface PackSummary {
  readonly pack_id: string
  readonly sha256: string
  readonly rules: number
}

/** The policy decision point of one server. */
export interface Policy {
  /** Always a verdict: what goes wrong is BLOCK. Rejects only with `overloaded`, when too many questions wait. */
  decide(question: PolicyQuestion): Promise<Verdict>
  packs(): readonly PackSummary[]
  /**
   * Takes new packs in place of the old ones at once, or throws `PackRefused` and keeps all old ones. Exchanges happen in the order in
   * which they were asked for, so that the last one stays. Rejects with an `Error` when the policy was closed before its turn ended.
   */
  reload(packs: readonly PackFile[]): Promise<void>
  /** Ends all threads, those of an exchange that goes on too; questions asked later are BLOCK. */
  close(): Promise<void>
}

const COMPILE_MS = 3_000

interface Loaded {
  readonly packs: readonly Pack[]
  readonly pool: Pool
}

/**
 * Loads the packs. Throws `PackRefused` with one sentence for the first that is malformed, unsigned, expired or not understood, and
 * `TypeError` for a jurisdiction of the server that no pack could name.
 */
export async function createPolicy(options: PolicyOptions): Promise<Policy> {
  const { jurisdictions = [] } = options
  const wrong = jurisdictions.find((name) => !JURISDICTION.test(name))
  if (wrong !== undefined) throw new TypeError(`jurisdictions: "${wrong}" is no code; write one such as "EU" or "US-CA"`)
  const counters = createCounters()
  let loaded = await load(options, options.packs)
  let exchanged: Promise<void> = Promise.resolve()
  let ended: Promise<void> | undefined

  async function exchange(files: readonly PackFile[]): Promise<void> {
    if (isEnded()) throw new Error('the policy is closed')
    const next = await load(options, files)
    if (isEnded()) {
      await next.pool.close()
      throw new Error('the policy was closed while packs were loaded')
    }
    const before = loaded
    loaded = next
    await before.pool.close()
  }

  // A function, for `ended` may change while an exchange waits.
  function isEnded(): boolean {
    return ended !== undefined
  }

  async function end(): Promise<void> {
    await loaded.pool.close()
    await exchanged
  }

  return {
    async decide(question) {
      const now = options.now()
      const { passport, action } = question
      // Questions without a passport share one count: the name they claim is theirs to choose.
      const agent = passport === null ? '' : `${passport.issuer}\n${passport.agent_did}`
      const counts = counters.count(agent, action, now)
      if (loaded.packs.length === 0) return blocked('no_policy_packs', null, null, null)
      const { verdict, fault } = await loaded.pool.decide({
        ...question,
        now,
        counters: counts,
        serverJurisdictions: jurisdictions,
      })
      if (fault !== null) options.onFault?.({ pack: verdict.deciding_pack, rule: verdict.deciding_rule, message: fault })
      return verdict
    },
    packs: () => loaded.packs.map(({ pack_id, sha256, rules }) => ({ pack_id, sha256, rules: rules.length })),
    reload(files) {
      const mine = exchanged.then(() => exchange(files))
      // The one who asked hears of a refusal; the next exchange goes on without it.
      exchanged = mine.catch(() => undefined)
      return mine
    },
    close: () => (ended ??= end()),
  }
}

async function load(options: PolicyOptions, files: readonly PackFile[]): Promise<Loaded> {
  const packs: Pack[] = []
  for (const file of files) {
    const pack = parsePack(file)
    await verifyPack(pack, options.packKeys, options.allowUnsignedPacks === true, options.crypto ?? defaultCrypto())
    checkTime(pack, options.now())
    const twin = packs.find(({ pack_id }) => pack_id === pack.pack_id)
    if (twin !== undefined)
      throw new PackRefused({ file: file.name }, `its "pack_id" is that of ${twin.file}; load one of the two`)
    packs.push(pack)
  }
  const { deadlineMs = 2_000, threads = 2 } = options
  const pool = await createPool({ packs: packs.map(toLoaded), deadlineMs, threads, compileMs: COMPILE_MS })
  for (const sentence of pool.warnings) options.onWarning?.(sentence)
  return { packs, pool }
}

function checkTime(pack: Pack, now: number): void {
  if (pack.expiresAt * 1000 <= now) throw new PackRefused({ file: pack.file }, 'it has expired; load one that is in force')
  if (pack.issuedAt * 1000 > now)
    throw new PackRefused({ file: pack.file }, 'it is issued in the future; check the clock or the pack')
}

function toLoaded({ file, pack_id, issuedAt, expiresAt, jurisdictions, rules, fallback }: Pack): LoadedPack {
  return { file, pack_id, issuedAt, expiresAt, jurisdictions, rules, fallback }
}
