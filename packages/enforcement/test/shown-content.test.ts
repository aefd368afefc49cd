import { encodeBase64url, utf8, type JsonObject } from '@aiegis/protocol'
import { assert, array, property, string, tuple } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readShownContent } from '../src/shown-content.ts'
import { API, createScene, text, type Scene } from './scene.ts'

const FORM = 'application/x-www-form-urlencoded'
const read = (content: string | Uint8Array, type: string): unknown =>
  readShownContent(typeof content === 'string' ? utf8(content) : content, type)

describe('AHP-ASK-9 content that policy reads', () => {
  test.each<[string, string, string, unknown]>([
    ['JSON', '{"to":"ada\\u0040example.com"}', 'application/json', { to: 'ada@example.com' }],
    ['JSON of another kind', '[1]', 'Application/Problem+JSON;charset="UTF-8"', [1]],
    ['plain text', 'ada@example.com', 'text/plain', 'ada@example.com'],
    ['plain text with a charset', 'Zoë {1}', 'text/plain ; Charset=UTF-8; format=flowed', 'Zoë {1}'],
    [
      'a form',
      'to=ada%40example%2Ecom&a+b=%2B4%39&=&empty&x=1=2&&Zo%C3%AB=ë',
      FORM,
      [
        ['to', 'ada@example.com'],
        ['a b', '+49'],
        ['', ''],
        ['empty', ''],
        ['x', '1=2'],
        ['Zoë', 'ë'],
      ],
    ],
    ['nothing, whatever its type', '', 'multipart/form-data; boundary=b', null],
    ['nothing without a type', '', '', null],
  ])('%s', (_, content, type, expected) => {
    expect(read(content, type)).toEqual(expected)
  })

  test('a form as browsers and URLSearchParams write and read it', () => {
    const printable = string({ unit: 'binary', maxLength: 20 }).map((value) => value.replaceAll(/[\0\p{Surrogate}]/gu, ''))
    assert(
      property(array(tuple(printable, printable), { maxLength: 10 }), (pairs) => {
        const body = new URLSearchParams(pairs).toString()
        expect(read(body, FORM) ?? []).toEqual(pairs)
      }),
    )
  })
})

describe('AHP-ASK-9 content that a handler may read in another way is unseen', () => {
  const json = '{"to":"ada\\u0040example.com"}'
  test.each<[string, string | Uint8Array, string]>([
    ['JSON without a type', json, ''],
    ['text without a type', 'hello', ''],
    ['JSON as text', json, 'text/plain'],
    ['JSON as text after white space and a byte order mark', `\uFEFF \r\n${json}`, 'text/plain'],
    ['JSON with a member twice as text', '{"a":1,"a":2}', 'text/plain'],
    ['a list as text', '[1]', 'text/plain'],
    ['a JSON string as text', '"ada\\u0040example.com"', 'text/plain'],
    ['markup as text', '<a>ada&#64;example.com</a>', 'text/plain'],
    ['JSON of a type that is not JSON', json, 'text/json'],
    ['JSON of a type with a word behind it', '{"to":"ada+AEA-example.com"}', 'application/json charset=utf-7'],
    ['UTF-7', 'ada+AEA-example.com', 'text/plain;charset=utf-7'],
    ['UTF-7 behind a comma', 'ada+AEA-example.com', 'text/plain; x=1,charset=utf-7'],
    ['two charsets', 'ada', 'text/plain; charset=utf-8; charset=utf-7'],
    ['a charset of RFC 8187', 'ada', "text/plain; charset*=utf-7''"],
    ['a charset with a space', 'ada', 'text/plain; charset =utf-7'],
    ['a charset in single quotes', 'ada', "text/plain; charset='utf-8'"],
    ['a charset with an escape', 'ada', 'text/plain; charset="utf-\\8"'],
    ['an empty parameter', 'ada', 'text/plain;;charset=utf-8'],
    ['utf8', 'ada', 'text/plain; charset=utf8'],
    ['UTF-16 without a label', new Uint8Array(Buffer.from('ada@example.com', 'utf16le')), 'text/plain'],
    ['UTF-16 with one', 'ada', 'text/plain; charset=utf-16'],
    ['bytes that are no UTF-8', new Uint8Array([0xc0, 0xae]), 'text/plain'],
    ['a form in another charset', 'to=ada', `${FORM}; charset=utf-7`],
    ['XML', '<a>ada</a>', 'application/xml'],
    ['XML as text', '<a>ada</a>', 'text/xml'],
    ['HTML', 'ada', 'text/html'],
    ['parts', '--b\r\n\r\nada\r\n--b--\r\n', 'multipart/form-data; boundary=b'],
    ['bytes', 'ada', 'application/octet-stream'],
    ['a type that is none', 'ada', 'text'],
  ])('%s', (_, content, type) => {
    expect(read(content, type)).toBe(undefined)
  })
})

describe('AHP-ASK-10 JSON and forms that parsers read in different ways are refused', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['a member twice', '{"a":1,"a":2}', 'application/json'],
    ['a byte order mark', '\uFEFF{}', 'application/json'],
    ['JSON in UTF-16', '{}', 'application/json; charset=utf-16'],
    ['an escape that is cut', 'a=%4', FORM],
    ['an escape that is none', 'a=%zz', FORM],
    ['an escape of old', 'a=%u0040', FORM],
    ['escapes that are no UTF-8', 'a=%FF', FORM],
    ['an overlong escape', 'a=%C0%AE', FORM],
    ['bytes that are no UTF-8', new Uint8Array([0x61, 0x3d, 0xff]), FORM],
    ['a NUL', 'a=ada%00', FORM],
    ['more fields than handlers read', 'a&'.repeat(10_001), FORM],
  ])('%s', (_, content, type) => {
    expect(() => read(content, type)).toThrow('request_unacceptable')
  })
})

describe('what the whole harness does with it', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await createScene()
  })
  afterAll(() => scene.close())

  async function asked(content: string, contentType: string, more: JsonObject = {}): Promise<string> {
    const request = { method: 'POST', url: `${API}/orders`, contentType, content: encodeBase64url(utf8(content)) }
    const { status, json } = await scene.ask({ action: 'orders.create', target: `${API}/orders`, context: { request }, ...more })
    return `${status} ${text(json['deciding_rule'] ?? json['code'])} ${JSON.stringify(json['obligations'] ?? null)}`
  }

  test('an address in a form is blocked however it is written', async () => {
    for (const form of ['to=ada%40example%2Ecom', 'to=%61da%40example.%63om', 'ada%40example%2Ecom=to'])
      expect(await asked(form, FORM)).toBe('401 pii-email null')
    expect(await asked('to=%2B4%3917012345678', FORM)).toBe('401 pii-phone-e164 null')
    expect(await asked('to=somebody', FORM)).toBe('200 - []')
  })

  test('what policy could not be sure of is an obligation, and its input is null', async () => {
    expect(await asked('{"to":"ada\\u0040example.com"}', 'text/plain')).toBe('200 - ["content_unseen"]')
    expect(await asked('{"to":"ada\\u0040example.com"}', '')).toBe('200 - ["content_unseen"]')
    expect(await asked('<a/>', 'application/xml', { input: null })).toBe('200 - ["content_unseen"]')
    expect(await asked('<a/>', 'application/xml', { input: 'nothing bad' })).toBe('422 input_mismatch null')
  })
})
