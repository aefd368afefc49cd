/** Which keys of a log a command believes: those that its caller got from elsewhere, never those that the log itself gives (spec chapter 17.12). @module */
import { decodeUtf8, LOG_KEY_TYPE, Malformed, parseVkey, type CryptoPort, type ReceiptTrust, type Vkey } from '@aiegis/protocol'
import { WrongCall } from './failures.ts'
import { bytesOfFile } from './files.ts'
import type { Values } from './options.ts'
import { MAX_TRUST, parseTrust } from './trust.ts'

/** The keys of one log. */
export interface LogKeys {
  readonly vkey: Vkey
  readonly former: readonly Vkey[]
  readonly quorum: number
  readonly witnesses: readonly Vkey[]
}

const MAX_VKEY = 1_024

/** What a caller trusts; `undefined` without `--trust`. Rejects with `WrongCall` or `Malformed`. */
export async function trustOf(crypto: CryptoPort, { trust }: Pick<Values, 'trust'>): Promise<ReceiptTrust | undefined> {
  return trust === undefined ? undefined : parseTrust(crypto, await bytesOfFile(trust, MAX_TRUST))
}

/** The keys of the log `origin`. Rejects with `WrongCall` where none is named, and `Malformed` where another log's is. */
export async function keysFor(crypto: CryptoPort, values: Values, origin: string): Promise<LogKeys> {
  const former = await Promise.all((values['former-vkey'] ?? []).map((text) => readVkey(crypto, text)))
  for (const vkey of former) checkName(vkey, origin)
  if (values.vkey !== undefined) {
    const vkey = await readVkey(crypto, values.vkey)
    checkName(vkey, origin)
    return { vkey, former, quorum: 0, witnesses: [] }
  }
  const trust = await trustOf(crypto, values)
  if (trust === undefined)
    throw new WrongCall(
      'name the key of the log with --vkey, or a trust bundle with --trust: who rewrites a log would show a key of his own. The server of the log gives it at /vkey; take it from there once and keep it, or from whoever trusts the log already',
    )
  const keys = trust.ledger(origin)
  if (keys === undefined) throw new Malformed(`the log is ${origin}, which the trust bundle does not name`)
  return { ...keys, former }
}

function checkName(vkey: Vkey, origin: string): void {
  if (vkey.name !== origin) throw new Malformed(`the log is ${origin}, and the key is that of ${vkey.name}`)
}

/** The key itself, or a file that has it. */
async function readVkey(crypto: CryptoPort, text: string): Promise<Vkey> {
  const file = text.includes('+') ? undefined : await bytesOfFile(text, MAX_VKEY)
  try {
    const vkey = parseVkey(file === undefined ? text : decodeUtf8(file).trim(), crypto)
    if (vkey.type !== LOG_KEY_TYPE) throw new Malformed('it is not the key of a log')
    return vkey
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new WrongCall(`--vkey is no verifier key of a log: ${cause.message}`, { cause })
  }
}
