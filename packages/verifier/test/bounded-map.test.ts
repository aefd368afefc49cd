import { expect, test } from 'vitest'
import { BoundedMap } from '../src/bounded-map.ts'

test('keeps what is used, forgets what is not, and never holds more than its size', () => {
  const map = new BoundedMap<number>(4)
  map.set('used', 0)
  map.set('unused', 0)
  for (let n = 1; n < 20; n++) {
    expect(map.get('used')).toBe(0)
    map.set(`k${n}`, n)
  }
  expect([map.get('unused'), map.get('k1'), map.get('k19')]).toEqual([undefined, undefined, 19])
})

test('a value written again is the newer one, also when the older is of the older generation', () => {
  const map = new BoundedMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect(map.get('a')).toBe(3)
})
