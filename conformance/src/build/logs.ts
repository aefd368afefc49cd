/** Logs that have a tree: what they hold, and what the suite host publishes of them (spec chapters 5.5 and 17.3). @module */
import { concat, utf8 } from './bytes.ts'
import { leafHash, treePath, treeRoot } from './merkle.ts'
import { checkpointText, cosignatureBlob, logBlob, signatureLine } from './note.ts'
import { keyOf, ORIGINS, WITNESSES, witnessName } from './parties.ts'
import type { HostResource } from './resources.ts'
import type { World } from './types.ts'
import { second } from './values.ts'

/** A place in a tree. */
export interface Place {
  readonly index: bigint
  readonly size: bigint
  readonly path: readonly Uint8Array[]
}

/** Leaves that every tree begins with: more than one tile has. */
const FIRST = 300
/** Leaves of the tree that a log shows later, below `/later`. */
const LATER = 310
const TILE = 256

/** Logs that put what requests show into the tree that they publish; all others show paths of trees that nobody has. */
export const HONEST: ReadonlySet<string> = new Set([
  'tree-log',
  'audit-honest',
  'audit-late',
  'audit-moved',
  'audit-silent',
  'audit-torn',
  'audit-hollow',
  'audit-swapped',
  'audit-forged',
  'audit-witnessed',
  'audit-few',
  'audit-spoiled',
])

/** How many witnesses sign what a log publishes; of those that are here the bundle wants a quorum of two. */
const COSIGNED: Readonly<Record<string, number>> = { 'cosigned-log': 3, 'audit-witnessed': 2, 'audit-few': 1, 'audit-spoiled': 3 }

/** Whether heads of this log need witnesses. */
export function isCosigned(label: string): boolean {
  return COSIGNED[label] !== undefined
}

/** Logs with a URL, by label, that the first harness may use. */
export const AUDITED: readonly string[] = [
  'audit-honest',
  'audit-late',
  'audit-invented',
  'audit-split',
  'audit-fork',
  'audit-back',
  'audit-silent',
  'audit-moved',
  'audit-torn',
]

/** Those that the second one may use: a harness has at most sixteen. */
export const AUDITED_OF_SECOND: readonly string[] = [
  'audit-hollow',
  'audit-swapped',
  'audit-forged',
  'audit-witnessed',
  'audit-few',
  'audit-spoiled',
]

const PUBLISHED: ReadonlySet<string> = new Set([...AUDITED, ...AUDITED_OF_SECOND])

const trees = new Map<string, Uint8Array[]>()

/** Where a leaf is in the tree of a log as it is now; it is put there when it is not. */
export function placeOf(world: World, label: string, leaf: Uint8Array): Place {
  const leaves = treeOf(world, label)
  const hash = leafHash(leaf)
  const found = leaves.findIndex((other) => Buffer.compare(other, hash) === 0)
  const index = found === -1 ? leaves.push(hash) - 1 : found
  return { index: BigInt(index), size: BigInt(leaves.length), path: treePath(leaves, index) }
}

/** URL of a log; undefined without a host, and for logs that nobody publishes. */
export function logUrl({ hostUrl }: World, label: string): string | undefined {
  return hostUrl === null || !PUBLISHED.has(label) ? undefined : `${hostUrl.origin}/log/${label}`
}

/** What a log publishes at a path: `/log/<label>/checkpoint` and its tiles. Below `/later` is the head of a larger tree. */
export function logAt(world: World, path: string): HostResource | undefined {
  const [, label = '', rest = ''] = /^\/log\/([a-z-]+)\/(.+)$/.exec(path) ?? []
  if (!PUBLISHED.has(label)) return undefined
  const leaves = treeOf(world, label)
  if (rest === 'checkpoint') {
    const head = headOf(world, label, HONEST.has(label) ? leaves : leaves.slice(0, FIRST))
    // Until a case says otherwise: what it shows first is all that is ever seen of it.
    return label === 'audit-hollow' ? { ...head, behaviour: [{ status: 500 }] } : head
  }
  if (rest === 'later/checkpoint') return headOf(world, label, leaves)
  const bytes = tileAt(leaves, rest)
  if (bytes === undefined) return undefined
  // One byte more than hashes have.
  return { type: 'application/octet-stream', bytes: label === 'audit-torn' ? concat(bytes, Uint8Array.of(0)) : bytes }
}

function headOf(world: World, label: string, leaves: readonly Uint8Array[]): HostResource {
  const origin = ORIGINS[label] ?? ''
  const text = checkpointText(origin, String(leaves.length), treeRoot(leaves))
  // One log shows heads that somebody else signed.
  const line = signatureLine(origin, logBlob(origin, keyOf(world.seed, label === 'audit-forged' ? 'stranger' : label), text))
  const lines = WITNESSES.slice(0, COSIGNED[label] ?? 0).map((witness, at) => {
    const blob = cosignatureBlob(witnessName(witness), keyOf(world.seed, witness), text, BigInt(second(world.now())))
    return signatureLine(witnessName(witness), label === 'audit-spoiled' && at === 2 ? blob.with(20, (blob[20] ?? 0) ^ 1) : blob)
  })
  return { type: 'text/plain; charset=utf-8', bytes: utf8(`${text}\n${line}${lines.join('')}`) }
}

/** Tiles of the first thousand; no tree here has more. */
function tileAt(leaves: readonly Uint8Array[], path: string): Uint8Array | undefined {
  const [, level, n, width = String(TILE)] = /^tile\/([01])\/(\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ?? []
  if (level === undefined) return undefined
  const from = Number(n) * TILE
  const hashes = level === '0' ? leaves : fullSubtrees(leaves)
  const found = hashes.slice(from, from + Number(width))
  return found.length === Number(width) ? concat(...found) : undefined
}

function fullSubtrees(leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  const count = Math.floor(leaves.length / TILE)
  return Array.from({ length: count }, (_, at) => treeRoot(leaves.slice(at * TILE, (at + 1) * TILE)))
}

/** One tree for each receiver and log: it grows with every request and never shrinks. */
function treeOf(world: World, label: string): Uint8Array[] {
  const name = [world.seed, world.url.origin, label].join('\n')
  const size = HONEST.has(label) ? FIRST : LATER
  const found = trees.get(name) ?? Array.from({ length: size }, (_, at) => leafHash(utf8(`${label} ${at}`)))
  trees.set(name, found)
  return found
}
