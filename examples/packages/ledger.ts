import { openTilesLog } from '@aiegis/ledger/tiles'
import { createSigner } from '@aiegis/protocol'

const origin = 'ledger.example/aiegis/1'

/** Appends one leaf to the log in a directory; the same key again appends nothing. Gives the proof that it is there. */
export async function appendOnce(seed: Uint8Array, leaf: Uint8Array, idempotencyKey: Uint8Array): Promise<string> {
  const log = await openTilesLog({ directory: '/var/lib/aiegis/ledger', origin, signer: createSigner(seed, origin) })
  const { proof } = await log.append(leaf, idempotencyKey)
  await log.close()
  return proof
}
