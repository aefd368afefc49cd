import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { countOf, union } from '../src/status-bits.ts'

/** Bytes that begin at `offset` of their buffer, with others around them. */
function at(offset: number, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(bytes.length + offset + 5).fill(0xff)
  all.set(bytes, offset)
  return all.subarray(offset, offset + bytes.length)
}

const shown = (bytes: Uint8Array): readonly string[] => [...bytes].map((byte) => byte.toString(2).padStart(8, '0'))

describe('AHP-STATUS-22 the bits of two lists', () => {
  test.each([0, 1, 3, 4, 5, 8, 1021])(
    'of %i bytes are those of either, wherever they begin and whichever is longer',
    (length) => {
      for (const [offset, more] of [
        [0, 0],
        [1, 1],
        [2, 3],
        [3, 4],
      ] as const) {
        // Without a bit behind the end of the first, that may have all of the second, and is what comes back.
        const behind = randomBytes(more).map((byte) => byte | 1)
        const [one, other] = [at(offset, randomBytes(length)), at(3 - offset, Buffer.concat([randomBytes(length), behind]))]
        const both = Uint8Array.from({ length: length + more }, (_, index) => (one[index] ?? 0) | (other[index] ?? 0))
        expect(shown(union(one, other))).toEqual(shown(both))
        expect(shown(union(other, one))).toEqual(shown(both))
      }
    },
  )

  test('are the first itself when it has all of the second', () => {
    const one = Uint8Array.of(0x81, 0, 0xff, 0x7f, 0x80)
    for (const other of [one, one.slice(), new Uint8Array(9), new Uint8Array(0), one.subarray(0, 2), Uint8Array.of(1, 0, 0xf0)])
      expect(union(one, other)).toBe(one)
    for (let bit = 0; bit < 72; bit++) {
      const other = new Uint8Array(9)
      other[bit >> 3] = 0x80 >> (bit & 7)
      const isKnown = ((one[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0
      expect([bit, union(one, other) === one]).toEqual([bit, isKnown])
    }
  })

  test('leave both lists as they are', () => {
    const [one, other] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 8, 16, 32)]
    expect([...union(one, other)]).toEqual([5, 10, 19, 32])
    expect([[...one], [...other]]).toEqual([
      [1, 2, 3],
      [4, 8, 16, 32],
    ])
  })
})

test('bits are counted one by one, in every place, and beyond what fits a byte or a word', () => {
  for (let bit = 0; bit < 72; bit++) {
    const bits = new Uint8Array(9)
    bits[bit >> 3] = 0x80 >> (bit & 7)
    expect([bit, countOf(bits)]).toEqual([bit, 1])
  }
  for (const length of [0, 1, 2, 3, 4, 5, 1_000, 16_777_216]) expect(countOf(new Uint8Array(length).fill(0xff))).toBe(length * 8)
  const bytes = randomBytes(4_099)
  expect(countOf(at(1, bytes))).toBe(shown(bytes).join('').replaceAll('0', '').length)
})
