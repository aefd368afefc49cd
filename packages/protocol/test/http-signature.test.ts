import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../src/base64.ts'
import { decodeUtf8 } from '../src/bytes.ts'
import {
  checkComponents,
  findSignature,
  formatContentDigest,
  formatSignatureHeaders,
  formatSignatureParams,
  parseContentDigest,
  RepeatedTag,
  signatureBase,
  type SignatureParams,
} from '../src/http-signature.ts'
import { Malformed } from '../src/refusal.ts'

const COMPONENTS = ['@method', '@target-uri', 'x-aegis-token']
const KEYID = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
const BYTES: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => index * 4)
const BASE64 = encodeBase64(BYTES)
const INNER = '("@method" "@target-uri" "x-aegis-token")'
const REQUIRED = `;created=1795212000;keyid="${KEYID}";tag="aegis-pop"`
const INPUT = `sig=${INNER}${REQUIRED}`
const SIGNATURE = `sig=:${BASE64}:`

/** The field with one member more, of exactly `length` bytes. */
const fill = (text: string, length: number): string => `${text}, x="${'a'.repeat(length - text.length - 6)}"`

const find = (input: string, signature: string = SIGNATURE): ReturnType<typeof findSignature> =>
  findSignature(input, signature, 'aegis-pop')

