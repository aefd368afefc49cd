/** One round of the audit: finds heads that a log signed in the tree that it publishes, from tiles (spec chapter 5.5). @module */
import {
  consistencyPath,
  decodeUtf8,
  equal,
  hasQuorum,
  Malformed,
  parseCheckpoint,
  rootOf,
  verifyConsistency,
  verifyHead,
  type Checkpoint,
  type CryptoPort,
} from '@aiegis/protocol'
import type { OriginMemory, SeenHead } from './audit-origin.ts'
import type { TileReader } from './audit-tiles.ts'
import type { TrustedLedger } from './trust.ts'

/** What a round needs. */
export interface Round {
  readonly ledger: TrustedLedger
  readonly memory: OriginMemory
  readonly tiles: TileReader
  readonly crypto: CryptoPort
  /** Epoch seconds now. */
  readonly now: () => number
  readonly skewSeconds: number
}

/**
 * Reads the published head and proves under it the newest head that was proven before, then every head that waits. Closes the origin
 * for good where two heads contradict each other. Rejects when the round proves nothing more: the host does not answer, or what it
 * serves does not fit together, which says nothing about the log.
 */
export async function auditRound(round: Round): Promise<void> {
  const { memory, now } = round
  const published: SeenHead = { checkpoint: await readHead(round), seenAt: now() }
  memory.compare(published)
  // Before anything is proven: a log that went back has no tiles any more of what it showed before.
  memory.published(published)
  if (memory.isClosed) return
  const { newest } = memory
  // A cache may show an older head for a while. What the newest one was proven under is still there to be read.
  const isOlder = newest !== undefined && newest.checkpoint.size > published.checkpoint.size
  const [tree, first] = isOlder ? [newest, published] : [published, newest]
  if (first === undefined) await prove(round, tree, tree)
  else if (await prove(round, first, tree)) memory.proven(first)
  if (!isOlder && !memory.isClosed) memory.advance(published)
  let taken = 0
  for (const head of memory.waiting()) {
    if (memory.isClosed) return
    if (head.checkpoint.size > tree.checkpoint.size) continue
    if (await prove(round, head, tree)) memory.proven(head)
    // Requests come first.
    if (++taken % BETWEEN_PAUSES === 0) await new Promise((resume) => setTimeout(resume))
  }
}

const BETWEEN_PAUSES = 16

/** True when the tree of `tree` begins with `head`. False, and the origin closed, when it is shown to begin with something else. */
async function prove({ memory, tiles, crypto }: Round, head: SeenHead, tree: SeenHead): Promise<boolean> {
  const { size: size2, root: root2 } = tree.checkpoint
  const { size: size1, root } = head.checkpoint
  // The empty tree is the beginning of every tree, and its root is checked where it is parsed.
  if (size1 === 0n) return true
  const [from, to] = [countOf(size1), countOf(size2)]
  const node = await tiles.nodes(from, to)
  if (from === to) {
    if (!equal(rootOf(crypto, node, to), root2)) throw new Malformed('tiles that do not give the root of the published head')
    if (equal(root, root2)) return true
    memory.compare(head)
    return false
  }
  const root1 = rootOf(crypto, node, from)
  const path = consistencyPath(crypto, node, from, to)
  if (!verifyConsistency(crypto, { size1, size2, root1, root2, path }))
    throw new Malformed('tiles that do not give the root of the published head')
  if (equal(root1, root)) return true
  memory.contradict(...inOrder(head, tree), { root: root1, path })
  return false
}

function inOrder(one: SeenHead, other: SeenHead): [SeenHead, SeenHead] {
  return one.seenAt <= other.seenAt ? [one, other] : [other, one]
}

async function readHead({ ledger, tiles, crypto, now, skewSeconds }: Round): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(decodeUtf8(await tiles.checkpoint()))
  const { log, witnesses } = await verifyHead(crypto, checkpoint, ledger)
  if (log !== 'ok') throw new Malformed('a published head that the log did not sign')
  if (witnesses.some(({ verdict }) => verdict === 'bad')) throw new Malformed('a published head with a bad cosignature')
  if (!hasQuorum(witnesses, ledger.quorum, now() + skewSeconds))
    throw new Malformed('a published head without a quorum of witnesses')
  return checkpoint
}

/** Trees with more leaves have no tiles that could be counted; their heads stay unproven. */
function countOf(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed('a head over more than 2^53 leaves')
  return Number(size)
}
