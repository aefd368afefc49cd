/** The key that signs a log, or both while it is changed, and the entry that says which (spec chapter 17.4). @module */
import {
  canonicalize,
  formatCheckpointBody,
  formatNote,
  formatSeconds,
  parseCheckpoint,
  rootOf,
  utf8,
  verifyCheckpoint,
  type Signer,
  type Vkey,
} from '@aiegis/protocol'
import type { Log } from './log.ts'
import type { Identity } from './recover.ts'
import { noFullTile, nodesOf, type Tree } from './tree.ts'

/** A key that signs every head. */
export interface LogKey {
  readonly signer: Signer
  readonly vkey: Vkey
}

/** A note over the tree's root, with each signature verified: what a faulty key or device signs must not be stored. */
export async function signTree({ crypto, origin }: Identity, keys: readonly LogKey[], tree: Tree): Promise<string> {
  const body = formatCheckpointBody(origin, BigInt(tree.size), rootOf(crypto, nodesOf(tree, noFullTile), tree.size))
  const lines = keys.map(async ({ signer, vkey }) => ({ name: vkey.name, id: vkey.id, signature: await signer.sign(utf8(body)) }))
  const note = formatNote(body, await Promise.all(lines))
  for (const { vkey } of keys) {
    const verdict = await verifyCheckpoint(crypto, parseCheckpoint(note), origin, vkey)
    if (verdict !== 'ok') throw new Error('the signer made a signature that does not verify')
  }
  return note
}

/** Whether a head of this log was signed by these keys and no other key of its name. */
export function isSignedBy(note: string, keys: readonly LogKey[]): boolean {
  const [first] = keys
  const { signatures } = parseCheckpoint(note).note
  const found = new Set(signatures.filter(({ name }) => name === first?.vkey.name).map(({ id }) => id))
  return found.size === keys.length && keys.every(({ vkey }) => found.has(vkey.id))
}

/** Appends which keys sign from here on; the head over that entry has a line of each. No token has such a leaf. */
export async function recordKeys(log: Log, { crypto }: Identity, keys: readonly LogKey[], seconds: number): Promise<void> {
  const act = { kind: 'keys', vkeys: keys.map(({ vkey }) => vkey.text) }
  const leaf = utf8(canonicalize({ v: 1, act: { ...act, ts: formatSeconds(seconds) } }))
  // Keys may change and change back: each time is an entry.
  await log.append(leaf, crypto.sha256(utf8(`aiegis-act/v1\n${canonicalize({ ...act, after: log.size().toString() })}`)))
}
