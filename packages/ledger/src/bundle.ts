/** Entry bundles, in which a log serves its entries: each after its length in two bytes (c2sp.org/tlog-tiles; spec chapter 17). @module */
import { concat, Malformed } from '@aiegis/protocol'

/** Longest entry that a bundle can hold, in bytes. */
export const MAX_ENTRY = 65_535

/** The bundle of these entries. Throws `RangeError` for one over 65,535 bytes. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(entries.flatMap((entry) => [lengthOf(entry), entry]))
}

/** The entries of a bundle. Throws `Malformed` for one that ends early. */
export function parseBundle(bundle: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let offset = 0; offset < bundle.length;) {
    const start = offset + 2
    offset = start + (((bundle[offset] ?? 0) << 8) | (bundle[offset + 1] ?? 0))
    if (start > bundle.length || offset > bundle.length) throw new Malformed('an entry bundle that ends inside an entry')
    entries.push(bundle.subarray(start, offset))
  }
  return entries
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  if (length > MAX_ENTRY) throw new RangeError(`an entry of ${length} bytes`)
  return new Uint8Array([length >> 8, length & 0xff])
}
