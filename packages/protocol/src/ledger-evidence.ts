/** Evidence against a log: two heads that it signed and that cannot both be honest, checked by anybody without a network (spec chapter 5). @module */
import { encodeBase64 } from './base64.ts'
import { equal } from './bytes.ts'
import { parseCheckpoint, parseHash, verifyCheckpoint, type Checkpoint } from './checkpoint.ts'
import type { CryptoPort } from './crypto.ts'
import { parseJson, type JsonObject, type JsonValue } from './json.ts'
import { AHP_VERSION } from './limits.ts'
import { membersOf, textOf } from './members.ts'
import { verifyConsistency } from './merkle.ts'
import { parseVkey, type Vkey } from './note.ts'
import { Malformed } from './refusal.ts'
import { parseSeconds } from './time.ts'
import type { LedgerEvidence } from './wire.gen.ts'

/** What the larger of two trees has in the place of the smaller; all hashes 32 bytes. */
export interface Prefix {
  readonly root: Uint8Array
  /** From that root to the root of the larger tree (RFC 9162 §2.1.4). */
  readonly path: readonly Uint8Array[]
}

/** What evidence shows once it was checked. */
export interface Contradiction {
  readonly kind: LedgerEvidence['kind']
  readonly origin: string
  readonly vkey: string
  readonly earlier: Checkpoint
  readonly later: Checkpoint
}

/** Longest evidence that is read, in bytes. */
const MAX_EVIDENCE = 65_536

/** The file, as JSON on one line. Checks nothing: `checkLedgerEvidence` does. */
export function formatLedgerEvidence(evidence: Omit<LedgerEvidence, 'ahp' | 'prefix'>, prefix: Prefix | undefined): string {
  const { kind, vkey, earlier, later } = evidence
  const shown =
    prefix === undefined
      ? {}
      : { prefix: { root: encodeBase64(prefix.root), path: prefix.path.map((hash) => encodeBase64(hash)) } }
  return `${JSON.stringify({ ahp: AHP_VERSION, kind, vkey, earlier, later, ...shown })}\n`
}

/**
 * Reads evidence and checks it: both notes are signed by the key in it for the same origin, and for `equivocation` no tree has both
 * heads. For `rollback` that the later head is smaller; when each was seen is the receiver's word. Rejects with `Malformed`, or with
 * `proof_malformed` for another form, and says what does not hold. Whose key it is, the caller knows: compare `vkey`.
 */
export async function checkLedgerEvidence(crypto: CryptoPort, bytes: Uint8Array): Promise<Contradiction> {
  const evidence = readEvidence(parseJson(bytes, { maxBytes: MAX_EVIDENCE }))
  const vkey = parseVkey(evidence.vkey, crypto)
  const earlier = await signedHead(crypto, evidence.earlier.note, vkey)
  const later = await signedHead(crypto, evidence.later.note, vkey)
  if (evidence.kind === 'rollback') {
    if (later.size >= earlier.size) throw new Malformed('the later head is not smaller')
  } else if (!contradict(crypto, earlier, later, evidence.prefix)) {
    throw new Malformed('one tree can have both heads, as far as this shows')
  }
  return { kind: evidence.kind, origin: vkey.name, vkey: vkey.text, earlier, later }
}

/** Two roots for one size; or the larger tree begins with something else than the smaller. */
function contradict(crypto: CryptoPort, one: Checkpoint, other: Checkpoint, prefix: LedgerEvidence['prefix']): boolean {
  if (one.size === other.size) return !equal(one.root, other.root)
  const [small, large] = one.size < other.size ? [one, other] : [other, one]
  if (prefix === undefined) return false
  const root1 = parseHash(prefix.root)
  const path = prefix.path.map(parseHash)
  const claim = { size1: small.size, size2: large.size, root1, root2: large.root, path }
  return verifyConsistency(crypto, claim) && !equal(root1, small.root)
}

async function signedHead(crypto: CryptoPort, note: string, vkey: Vkey): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(note)
  const verdict = await verifyCheckpoint(crypto, checkpoint, vkey.name, vkey)
  if (verdict !== 'ok') throw new Malformed(`a head that ${vkey.name} did not sign`)
  return checkpoint
}

function readEvidence(value: JsonValue): LedgerEvidence {
  const whole = read.closed(value, 'the evidence', ['ahp', 'kind', 'vkey', 'earlier', 'later'], ['prefix'])
  const evidence = {
    ahp: read.oneOf(whole, 'ahp', [AHP_VERSION]),
    kind: read.oneOf(whole, 'kind', ['equivocation', 'rollback']),
    vkey: read.text(whole, 'vkey', 512),
    earlier: readHead(whole, 'earlier'),
    later: readHead(whole, 'later'),
  }
  if (whole['prefix'] === undefined) return evidence
  const prefix = read.closed(whole['prefix'], '"prefix"', ['root', 'path'])
  return { ...evidence, prefix: { root: read.text(prefix, 'root', 44), path: read.list(prefix, 'path', 0, 128).map(textOf) } }
}

function readHead(whole: JsonObject, name: 'earlier' | 'later'): LedgerEvidence['earlier'] {
  const head = read.closed(whole[name], `"${name}"`, ['note', 'seen'])
  const seen = read.text(head, 'seen', 20)
  parseSeconds(seen)
  return { note: read.text(head, 'note', 16_384), seen }
}

const read = membersOf('proof_malformed')