describe('finding the signature', () => {
  test('reads the member with the tag', () => {
    expect(find(INPUT)).toEqual({
      label: 'sig',
      components: COMPONENTS,
      params: { created: 1_795_212_000, keyid: KEYID, tag: 'aegis-pop' },
      paramsText: INNER + REQUIRED,
      signature: BYTES,
    })
  })

  test('reads alg, expires and nonce, in any order', () => {
    const input = `sig=${INNER};tag="aegis-pop";nonce="n \\" 1";alg="ed25519";expires=1795212060;keyid="k";created=0`
    expect(find(input)?.params).toEqual({
      tag: 'aegis-pop',
      nonce: 'n " 1',
      alg: 'ed25519',
      expires: 1_795_212_060,
      keyid: 'k',
      created: 0,
    })
  })

  test('AHP-POP-1 AHP-POP-3 finds it by its tag under any label, among members of others', () => {
    const others = 'wba=("@authority" "signature-agent";key="a2");created=1;keyid="x";alg="rsa-pss-sha512";tag="web-bot-auth"'
    const input = `${others}, cdn=("@status";req);unknown;x=1.5 ,\t *z.1_-=${INNER}${REQUIRED},  flag, num=12;tag=aegis-pop`
    const signature = `cdn=:AAAA:;p, *z.1_-=:${BASE64}:, wba=:${'A'.repeat(344)}:, other=token`
    expect(find(input, signature)?.label).toBe('*z.1_-')
  })

  test.each([
    ['no member at all', '', ''],
    ['no member with the tag', `sig=${INNER};created=1;keyid="k";tag="web-bot-auth"`, SIGNATURE],
    ['no tag', `sig=${INNER};created=1;keyid="k"`, SIGNATURE],
    ['the tag in another case', INPUT.replace('aegis-pop', 'Aegis-Pop'), SIGNATURE],
    ['the tag as a token', INPUT.replace('"aegis-pop"', 'aegis-pop'), SIGNATURE],
    ['the tag on a component only', `sig=("@method";tag="aegis-pop")`, SIGNATURE],
  ])('AHP-POP-1 finds nothing when there is %s', (_, input, signature) => {
    expect(find(input, signature)).toBeUndefined()
  })

  test('AHP-POP-1 refuses two members with the tag, whichever of them is good', () => {
    const second = `b=${INNER}${REQUIRED}`
    expect(() => find(`${INPUT}, ${second}`, `${SIGNATURE}, b=:${BASE64}:`)).toThrow(RepeatedTag)
    expect(() => find(`b=();tag="aegis-pop", ${INPUT}`)).toThrow(RepeatedTag)
    expect(() => find(`${INPUT}, b=1;tag="aegis-pop"`)).toThrow(RepeatedTag)
  })

  test('AHP-POP-2 refuses a label that occurs twice, in either field, also when the other one has another tag', () => {
    expect(() => find(`${INPUT}, sig=("@method");tag="other"`)).toThrow(Malformed)
    expect(() => find(`sig=("@method");tag="other", ${INPUT}`)).toThrow(Malformed)
    expect(() => find(INPUT, `${SIGNATURE}, ${SIGNATURE}`)).toThrow(Malformed)
  })

  test.each([
    ['no created', INPUT.replace(';created=1795212000', '')],
    ['no keyid', INPUT.replace(`;keyid="${KEYID}"`, '')],
    ['created as a string', INPUT.replace('=1795212000', '="1795212000"')],
    ['created as a decimal', INPUT.replace('=1795212000', '=1795212000.0')],
    ['a negative created', INPUT.replace('=1795212000', '=-1')],
    ['created as minus zero', INPUT.replace('=1795212000', '=-0')],
    ['keyid as a token', INPUT.replace(`"${KEYID}"`, 'k')],
    ['keyid as a flag', INPUT.replace(`="${KEYID}"`, '')],
    ['another algorithm', `${INPUT};alg="rsa-pss-sha512"`],
    ['the algorithm as a token', `${INPUT};alg=ed25519`],
    ['the algorithm in another case', `${INPUT};alg="Ed25519"`],
    ['an empty algorithm', `${INPUT};alg=""`],
    ['expires as a string', `${INPUT};expires="1"`],
    ['nonce as bytes', `${INPUT};nonce=:AAAA:`],
    ['an unknown parameter', `${INPUT};extra="1"`],
    ['a parameter named like a member of every object', `${INPUT};constructor="1"`],
    ['created twice', `${INPUT};created=1795212000`],
    ['the tag twice', `${INPUT};tag="aegis-pop"`],
    ['another tag behind ours', `${INPUT};tag="other"`],
    ['another tag before ours', `sig=${INNER};tag="other"${REQUIRED}`],
    ['no inner list', `sig="x"${REQUIRED}`],
    ['a flag instead of an inner list', `sig${REQUIRED}`],
    ['a component as a token', INPUT.replace('"@method"', 'method')],
    ['a component with a parameter', INPUT.replace('"@method"', '"@method";req')],
    ['a component twice', INPUT.replace('"@target-uri"', '"@method"')],
    ['a component in upper case', INPUT.replace('"x-aegis-token"', '"X-AEGIS-Token"')],
    ['an empty component', INPUT.replace('"@method"', '""')],
    ['a component with a line break in disguise', INPUT.replace('"@method"', String.raw`"a\" b"`)],
    ['@signature-params as a component', INPUT.replace('"@method"', '"@signature-params"')],
    ['two spaces between components', INPUT.replace('" "', '"  "')],
    ['a space after "("', INPUT.replace('(', '( ')],
    ['a space before ")"', INPUT.replace(')', ' )')],
    ['a space before a parameter', INPUT.replace(';keyid', '; keyid')],
    ['a leading zero', INPUT.replace('=1795212000', '=01795212000')],
  ])('AHP-POP-5 AHP-POP-6 AHP-POP-7 refuses our member with %s', (_, input) => {
    expect(() => find(input)).toThrow(Malformed)
  })

  test.each([
    ['no signature', ''],
    ['a signature under another label', `sig1=:${BASE64}:`],
    ['a signature with a parameter', `${SIGNATURE};a`],
    ['a signature as a string', `sig="${BASE64}"`],
    ['a signature as a list', `sig=(:${BASE64}:)`],
    ['a flag', 'sig'],
    ['63 bytes', `sig=:${encodeBase64(BYTES.subarray(1))}:`],
    ['65 bytes', `sig=:${encodeBase64(Uint8Array.of(...BYTES, 0))}:`],
    ['no bytes', 'sig=::'],
    ['base64 without padding', `sig=:${BASE64.replaceAll('=', '')}:`],
    ['base64 with spare bits', `sig=:${BASE64.replace('A==', 'B==').replace('w==', 'x==')}:`],
    ['a field that is no dictionary', `${SIGNATURE},`],
  ])('AHP-POP-8 refuses %s', (_, signature) => {
    expect(() => find(INPUT, signature)).toThrow(Malformed)
  })

  test('AHP-POP-2 refuses a field that is no dictionary, even when another member is at fault', () => {
    for (const input of [`${INPUT},`, `x=("a"b), ${INPUT}`, `X=1, ${INPUT}`, `${INPUT}, x=@1`])
      expect(() => find(input)).toThrow(Malformed)
  })

  test('AHP-POP-2 accepts 8 members and 2,048 bytes, refuses one more of each, in both fields', () => {
    const more = ', a, b, c, d, e, f, g'
    expect(find(INPUT + more, SIGNATURE + more)).toBeDefined()
    expect(() => find(`${INPUT}${more}, h`)).toThrow(Malformed)
    expect(() => find(INPUT, `${SIGNATURE}${more}, h`)).toThrow(Malformed)
    expect(find(fill(INPUT, 2048), fill(SIGNATURE, 2048))).toBeDefined()
    expect(() => find(fill(INPUT, 2049))).toThrow(Malformed)
    expect(() => find(INPUT, fill(SIGNATURE, 2049))).toThrow(Malformed)
  })
})

