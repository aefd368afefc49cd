import type fs from 'node:fs'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeUtf8 } from '@aiegis/protocol'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createNewestFiles, type NewestFiles } from '../../src/node/newest-files.ts'

/** What the directory held a moment before it is read. */
const stale = vi.hoisted(() => ({ names: [] as string[] }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  return { ...real, readdirSync: (path: string) => (stale.names.length > 0 ? stale.names.splice(0) : real.readdirSync(path)) }
})

let directory = ''
let files: NewestFiles
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aiegis-newest-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const words = { name: 'memory', content: 'text', absent: 'remove it', ownerless: 'leave it out', large: 'remove it' }
  files = createNewestFiles(directory, '.txt', words)
})
const load = (name = 'a'): string | undefined => files.load(name, (bytes, order) => `${order.join('.')} ${decodeUtf8(bytes)}`)

test('the first number that differs decides, as a number of any size, also behind what is newer', async () => {
  const orders = [
    [1n, 2n],
    [1n, 10n],
    [1n, 10n],
    [2n, 0n],
    [2n, 0n],
    [10n, 0n],
    [18_446_744_073_709_551_614n, 1n],
    [18_446_744_073_709_551_615n, 0n],
  ]
  for (const order of orders) {
    await files.save('a', order, '')
    expect(readdirSync(directory)).toEqual([`a.${order.join('.')}.txt`])
    await files.save('a', [1n, 1n], '')
    expect(readdirSync(directory)).toEqual([`a.${order.join('.')}.txt`])
  }
})

test('names are apart, also where one begins with another', async () => {
  await files.save('a', [1n], 'of a')
  await files.save('ab', [2n], 'of ab')
  expect([load('a'), load('ab'), load('abc')]).toEqual(['1 of a', '2 of ab', undefined])
})

test.each(['a.007.txt', 'a.-7.txt', 'a.7.txt.old', 'a..txt', 'a.txt', 'a.7', 'a.7x.txt', 'a.100000000000000000000.txt'])(
  '%s, which nothing here has written, is left alone',
  async (name) => {
    writeFileSync(join(directory, name), '')
    expect(load()).toBeUndefined()
    await files.save('a', [1n], '')
    expect(load()).toBe('1 ')
    expect(readdirSync(directory)).toContain(name)
  },
)

test('what another process replaced after the directory was read is not missed', async () => {
  await files.save('a', [2n], '')
  stale.names = ['a.1.txt']
  expect(load()).toBe('2 ')
  expect(stale.names).toEqual([])
})

test('what is dropped is gone, and nothing else: neither another text, nor another order, nor another name', async () => {
  await files.save('a', [2n], 'of another process')
  await files.save('b', [2n], 'mine')
  await files.drop('a', [2n], 'mine')
  await files.drop('b', [1n], 'mine')
  await files.drop('c', [2n], 'mine')
  expect([load('a'), load('b')]).toEqual(['2 of another process', '2 mine'])
  await files.drop('b', [2n], 'mine')
  expect(readdirSync(directory)).toEqual(['a.2.txt'])
})
