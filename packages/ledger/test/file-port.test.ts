/** What is written outside a database is on the disk when the write resolves (spec chapter 17.2). @module */
import type * as Fs from 'node:fs'
import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { nodeFiles } from '../src/file-port.ts'
import { temporaryDirectory } from './logs.ts'

const disk = vi.hoisted(() => ({ flushed: [] as string[], fails: false }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>()
  return {
    ...fs,
    fdatasync(descriptor: number, done: (error: Error | null) => void) {
      const content = Buffer.alloc(fs.fstatSync(descriptor).size)
      fs.readSync(descriptor, content, 0, content.length, 0)
      disk.flushed.push(content.toString())
      if (disk.fails) done(new Error('EIO'))
      else fs.fdatasync(descriptor, done)
    },
  }
})

/** How often a handle of a file or directory was flushed, from now on. */
async function countSyncs(): Promise<() => number> {
  const handle = await open(import.meta.dirname, 'r')
  const spy = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
  await handle.close()
  onTestFinished(() => spy.mockRestore())
  return () => spy.mock.calls.length
}

describe('AHP-LEDGER-7 a file outside the database', () => {
  test('that is written in place is flushed with what was written, and a flush that fails is told', async () => {
    const name = join(temporaryDirectory(), 'slots')
    writeFileSync(name, '........')
    const file = await nodeFiles.open(name)
    await file.write(utf8('new'), 4)
    expect(disk.flushed).toEqual(['....new.'])
    disk.fails = true
    await expect(file.write(utf8('newer'), 0)).rejects.toThrow('EIO')
    expect(disk.flushed).toHaveLength(2)
    disk.fails = false
    await file.close()
  })

  test('that is written anew is flushed, and so are the names in its directory', async () => {
    const directory = temporaryDirectory()
    const syncs = await countSyncs()
    await nodeFiles.write(join(directory, 'file'), utf8('content'))
    expect([syncs(), readFileSync(join(directory, 'file'), 'utf8')]).toEqual([1, 'content'])
    await nodeFiles.syncDirectory(directory)
    expect(syncs()).toBe(2)
  })
})