describe('components', () => {
  test('AHP-POP-4 must be exactly the expected ones in the expected order', () => {
    const member = find(INPUT)
    if (member === undefined) throw new Error('no member')
    expect(() => checkComponents(member, COMPONENTS)).not.toThrow()
    for (const expected of [
      [],
      ['@method'],
      COMPONENTS.toReversed(),
      [...COMPONENTS, 'content-digest'],
      COMPONENTS.slice(0, 2),
      ['@method', '@target-uri', 'x-aegis-tokens'],
    ]) {
      expect(() => checkComponents(member, expected)).toThrow(Malformed)
    }
  })

  test('a signature over nothing is found and covers nothing', () => {
    const member = find(`sig=()${REQUIRED}`)
    if (member === undefined) throw new Error('no member')
    expect(() => checkComponents(member, [])).not.toThrow()
    expect(() => checkComponents(member, COMPONENTS)).toThrow(Malformed)
  })
})

describe('signature base', () => {
  test('is one line for each component and the parameters without a line break at the end', () => {
    const base = signatureBase(
      [
        ['@method', 'POST'],
        ['@target-uri', 'https://api.example.com/orders?dry=1'],
        ['x-aegis-token', 'e30.e30.AA'],
      ],
      INNER + REQUIRED,
    )
    expect(decodeUtf8(base)).toBe(
      [
        '"@method": POST',
        '"@target-uri": https://api.example.com/orders?dry=1',
        '"x-aegis-token": e30.e30.AA',
        `"@signature-params": ${INNER}${REQUIRED}`,
      ].join('\n'),
    )
  })

  test('of no components is the parameters alone', () => {
    expect(decodeUtf8(signatureBase([], '();created=1'))).toBe('"@signature-params": ();created=1')
  })

  test.each(['a\nb', 'a\rb', '\n', 'caf\xe9', '\ud800', '\u2028'])('refuses the value %j', (value) => {
    expect(() => signatureBase([['@method', value]], '()')).toThrow(Malformed)
  })
})

