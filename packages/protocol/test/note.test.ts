import { assert, property, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../src/base64.ts'
import { concat, fromHex } from '../src/bytes.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { importEd25519 } from '../src/ed25519.ts'
import { findNoteSignature, formatNote, formatVkey, isKeyName, noteKeyId, parseNote, parseVkey } from '../src/note.ts'
import { Malformed } from '../src/refusal.ts'
import { logKey, signNote, witnessKey } from './log-keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const crypto = defaultCrypto()
const log = logKey('ledger.example/aiegis/1')
const text = 'ledger.example/aiegis/1\n8\nOV4iliDpSLOKCVaGnigqcEU28nx/UP0E1AGETLRCpvE=\n'
const note = formatNote(text, [signNote(log, text)])
const line = note.slice(text.length + 1)

describe('verifier keys', () => {
  test('the id and the text follow from name, type and key', () => {
    const key = importEd25519(fromHex('e7b93c7d83b3d39b31d22e1ba5d8950668f8838a4ccb70281ed849b939daeac0'))
    expect(noteKeyId(crypto, 'ledger.example/aiegis/1', 1, key).toString(16)).toBe('4a1ac9d3')
    const vkey = 'ledger.example/aiegis/1+4a1ac9d3+Aee5PH2Ds9ObMdIuG6XYlQZo+IOKTMtwKB7YSbk52urA'
    expect(formatVkey('ledger.example/aiegis/1', 1, key, crypto)).toBe(vkey)
    expect(parseVkey(vkey)).toMatchObject({ text: vkey, name: 'ledger.example/aiegis/1', type: 1, id: 0x4a1ac9d3 })
  })

  test('AHP-PROOF-6 an id that is not that of this name, type and key is refused', () => {
    const { text: good } = log.vkey
    const [name, id, key] = parts(good)
    expect(parseVkey(`${name}+${id}+${key}`).text).toBe(good)
    const bad = [
      `${name}x+${id}+${key}`,
      `${name}+${id.startsWith('0') ? '1' : '0'}${id.slice(1)}+${key}`,
      `${name}+${id}+${witnessKey(name).vkey.text.slice(-44)}`,
      `${name}+${id}+${logKey('other').vkey.text.slice(-44)}`,
    ]
    expect(accepted(bad, parseVkey)).toEqual([])
  })

  test('every other spelling of a key is refused', () => {
    const { text: good } = log.vkey
    const [name, id, key] = parts(good)
    const spellings = [`${name}+${id.toUpperCase()}+${key}`, `${name}+${id}+${key.replace(/[+/]/g, '_')}`]
    expect(spellings).not.toContain(good)
    const bad = [
      ...spellings,
      '',
      '+',
      '++',
      ` ${good}`,
      `${good}\n`,
      `${good}=`,
      good.slice(0, -1),
      good.replace('+', '++'),
      `\ufeff${good}`,
      `${good} `,
    ]
    expect(accepted(bad, parseVkey)).toEqual([])
  })

  test('AHP-PROOF-6 types that are not Ed25519 notes and keys of small order are refused', () => {
    for (const type of [0, 2, 3, 5, 6, 255]) {
      expect(() => parseVkey(formatVkey('log.example', type, log.vkey.key, crypto)), `type ${type}`).toThrow(Malformed)
    }
    const neutral = concat([new Uint8Array([1, 1]), new Uint8Array(31)])
    const id = crypto.sha256(concat([new TextEncoder().encode('log.example\n'), neutral])).slice(0, 4)
    expect(() => parseVkey(`log.example+${Buffer.from(id).toString('hex')}+${encodeBase64(neutral)}`)).toThrow(Malformed)
  })

  test('AHP-PROOF-4 a key name holds no Unicode white space, no plus sign and no control character', () => {
    const good = ['a', 'log.example/1', 'ключ', '\ufeff', 'a'.repeat(256)]
    expect(good.filter(isKeyName)).toEqual(good)
    const bad = [
      '',
      ' ',
      'a b',
      'a+b',
      'a\nb',
      'a\tb',
      'a\u0085b',
      'a\u00a0b',
      'a\u2003b',
      'a\u3000',
      'a\0',
      'a\u007f',
      '\ud800',
      'a'.repeat(257),
    ]
    expect(bad.filter(isKeyName)).toEqual([])
    expect(() => formatVkey('a b', 1, log.vkey.key, crypto)).toThrow(Malformed)
  })
})

describe('notes', () => {
  test('what is written is read back', () => {
    const parsed = parseNote(note)
    expect(parsed.text).toBe(text)
    expect(parsed.signatures).toEqual([signNote(log, text)])
    expect(formatNote(parsed.text, parsed.signatures)).toBe(note)
  })

  test('any note that is read prints back to the same characters', () => {
    const anyText = string({ unit: 'grapheme' }).map((content) => `${content}\n`)
    assert(
      property(anyText, uint8Array({ minLength: 1, maxLength: 80 }), (content, signature) => {
        const made = formatNote(content, [{ name: 'a.example', id: 0xfffffffe, signature }])
        if (!/^[\n\u0020-\u007e\u00a0-\uffff]*$/.test(content)) return
        const parsed = parseNote(made)
        expect(formatNote(parsed.text, parsed.signatures)).toBe(made)
        expect(parsed.text).toBe(content)
      }),
    )
  })

  test('the text ends at the last blank line, so that a note inside the text signs nothing', () => {
    const inner = `${note}more\n`
    const outer = formatNote(inner, [signNote(log, inner)])
    expect(parseNote(outer).text).toBe(inner)
    const smuggled = `other\n\n${line}${note}`
    expect(parseNote(smuggled).text).toBe(`other\n\n${line}${text}`)
    expect(parseNote(`a\n\n\n${line}`).text).toBe('a\n\n')
  })

  test('AHP-PROOF-5 bytes before, between and after are refused', () => {
    const bad = [
      '',
      '\n',
      '\n\n',
      text,
      `${text}\n`,
      note.slice(0, -1),
      `${note}\n`,
      `${note} `,
      `${note}x`,
      `${note}x\n`,
      `${text}${line}`,
      `${text}\n ${line}`,
      `${text}\n${line.slice(0, -1)} \n`,
      note.replaceAll('\n', '\r\n'),
      note.replace('8\n', '8\r\n'),
      `${note}\0`,
      note.replace('aiegis', 'ai\u0000egis'),
      note.replace('aiegis', 'ai\tegis'),
      note.replace('aiegis', 'ai\u0085egis'),
      note.replace('aiegis', 'ai\ud800egis'),
    ]
    expect(accepted(bad, parseNote)).toEqual([])
  })

  test('AHP-PROOF-4 a signature line has one spelling', () => {
    const base64 = line.slice(line.lastIndexOf(' ') + 1, -1)
    expect(base64.endsWith('=')).toBe(true)
    const spare = base64.replace(/(.)=$/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`)
    const bad = [
      line.replace('—', '–'),
      line.replace('—', '-'),
      line.replace('— ', '—'),
      line.replace('— ', '—  '),
      line.replace('— ', '—\u00a0'),
      line.replace('1 ', '1  '),
      line.replace('1 ', '1\u3000'),
      line.replace('aiegis', 'ai+egis'),
      line.replace('aiegis', 'ai egis'),
      line.replace(/ledger.*1 /, ' '),
      line.replace(base64, base64.slice(0, -1)),
      line.replace(base64, `${base64}=`),
      line.replace(base64, `${base64.slice(0, 20)} ${base64.slice(20)}`),
      line.replace(base64, base64.replaceAll('=', '')),
      line.replace(base64, spare),
      line.replace(base64, `_${base64.slice(1)}`),
      line.replace(base64, ''),
      line.replace(base64, 'AAAA'),
      line.replace(base64, 'AAAAAA=='),
    ]
    expect(bad).not.toContain(line)
    expect(accepted(bad, (candidate) => parseNote(`${text}\n${candidate}`))).toEqual([])
    expect(parseNote(`${text}\n— x AAAAAAA=\n`).signatures).toHaveLength(1)
  })

  test('AHP-PROOF-4 two lines of one key are refused, equal or not; another id or name is another key', () => {
    const one = signNote(log, text)
    const other = { ...one, signature: signNote(log, `${text}x`).signature }
    expect(() => parseNote(formatNote(text, [one, one]))).toThrow(Malformed)
    expect(() => parseNote(formatNote(text, [one, other]))).toThrow(Malformed)
    expect(parseNote(formatNote(text, [one, { ...one, id: one.id ^ 1 }, { ...one, name: 'x' }])).signatures).toHaveLength(3)
  })

  test('16 signatures are read, 17 are not, unless other limits are given', () => {
    const many = Array.from({ length: 17 }, (_, id) => ({ name: 'a', id, signature: new Uint8Array(64) }))
    expect(parseNote(formatNote(text, many.slice(1))).signatures).toHaveLength(16)
    expect(() => parseNote(formatNote(text, many))).toThrow(Malformed)
    expect(parseNote(formatNote(text, many), { maxSignatures: 17 }).signatures).toHaveLength(17)
    expect(() => parseNote(note, { maxLength: note.length - 1 })).toThrow(Malformed)
    expect(parseNote(note, { maxLength: note.length }).text).toBe(text)
  })

  test('a line is found by name and id together, whatever stands before it', () => {
    const foreign = [1, 2, 3].map((id) => ({ name: log.vkey.name, id, signature: new Uint8Array(64) }))
    const named = { ...signNote(log, text), name: `${log.vkey.name}2` }
    const parsed = parseNote(formatNote(text, [...foreign, named, signNote(log, text)]))
    expect(findNoteSignature(parsed, log.vkey)).toEqual(signNote(log, text))
    expect(findNoteSignature(parseNote(formatNote(text, [...foreign, named])), log.vkey)).toBeUndefined()
  })

  test('a text that does not end in a newline cannot be signed', () => {
    expect(() => formatNote('a', [])).toThrow(TypeError)
  })
})

/** Name, id and key of a verifier key. */
function parts(vkey: string): [string, string, string] {
  const [name = '', id = ''] = vkey.split('+')
  return [name, id, vkey.slice(name.length + id.length + 2)]
}

/** The candidates that are not refused. */
function accepted(candidates: readonly string[], parse: (candidate: string) => unknown): string[] {
  return candidates.filter((candidate) => outcome(() => parse(candidate)) !== REFUSED)
}
