/** Decides who signed a tree head: its log, and which of its witnesses, and when (spec chapter 5). @module */
import { verifyCheckpoint, verifyCosignature, type Checkpoint, type CosignatureVerdict, type NoteVerdict } from './checkpoint.ts'
import type { CryptoPort } from './crypto.ts'
import type { Vkey } from './note.ts'

/** The keys of one log. */
export interface HeadKeys {
  readonly origin: string
  /** Type 0x01. */
  readonly vkey: Vkey
  /** Type 0x04, each key once. */
  readonly witnesses: readonly Vkey[]
}

/** What the known keys say about a head. Lines of other keys say nothing. */
export interface HeadSignatures {
  readonly log: NoteVerdict
  /** One for each witness, in their order. */
  readonly witnesses: readonly CosignatureVerdict[]
}

/**
 * Verifies the lines of all known keys, also when the first does not verify. `log` is `unsigned` for another origin. Does not judge:
 * a `bad` line of any known key makes the head worthless (AHP-PROOF-9), and `hasQuorum` counts.
 */
export function verifyHead(crypto: CryptoPort, checkpoint: Checkpoint, keys: HeadKeys): HeadSignatures | Promise<HeadSignatures> {
  const log = verifyCheckpoint(crypto, checkpoint, keys.origin, keys.vkey)
  const witnesses = keys.witnesses.map((witness) => verifyCosignature(crypto, checkpoint, witness))
  if (typeof log === 'string' && witnesses.every((one) => 'verdict' in one)) return { log, witnesses }
  return settle(log, witnesses)
}

/**
 * Whether `quorum` witnesses signed at a time that is not after `latest` (epoch seconds). Counts keys, so each key must be among the
 * witnesses once. There is no earliest time: a head that holds a decision is not older than the decision.
 */
export function hasQuorum(witnesses: readonly CosignatureVerdict[], quorum: number, latest: number): boolean {
  const signed = witnesses.filter((one) => one.verdict === 'ok' && one.seconds <= BigInt(latest))
  return signed.length >= quorum
}

async function settle(
  log: NoteVerdict | Promise<NoteVerdict>,
  witnesses: readonly (CosignatureVerdict | Promise<CosignatureVerdict>)[],
): Promise<HeadSignatures> {
  return { log: await log, witnesses: await Promise.all(witnesses.map((one) => Promise.resolve(one))) }
}