describe('printing', () => {
  test('prints parameters in one order', () => {
    const params: SignatureParams = { tag: 't', keyid: 'k', nonce: 'n"', alg: 'ed25519', expires: 2, created: 1 }
    expect(formatSignatureParams(['@method'], params)).toBe(
      String.raw`("@method");created=1;expires=2;nonce="n\"";alg="ed25519";keyid="k";tag="t"`,
    )
    expect(formatSignatureParams(COMPONENTS, { created: 1_795_212_000, keyid: KEYID, tag: 'aegis-pop' })).toBe(INNER + REQUIRED)
  })

  test.each([
    ['a fraction', ['a'], { created: 1.5, keyid: 'k', tag: 't' }],
    ['a negative time', ['a'], { created: -1, keyid: 'k', tag: 't' }],
    ['not a number', ['a'], { created: Number.NaN, keyid: 'k', tag: 't' }],
    ['a time of 16 digits', ['a'], { created: 1e15, keyid: 'k', tag: 't' }],
    ['a fraction in expires', ['a'], { created: 1, expires: 1.5, keyid: 'k', tag: 't' }],
    ['a line break in a string', ['a'], { created: 1, keyid: 'k\n', tag: 't' }],
    ['a nonce outside ASCII', ['a'], { created: 1, keyid: 'k', tag: 't', nonce: '\xe9' }],
    ['a component twice', ['a', 'a'], { created: 1, keyid: 'k', tag: 't' }],
    ['a component in upper case', ['A'], { created: 1, keyid: 'k', tag: 't' }],
    ['a component with parameters', ['a";req'], { created: 1, keyid: 'k', tag: 't' }],
  ])('refuses to print %s', (_, components, params) => {
    expect(() => formatSignatureParams(components, params)).toThrow(Malformed)
  })

  test('refuses a label that is no key and a signature of another length', () => {
    expect(() => formatSignatureHeaders('Sig', '()', BYTES)).toThrow(Malformed)
    expect(() => formatSignatureHeaders('sig=(), x', '()', BYTES)).toThrow(Malformed)
    expect(() => formatSignatureHeaders('sig', '()', BYTES.subarray(1))).toThrow(Malformed)
  })

  test('what is printed is found again, equal', () => {
    const name = fc.stringMatching(/^@?[a-z][a-z0-9-]{0,12}$/)
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 60 })
    const time = fc.nat({ max: 999_999_999_999 })
    const params = fc.record(
      { created: time, keyid: text, tag: text, alg: fc.constant('ed25519' as const), expires: time, nonce: text },
      { requiredKeys: ['created', 'keyid', 'tag'] },
    )
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,12}$/),
        fc.uniqueArray(name, { maxLength: 6 }),
        params,
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (label, components, given, signature) => {
          const paramsText = formatSignatureParams(components, given)
          const headers = formatSignatureHeaders(label, paramsText, signature)
          expect(findSignature(headers['Signature-Input'], headers.Signature, given.tag)).toEqual({
            label,
            components,
            params: given,
            paramsText,
            signature,
          })
        },
      ),
    )
  })

  test('no other text with one character changed, added or removed stands for the same signature', () => {
    const both = `${INPUT}\n${SIGNATURE}`
    const original = JSON.stringify(find(INPUT))
    const put = fc.constantFrom('', ' ', '\t', '"', 'a', '0', '=', ';', ',', '\\', ')')
    const verdicts = { refused: 0, none: 0, other: 0, same: 0 }
    fc.assert(
      fc.property(fc.nat({ max: both.length - 1 }), put, fc.boolean(), (at, character, keep) => {
        const [input = '', signature = ''] = (both.slice(0, at) + character + both.slice(keep ? at : at + 1)).split('\n')
        // White space around a member belongs to the dictionary.
        if (input.trim() === INPUT && signature.trim() === SIGNATURE) return
        try {
          const found = find(input, signature)
          verdicts[found === undefined ? 'none' : JSON.stringify(found) === original ? 'same' : 'other']++
        } catch (error) {
          if (!(error instanceof Malformed)) throw error
          verdicts.refused++
        }
      }),
      { numRuns: 5000 },
    )
    expect(verdicts.same).toBe(0)
    expect(verdicts.refused).toBeGreaterThan(1000)
  })
})

describe('AHP-POP-14 Content-Digest', () => {
  const digest = BYTES.subarray(0, 32)
  const text = `sha-256=:${encodeBase64(digest)}:`

  test('is exactly one sha-256 member, there and back', () => {
    expect(parseContentDigest(text)).toEqual(digest)
    expect(formatContentDigest(digest)).toBe(text)
    expect(() => formatContentDigest(BYTES)).toThrow(Malformed)
  })

  test.each([
    ['nothing', ''],
    ['another algorithm', text.replace('256', '512')],
    ['two members', `${text}, sha-512=:AAAA:`],
    ['the member twice', `${text}, ${text}`],
    ['a parameter', `${text};a`],
    ['a space before', ` ${text}`],
    ['a space behind', `${text} `],
    ['upper case', text.replace('sha', 'SHA')],
    ['31 bytes', `sha-256=:${encodeBase64(BYTES.subarray(0, 31))}:`],
    ['33 bytes', `sha-256=:${encodeBase64(BYTES.subarray(0, 33))}:`],
    ['30 bytes with more padding', `sha-256=:${'A'.repeat(42)}==:`],
    ['no padding', text.replace('=:', ':').replace('=:', '==:')],
    ['base64url', text.replace('/', '_').replace('A', '-')],
    ['spare bits', `sha-256=:${'A'.repeat(42)}B=:`],
    ['a string', text.replaceAll(':', '"')],
  ])('refuses %s', (_, value) => {
    expect(() => parseContentDigest(value)).toThrow(Malformed)
  })
})
