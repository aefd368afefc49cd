/** Witnesses that listen on loopback, for tests. @module */
import { join } from 'node:path'
import { createSigner, parseVkey, utf8, type SyncSigner, type Vkey } from '@aiegis/protocol'
import { onTestFinished } from 'vitest'
import type { WitnessPolicy } from '../../src/witness/cosigner.ts'
import { serveWitness } from '../../src/witness/server.ts'
import { openWitnessStore } from '../../src/witness/store.ts'
import { createWitness } from '../../src/witness/witness.ts'
import { crypto, temporaryDirectory, vkey as logVkey } from '../logs.ts'

/** A witness that can be ended and started again. */
export interface TestWitness {
  readonly name: string
  readonly vkey: Vkey
  readonly url: string
  readonly directory: string
  /** Bodies of the questions that it got. */
  readonly asked: string[]
  stop(): Promise<void>
  start(): Promise<void>
}

/** The key of a witness of this name. */
export const witnessSigner = (name: string): SyncSigner => createSigner(crypto.sha256(utf8(`witness ${name}`)), name)

/** Starts a witness of the log of the tests, or of others. */
export async function startWitness(
  name: string,
  { logs = [logVkey], now = Date.now }: { logs?: readonly Vkey[]; now?: () => number } = {},
): Promise<TestWitness> {
  const directory = temporaryDirectory()
  const asked: string[] = []
  let end = async (): Promise<void> => undefined
  let port = 0
  let vkey = ''
  async function start(): Promise<void> {
    const store = await openWitnessStore(join(directory, 'witness.db'))
    const witness = createWitness({ name, signer: witnessSigner(name), logs, store, crypto, now })
    const add: typeof witness.add = async (body) => {
      asked.push(new TextDecoder().decode(body))
      return witness.add(body)
    }
    const server = await serveWitness({ ...witness, add }, { port })
    port = server.port
    ;({ vkey } = witness)
    end = async () => {
      await server.close()
      store.close()
    }
  }
  async function stop(): Promise<void> {
    const ending = end
    end = async () => undefined
    await ending()
  }
  await start()
  onTestFinished(stop)
  return { name, vkey: parseVkey(vkey, crypto), url: `http://127.0.0.1:${port}`, directory, asked, start, stop }
}

/** The policy of a log with these witnesses. */
export function policyOf(witnesses: readonly TestWitness[], change: Partial<WitnessPolicy> = {}): WitnessPolicy {
  return { witnesses: witnesses.map(({ url, vkey }) => ({ url, vkey })), quorum: witnesses.length, ...change }
}
