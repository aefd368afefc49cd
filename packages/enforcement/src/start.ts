/** Starts the whole server from its configuration (spec chapter 15). @module */
import { readFile } from 'node:fs/promises'
import { parseWitnessPolicy, type WitnessPolicy } from '@aiegis/ledger'
import { defaultCrypto, didKeyUrl, parseDidKey } from '@aiegis/protocol'
import type { Config } from './config.ts'
import { createEnforcement, type Enforcement, type EnforcementOptions } from './enforcement.ts'
import { codeOf } from './keys.ts'
import type { PackKey } from './policy/pack-signature.ts'
import type { PackFile } from './policy/pack.ts'
import { listen } from './server.ts'
import { UsageError } from './usage.ts'

/** A server that answers. */
export interface RunningServer {
  readonly enforcement: Enforcement
  readonly port: number
  /** Answers what was accepted, then ends. */
  close(): Promise<void>
}

/** Reads packs, listens, opens the state. Rejects with one sentence for whatever the operator has to mend. */
export async function startServer(config: Config, extra: Partial<EnforcementOptions> = {}): Promise<RunningServer> {
  const packs = config.policyPacks.length === 0 ? undefined : await Promise.all(config.policyPacks.map(readPack))
  const listening = await listenOrSay(config.port)
  try {
    const enforcement = await createEnforcement({
      url: config.url ?? `http://127.0.0.1:${listening.port}`,
      did: config.did,
      issuer: config.issuer,
      logOrigin: config.logOrigin,
      state: config.state,
      auditDb: config.auditDb,
      lastCheckpoint: config.lastCheckpoint,
      alsoLogKey: config.alsoLogKey,
      witnesses: config.witnesses === undefined ? undefined : await readWitnesses(config.witnesses),
      packs,
      packKeys: config.packIssuers.map(packKey),
      allowUnsignedPacks: config.allowUnsignedPacks,
      jurisdictions: config.jurisdictions,
      tokenSeconds: config.tokenSeconds,
      blockStatus: config.blockStatus,
      notify: config.notify,
      ...extra,
    })
    listening.serve(enforcement.handle)
    return {
      enforcement,
      port: listening.port,
      async close() {
        await listening.close()
        await enforcement.close()
      },
    }
  } catch (error) {
    await listening.close(0)
    throw error
  }
}

async function listenOrSay(port: number): ReturnType<typeof listen> {
  try {
    return await listen(port)
  } catch (error) {
    throw new UsageError(`--port ${port}: it cannot be listened on (${codeOf(error)}); choose another or end what uses it`, {
      cause: error,
    })
  }
}

async function readWitnesses(file: string): Promise<WitnessPolicy> {
  try {
    return parseWitnessPolicy(defaultCrypto(), await readFile(file))
  } catch (error) {
    const reason =
      error instanceof Error && error.message.startsWith('ledger: ') ? error.message : `it cannot be read (${codeOf(error)})`
    throw new UsageError(`--witnesses ${file}: ${reason}`, { cause: error })
  }
}

async function readPack(name: string): Promise<PackFile> {
  try {
    return { name, bytes: await readFile(name) }
  } catch (error) {
    throw new UsageError(`--policy-pack ${name}: it cannot be read (${codeOf(error)}); name a file that can`, { cause: error })
  }
}

function packKey(did: string): PackKey {
  return { kid: didKeyUrl(did), key: parseDidKey(did) }
}
