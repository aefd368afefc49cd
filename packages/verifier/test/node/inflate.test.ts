import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inflate } from '../../src/node/inflate.ts'

const MIB = 1_048_576
const MAX = 16 * MIB
const gzipOf = (length: number): Uint8Array => gzipSync(Buffer.alloc(length, 7))

/** The same bytes with an end that says another length. */
function saying(gzip: Uint8Array, length: number): Uint8Array {
  const changed = Buffer.from(gzip)
  changed.writeUInt32LE(length, changed.length - 4)
  return changed
}

describe('AHP-STATUS-20 inflating', () => {
  test('up to 1 MiB happens at once, and not where it says less than it is', async () => {
    const bytes = inflate(gzipOf(MIB), MAX)
    expect(bytes).toBeInstanceOf(Uint8Array)
    expect(await bytes).toHaveLength(MIB)
    expect(() => inflate(saying(gzipOf(5 * MIB), 5), MAX)).toThrow(RangeError)
    expect(() => inflate(saying(gzipOf(MIB), 5), MAX)).toThrow('incorrect length check')
  })

  test('at once stops at a lower limit too', async () => {
    expect(await inflate(gzipOf(1000), 1000)).toHaveLength(1000)
    expect(() => inflate(saying(gzipOf(100_000), 999), 999)).toThrow(RangeError)
    await expect(inflate(gzipOf(1001), 1000)).rejects.toThrow(RangeError)
  })

  test('more happens in a thread, up to the limit and not beyond', async () => {
    const bytes = inflate(gzipOf(MIB + 1), MAX)
    expect(bytes).toBeInstanceOf(Promise)
    expect(await bytes).toHaveLength(MIB + 1)
    expect(await inflate(gzipOf(MAX), MAX)).toHaveLength(MAX)
    await expect(inflate(gzipOf(MAX + 1), MAX)).rejects.toThrow(RangeError)
    await expect(inflate(saying(gzipOf(2 * MAX), MAX), MAX)).rejects.toThrow(RangeError)
  })

  test('happens one after the other, also after one that fails', async () => {
    const order: string[] = []
    const queue = async (name: string, gzip: Uint8Array): Promise<void> => {
      const ended = (how: string) => (): void => void order.push(`${name} ${how}`)
      await Promise.resolve(inflate(gzip, MAX)).then(ended('good'), ended('bad'))
    }
    const small = inflate(gzipOf(MIB), MAX)
    await Promise.all([
      queue('largest', gzipOf(MAX)),
      queue('broken', saying(gzipOf(10), 2 * MIB)),
      queue('large', gzipOf(2 * MIB)),
    ])
    expect(order).toEqual(['largest good', 'broken bad', 'large good'])
    expect(small).toBeInstanceOf(Uint8Array)
  })

  test.each([0, 1, 3])('%i bytes are an error', (length) => {
    expect(() => inflate(new Uint8Array(length), MAX)).toThrow(Error)
  })
})
