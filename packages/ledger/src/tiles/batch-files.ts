/** Which files a batch adds to a log in a directory (c2sp.org/tlog-tiles; spec chapter 17.9). @module */
import { edgeOf, TILE_WIDTH, tileBytes } from '@aiegis/protocol'
import { formatBundle } from '../bundle.ts'
import type { FullTile, Tree } from '../tree.ts'
import type { TileDirectory, TileFile } from './directory.ts'

/** Leaves behind those that are written, and the tree with them. */
export interface LeavesBehind {
  readonly start: number
  readonly leaves: readonly Uint8Array[]
  /** The tiles that they made full. */
  readonly full: readonly FullTile[]
  readonly tree: Tree
}

/** Every file that the head over the grown tree needs and the one before did not. */
export async function filesOf(directory: TileDirectory, batch: LeavesBehind): Promise<readonly TileFile[]> {
  return [...(await bundlesOf(directory, batch)), ...hashTilesOf(batch)]
}

/** The tiles and bundles that the leaves made full. */
export function fullIn({ full }: Pick<LeavesBehind, 'full'>): readonly { level: number | 'entries'; n: number }[] {
  return full.flatMap(({ level, n }) =>
    level === 0
      ? [
          { level, n },
          { level: 'entries' as const, n },
        ]
      : [{ level, n }],
  )
}

async function bundlesOf(directory: TileDirectory, { start, leaves }: LeavesBehind): Promise<readonly TileFile[]> {
  const { n: first, width } = edgeOf(start, 0)
  const known = width === 0 ? [] : await directory.entries(first, width)
  const entries = [...known, ...leaves]
  return Array.from({ length: Math.ceil(entries.length / TILE_WIDTH) }, (_, offset) => {
    const part = entries.slice(offset * TILE_WIDTH, (offset + 1) * TILE_WIDTH)
    return { level: 'entries', n: first + offset, width: part.length, bytes: formatBundle(part) }
  })
}

/** The tiles at the right edge of a tree, which are not full. */
export function edgeOfTree(tree: Tree): readonly HashTile[] {
  return tree.edge.flatMap((tile, level) => {
    const { n, width } = edgeOf(tree.size, level)
    return width === 0 ? [] : [{ level, n, width, bytes: tileBytes(tile, width) }]
  })
}

type HashTile = TileFile & { readonly level: number }

function hashTilesOf({ start, full, tree }: LeavesBehind): readonly TileFile[] {
  const whole = full.map(({ level, n, tile }) => ({ level, n, width: TILE_WIDTH, bytes: tileBytes(tile, TILE_WIDTH) }))
  const grown = edgeOfTree(tree).filter(({ level, n, width }) => {
    const before = edgeOf(start, level)
    return before.n !== n || before.width !== width
  })
  return [...whole, ...grown]
}
