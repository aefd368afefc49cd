import type * as Fs from 'node:fs'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadKey } from '../src/keys.ts'
import { createStatusFile, createStatusPublisher, type StatusPublisher } from '../src/status.ts'

/** What the disk takes of each write. */
let disk: (length: number) => number = (length) => length

vi.mock('node:fs', async (original) => {
  const real = await original<typeof Fs>()
  return {
    ...real,
    writeSync: (descriptor: number, data: Uint8Array | string, at = 0): number => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      return real.writeSync(descriptor, bytes, at, disk(bytes.length - at))
    },
  }
})

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aiegis-durable-'))
})
afterEach(() => {
  disk = (length) => length
  rmSync(directory, { recursive: true, force: true })
})

function open(): StatusPublisher {
  return createStatusPublisher({
    file: join(directory, 'status.json'),
    url: 'https://identity.example/status/revocation/1',
    issuer: 'did:web:identity.example',
    signer: createSigner(new Uint8Array(32).fill(3), 'did:web:identity.example#status'),
    now: () => 1_795_212_000_000,
  })
}

describe('a disk that takes less than it is given', () => {
  test('and the rest later: revocations and keys are whole', () => {
    disk = (length) => Math.ceil(length / 3)
    createStatusFile(join(directory, 'status.json'))
    expect(open().revoke(5)).toBe(true)
    expect(open().isRevoked(5)).toBe(true)
    const made = loadKey(join(directory, 'a.key'), 'x')
    expect(loadKey(join(directory, 'a.key'), 'x').publicKey.bytes).toEqual(made.publicKey.bytes)
  })

  test('and nothing more: the good file stays, the revocation holds here, and is not taken for stored', () => {
    createStatusFile(join(directory, 'status.json'))
    const publisher = open()
    publisher.revoke(4)
    const good = readFileSync(join(directory, 'status.json'), 'utf8')
    disk = (length) => (length > 1_000 ? 1_000 : 0)
    expect(() => publisher.revoke(5)).toThrow('nothing more can be written')
    expect(readFileSync(join(directory, 'status.json'), 'utf8')).toBe(good)
    expect([publisher.isRevoked(5), open().isRevoked(5)]).toEqual([true, false])
    expect(() => publisher.revoke(5)).toThrow('nothing more can be written')
    disk = (length) => length
    expect([publisher.revoke(5), publisher.revoke(5)]).toEqual([true, false])
    expect(open().isRevoked(5)).toBe(true)
  })
})

test('AHP-STATUS-14 a revocation that could not be stored is stored by the next call, and by any other change', () => {
  const file = join(directory, 'status.json')
  createStatusFile(file)
  const publisher = open()
  const broken = (act: () => unknown): void => {
    mkdirSync(`${file}.new`)
    expect(act).toThrow('EISDIR')
    rmdirSync(`${file}.new`)
  }
  broken(() => publisher.revoke(6))
  expect([publisher.revoke(6), publisher.revoke(6), open().isRevoked(6)]).toEqual([true, false, true])
  broken(() => publisher.revoke(7))
  publisher.allocate()
  expect([publisher.revoke(7), open().isRevoked(7)]).toEqual([false, true])
  expect(readdirSync(directory)).toEqual(['status.json'])
})
