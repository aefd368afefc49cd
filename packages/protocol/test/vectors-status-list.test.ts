import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseStatusListClaims, statusBit, type SyncInflate } from '../src/status-list.ts'
import { utf8 } from '../src/bytes.ts'
import { outcome, REFUSED } from './outcome.ts'
import { readVectors, SKIPPED, VECTORS } from './vectors.ts'

interface Vectors {
  readonly from_recommendation: readonly { readonly encodedList: string; readonly bits: number }[]
  readonly derived_vectors: readonly {
    readonly encodedList: string
    readonly set_bits_msb_first: readonly number[]
    readonly checks: readonly { readonly index: string; readonly status?: number; readonly error?: string }[]
  }[]
  readonly negatives: readonly { readonly id: string; readonly encodedList?: string }[]
}

const inflate: SyncInflate = (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes })

function vectors(): Vectors {
  return readVectors('bitstring-status-list/vectors.json') as Vectors
}

describe.skipIf(VECTORS === undefined)(`Bitstring Status List${SKIPPED}`, () => {
  test('the list of the Recommendation has 131,072 entries, all zero', () => {
    const [list] = vectors().from_recommendation
    const bits = Array.from({ length: 131_072 / 64 }, (_, index) => statusBit(list?.encodedList ?? '', index * 64, inflate))
    expect(bits).not.toContain(true)
    expect(outcome(() => statusBit(list?.encodedList ?? '', 131_072, inflate))).toBe(REFUSED)
  })

  test('every check of the derived lists', () => {
    const lists = vectors().derived_vectors
    expect(lists).toHaveLength(7)
    for (const { encodedList, checks, set_bits_msb_first: set } of lists) {
      for (const index of set) expect(statusBit(encodedList, index, inflate)).toBe(true)
      for (const { index, status } of checks) {
        // On the wire an index is text with one spelling; the passport's parser refuses others, so they have no number here.
        const bit = outcome(() =>
          statusBit(encodedList, /^(?:0|[1-9]\d{0,8})$/.test(index) ? Number(index) : Number.NaN, inflate),
        )
        expect(bit).toBe(status === undefined ? REFUSED : status === 1)
      }
    }
  })

  test('negatives that are lists are refused', () => {
    const lists = vectors().negatives.flatMap(({ encodedList }) => encodedList ?? [])
    expect(lists).toHaveLength(3)
    for (const list of lists) expect(outcome(() => statusBit(list, 0, inflate))).toBe(REFUSED)
  })

  test('the credential of the Recommendation is none of this profile: it has no end and another DID method', () => {
    const { examples } = readVectors('bitstring-status-list/recommendation-examples.json') as { examples: readonly string[] }
    const lists = examples.filter((text) => text.includes('"BitstringStatusListCredential"'))
    expect(lists.length).toBeGreaterThan(0)
    for (const text of lists)
      expect(() => parseStatusListClaims(utf8(text))).toThrow(expect.objectContaining({ code: 'status_unavailable' }))
  })
})
