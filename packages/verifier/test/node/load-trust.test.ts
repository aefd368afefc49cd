import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeTrust, loadTrust, trustPath } from '../../src/node/load-trust.ts'
import { parseTrustBundle } from '../../src/trust.ts'
import { bundle } from '../trust-bundle.ts'

let folder = ''
let file = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiegis-trust-'))
  file = join(folder, 'aiegis-trust.json')
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function write(content: string | Uint8Array, mode = 0o644): void {
  writeFileSync(file, content)
  chmodSync(file, mode)
}

/** What `run` says; only a `TypeError` counts. */
function messageOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}

const isRoot = process.getuid?.() === 0

describe('reading the trust file', () => {
  test.each([0o400, 0o600, 0o640, 0o644])('gives the JSON, the path and the digest of the bytes; mode %o', (mode) => {
    const content = JSON.stringify(bundle())
    write(content, mode)
    expect(loadTrust(file)).toEqual({ bundle: bundle(), path: file, sha256: createHash('sha256').update(content).digest('hex') })
  })

  test('refuses a relative path', () => {
    expect(messageOf(() => loadTrust('aiegis-trust.json'))).toBe(
      "loadTrust: 'aiegis-trust.json' is not an absolute path; write one that starts at the root",
    )
  })

  test('AHP-BUNDLE-14 refuses a file that is not there', () => {
    expect(messageOf(() => loadTrust(file))).toBe(
      `trust file ${file} does not exist; create it (chapter 14 of the specification has an example), or set AIEGIS_TRUST to its absolute path, or pass { trust }`,
    )
  })

  test('AHP-BUNDLE-13 refuses a link, also to a right file', () => {
    write(JSON.stringify(bundle()))
    const link = join(folder, 'link.json')
    symlinkSync(file, link)
    expect(messageOf(() => loadTrust(link))).toBe(
      `trust file ${link} is a link; put the file itself there, or name the file that the link points to`,
    )
  })

  test('AHP-BUNDLE-13 refuses a directory', () => {
    expect(messageOf(() => loadTrust(folder))).toBe(`trust file ${folder} is not a regular file; put the JSON file itself there`)
  })

  test('AHP-BUNDLE-13 refuses a pipe without waiting for somebody to write into it', () => {
    execFileSync('mkfifo', ['-m', '0600', file])
    expect(messageOf(() => loadTrust(file))).toBe(`trust file ${file} is not a regular file; put the JSON file itself there`)
  })

  test('refuses a path that leads through a file', () => {
    write('{}')
    expect(messageOf(() => loadTrust(join(file, 'x.json')))).toBe(
      `trust file ${join(file, 'x.json')} cannot be opened (ENOTDIR); name a regular file`,
    )
  })

  test.each([0o664, 0o646, 0o620, 0o602, 0o777])('AHP-BUNDLE-13 refuses a file with mode %o', (mode) => {
    write(JSON.stringify(bundle()), mode)
    expect(messageOf(() => loadTrust(file))).toBe(
      `trust file ${file} can be written by group or others; chmod it to 0644 or less`,
    )
  })

  test.runIf(isRoot)('AHP-BUNDLE-13 refuses a file of another user (needs root to make one)', () => {
    write(JSON.stringify(bundle()))
    chownSync(file, 12_345, 0)
    expect(messageOf(() => loadTrust(file))).toBe(`trust file ${file} belongs to user 12345; chown it to root or to user 0`)
  })

  test.runIf(isRoot)(
    'AHP-BUNDLE-13 takes files of root and of its own user, refuses what it cannot read (needs root to change user)',
    () => {
      chmodSync(folder, 0o755)
      const found: string[] = []
      for (const [owner, mode] of [
        [0, 0o644],
        [65_534, 0o600],
        [0, 0o600],
        [12_345, 0o644],
      ] as const) {
        write('{}', mode)
        chownSync(file, owner, 0)
        process.seteuid?.(65_534)
        try {
          found.push(messageOf(() => loadTrust(file)))
        } finally {
          process.seteuid?.(0)
        }
      }
      expect(found).toEqual([
        'accepted',
        'accepted',
        `trust file ${file} cannot be read by the user of this process; give it read permission`,
        `trust file ${file} belongs to user 12345; chown it to root or to user 65534`,
      ])
    },
  )

  test('accepts 1 MiB and refuses one byte more', () => {
    write(`"${'a'.repeat(1_048_574)}"`)
    expect(loadTrust(file).bundle).toHaveLength(1_048_574)
    write(`"${'a'.repeat(1_048_575)}"`)
    expect(messageOf(() => loadTrust(file))).toBe(
      `trust file ${file} is larger than 1 MiB; list fewer parties or split the receiver`,
    )
  })

  test.each([
    ['nothing', ''],
    ['a comment', '{} // x'],
    ['a member twice', '{"ahp":1,"ahp":2}'],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('refuses %s', (_, content) => {
    write(content)
    const message = messageOf(() => loadTrust(file))
    expect(message).toContain(`trust file ${file} is not strict JSON (`)
    expect(message).toMatch(/\); correct it$/)
  })
})

describe('finding the trust file', () => {
  test('AHP-BUNDLE-12 AIEGIS_TRUST names it, absolute', () => {
    expect(trustPath('/etc/aiegis/trust.json', join(folder, 'main.js'))).toBe('/etc/aiegis/trust.json')
  })

  test.each(['', 'aiegis-trust.json', './aiegis-trust.json'])('AHP-BUNDLE-12 AIEGIS_TRUST=%j is refused', (variable) => {
    expect(messageOf(() => trustPath(variable, join(folder, 'main.js')))).toBe(
      `AIEGIS_TRUST: '${variable}' is not an absolute path; write one that starts at the root, or unset the variable`,
    )
  })

  test.each([
    ['the main module beside package.json', 'main.js'],
    ['the main module below', 'dist/server/main.js'],
    ['the main module without its extension', 'dist/main'],
  ])('AHP-BUNDLE-12 else it lies beside the package.json of %s', (_, main) => {
    writeFileSync(join(folder, 'package.json'), '{}')
    mkdirSync(join(folder, 'dist', 'server'), { recursive: true })
    if (main.endsWith('.js')) writeFileSync(join(folder, main), '')
    expect(trustPath(undefined, join(folder, main))).toBe(file)
  })

  test('AHP-BUNDLE-12 else it lies beside the nearest package.json, also when the main module is a directory or a link', () => {
    const app = join(folder, 'app')
    mkdirSync(join(app, 'bin'), { recursive: true })
    for (const place of [folder, app]) writeFileSync(join(place, 'package.json'), '{}')
    writeFileSync(join(app, 'bin', 'main.js'), '')
    symlinkSync(join(app, 'bin', 'main.js'), join(folder, 'command'))
    for (const main of [join(app, 'bin', 'main.js'), app, join(folder, 'command')]) {
      expect(trustPath(undefined, main)).toBe(join(app, 'aiegis-trust.json'))
    }
  })

  test('AHP-BUNDLE-12 it is never looked for in the working directory', () => {
    writeFileSync(join(folder, 'package.json'), '{}')
    mkdirSync(join(folder, 'app'))
    mkdirSync(join(folder, 'elsewhere'))
    renameSync(join(folder, 'package.json'), join(folder, 'app', 'package.json'))
    writeFileSync(join(folder, 'elsewhere', 'package.json'), '{}')
    writeFileSync(join(folder, 'app', 'main.js'), '')
    const before = process.cwd()
    try {
      process.chdir(join(folder, 'elsewhere'))
      expect(trustPath(undefined, join(folder, 'app', 'main.js'))).toBe(join(folder, 'app', 'aiegis-trust.json'))
    } finally {
      process.chdir(before)
    }
  })

  test.each([undefined, ''])('AHP-BUNDLE-14 without a main module (%j) there is no place', (main) => {
    expect(messageOf(() => trustPath(undefined, main))).toBe(
      'there is no main module beside which aiegis-trust.json could be; set AIEGIS_TRUST to its absolute path',
    )
  })

  test.skipIf(existsSync('/package.json'))('AHP-BUNDLE-14 without a package.json there is no place', () => {
    expect(messageOf(() => trustPath(undefined, '/main.js'))).toBe(
      'there is no package.json above /main.js beside which aiegis-trust.json could be; set AIEGIS_TRUST to its absolute path',
    )
  })
})

describe('the line at start', () => {
  test('AHP-BUNDLE-14 names path, digest, audience, issuers, harnesses and store, in one line', () => {
    const digest = 'ab'.repeat(32)
    const config = parseTrustBundle(bundle())
    const from = {
      path: '/etc/aiegis trust.json',
      sha256: digest,
      store: 'memory of this one process',
      lists: '"/var/lib/aiegis"',
    }
    expect(describeTrust(config, from)).toBe(
      `aiegis trust "/etc/aiegis trust.json", sha256 ${digest}, audience https://api.example.com, issuers did:web:identity.example, harnesses did:web:harness.example, replay memory of this one process, status lists "/var/lib/aiegis"`,
    )
    expect(describeTrust(config, { ...from, path: '/a\nb' })).not.toContain('\n')
  })
})
