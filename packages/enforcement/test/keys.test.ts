import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nobleCrypto, toHex, utf8, verifyEd25519 } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadKey, loadKeys, prepareState } from '../src/keys.ts'
import { UsageError } from '../src/usage.ts'

const KIDS = {
  harness: 'did:web:h.example#1',
  log: 'log',
  issuer: 'did:web:i.example#1',
  status: 'did:web:i.example#s',
  pack: 'did:web:p.example#1',
}
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aiegis-keys-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function file(): string {
  return join(directory, 'a.key')
}

function sentence(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'no error'
}

test('the first start makes five keys that only their owner can read, the second start finds them', () => {
  const first = loadKeys(directory, KIDS)
  expect(readdirSync(directory).toSorted()).toEqual(['harness.key', 'issuer.key', 'log.key', 'pack.key', 'status.key'])
  expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual(Array(5).fill(0o600))
  const second = loadKeys(directory, KIDS)
  expect(toHex(second.harness.publicKey.bytes)).toBe(toHex(first.harness.publicKey.bytes))
  expect(new Set(Object.values(first).map(({ publicKey }) => toHex(publicKey.bytes))).size).toBe(5)
  expect([first.harness.kid, first.log.kid]).toEqual(['did:web:h.example#1', 'log'])
})

test('what a key signs verifies under its public key', async () => {
  const key = loadKey(join(directory, 'a.key'), 'x')
  expect(await verifyEd25519(nobleCrypto(), key.publicKey, utf8('text'), key.sign(utf8('text')))).toBe(true)
})

test('a key that another tool made as PKCS#8 PEM is read', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(file(), privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  expect(loadKey(file(), 'x').publicKey.bytes).toHaveLength(32)
})

describe('a key file that cannot be trusted stops the start', () => {
  test.each([
    ['group can read', 0o640],
    ['others can read', 0o604],
    ['others can write', 0o602],
  ])('%s', (_, mode) => {
    loadKey(file(), 'x')
    chmodSync(file(), mode)
    expect(sentence(() => loadKey(file(), 'x'))).toBe(
      `${file()}: others can read it; run chmod 600 ${file()}, and make a new key if somebody may have`,
    )
  })

  test('it is a link', () => {
    loadKey(join(directory, 'b.key'), 'x')
    symlinkSync(join(directory, 'b.key'), file())
    expect(sentence(() => loadKey(file(), 'x'))).toBe(`${file()}: it is a link; put the key itself there`)
  })

  test('it is a link to nowhere: no key is made where it points', () => {
    symlinkSync(join(directory, 'elsewhere'), file())
    expect(sentence(() => loadKey(file(), 'x'))).toContain('it is a link')
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false)
  })

  test('it is a directory', () => {
    mkdirSync(file(), { mode: 0o700 })
    expect(sentence(() => loadKey(file(), 'x'))).toBe(`${file()}: it is not a regular file; remove it, it will be made anew`)
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['another text', 'secret'],
    ['a public key', generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString()],
    [
      'a key of another kind',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ],
    ['X25519', generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
    ['much', 'x'.repeat(100_000)],
  ])('it holds %s', (_, content) => {
    writeFileSync(file(), content, { mode: 0o600 })
    expect(sentence(() => loadKey(file(), 'x'))).toBe(
      `${file()}: it holds no Ed25519 key as PKCS#8 PEM; remove it, a new one will be made`,
    )
    expect(readFileSync(file(), 'utf8')).toBe(content)
  })

  test('one key stands in two files', () => {
    loadKeys(directory, KIDS)
    copyFileSync(join(directory, 'harness.key'), join(directory, 'log.key'))
    expect(sentence(() => loadKeys(directory, KIDS))).toBe(
      `${directory}: log.key and harness.key hold the same key; remove one, it will be made anew`,
    )
  })
})

describe('the state directory', () => {
  test('is made for its owner only', () => {
    const made = join(directory, 'a', 'state')
    prepareState(made)
    expect(statSync(made).mode & 0o777).toBe(0o700)
  })

  test('that others can write into is refused', () => {
    chmodSync(directory, 0o770)
    expect(sentence(() => prepareState(directory))).toBe(
      `--state ${directory}: others can write into it; run chmod go-w ${directory}`,
    )
  })

  test('that is a file is refused', () => {
    const made = join(directory, 'file')
    writeFileSync(made, '')
    expect(sentence(() => prepareState(made))).toBe(`--state ${made}: the directory cannot be made (EEXIST); name one that can`)
  })
})
