/** The paths under which a log serves its tiles, each in one spelling (c2sp.org/tlog-tiles; spec chapters 5 and 17). @module */
import { TILE_WIDTH } from './tile.ts'

/** One tile of hashes, or one bundle of entries. */
export interface TileName {
  readonly level: number | 'entries'
  readonly n: bigint
  /** 1 to 256; a full tile has 256. */
  readonly width: number
}

/** `/tile/<level>/<n>` of a full tile, with `.p/<width>` of a partial one; n in groups of three digits. */
export function formatTilePath({ level, n, width }: TileName): string {
  const digits = n.toString()
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const last = groups.pop() ?? '000'
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`
  return `/tile/${level}/${groups.map((group) => `x${group}/`).join('')}${last}${partial}`
}

/** What a path names, or `undefined` for every path that `formatTilePath` would not write. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level, groups, partial] = TILE_PATH.exec(path) ?? []
  if (level === undefined || groups === undefined) return undefined
  const name = {
    level: level === 'entries' ? level : Number(level),
    n: BigInt(groups.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : Number(partial),
  } as const
  if (name.width > TILE_WIDTH || (name.level !== 'entries' && name.level > 63)) return undefined
  // Also what the expression lets through: leading zeros, and a partial tile that is full.
  return formatTilePath(name) === path ? name : undefined
}

/** At most 18 digits: more entries than any log has. */
const TILE_PATH = /^\/tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/
