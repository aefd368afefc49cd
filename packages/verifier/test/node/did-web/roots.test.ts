import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDidWebResolver } from '../../../src/node/did-web/index.ts'
import { readRoots } from '../../../src/node/did-web/roots.ts'
import { GOOD, ROOT } from '../../certificates.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiegis-roots-'))
  path = join(folder, 'ca.pem')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function written(text: string, mode = 0o600): string {
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('AHP-BUNDLE-13 the file of roots', () => {
  test('may have several certificates, and text around them', () => {
    expect(readRoots(written(`# ours\n${ROOT}\n# another\n${GOOD.cert}`)).match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  })

  test.each<[string, () => string, string]>([
    ['does not exist', () => path, 'does not exist; create it, or write "caFile": null for the roots of the runtime'],
    ['is empty', () => written(''), 'has no certificate; write PEM'],
    ['has a key only', () => written(GOOD.key), 'has no certificate; write PEM'],
    [
      'has a certificate that is none',
      () => written(ROOT.replace('MII', 'AAA')),
      'has a certificate that cannot be read; write PEM',
    ],
    ['others may write', () => written(ROOT, 0o622), 'can be written by group or others; chmod it to 0644 or less'],
    ['is a link', () => (symlinkSync(written(ROOT), `${path}.link`), `${path}.link`), 'is a link; put the file itself there'],
    ['is a directory', () => folder, 'is not a regular file; put the PEM file itself there'],
    ['is larger than 1 MiB', () => written(ROOT + ' '.repeat(1_048_576)), 'is larger than 1 MiB; keep only the roots'],
  ])('stops the start when it %s', (_, make, sentence) => {
    const caFile = make()
    expect(() => createDidWebResolver({ hosts: new Map(), caFile })).toThrow(`didWeb.caFile ${caFile} ${sentence}`)
    expect(() => readRoots(caFile)).toThrow(TypeError)
  })
})
