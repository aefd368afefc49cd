import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { httpbis } from 'http-message-signatures'
import { describe, expect, test } from 'vitest'
import { decodeBase64, decodeBase64url } from '../src/base64.ts'
import { decodeUtf8, utf8 } from '../src/bytes.ts'
import { defaultCrypto, nobleCrypto } from '../src/crypto.ts'
import { importEd25519, verifyEd25519, type Ed25519PublicKey } from '../src/ed25519.ts'
import {
  checkComponents,
  findSignature,
  formatSignatureHeaders,
  formatSignatureParams,
  signatureBase,
  type SignatureMember,
} from '../src/http-signature.ts'
import { parseEd25519Jwk, thumbprint } from '../src/jwk.ts'
import { Malformed } from '../src/refusal.ts'
import { createSigner } from '../src/signer.ts'

const directory = process.env['VECTORS_DIR']

interface Case {
  readonly id: string
  readonly label: string
  readonly alg: string
  readonly keyid: string
  readonly message: string
  readonly signature_input: string
  readonly signature: string
  readonly signature_base: string
}

interface AppendixB {
  readonly keys: Readonly<Record<string, { readonly pem?: string; readonly jwk?: { readonly x?: string } }>>
  readonly messages: Readonly<Record<string, string>>
  readonly cases: readonly Case[]
}

interface BotEntry {
  readonly key: { readonly kty: string; readonly crv?: string; readonly d?: string; readonly x: string }
  readonly target_url: string
  readonly created_ms: number
  readonly expires_ms: number
  readonly nonce: string
  readonly label: string
  readonly signature: string
  readonly signature_input: string
  readonly signature_agent?: string
}

/** The parsed file, or `absent` when there are no vectors and every test is skipped. */
function load<T>(name: string, absent: T): T {
  return directory === undefined ? absent : (JSON.parse(readFileSync(join(directory, 'rfc9421', name), 'utf8')) as T)
}

/** The member, which must be there. */
function found(member: SignatureMember | undefined): SignatureMember {
  if (member === undefined) throw new Error('no member has the tag')
  return member
}

async function verdictOf(find: () => SignatureMember | undefined, publicKey: Ed25519PublicKey): Promise<string> {
  try {
    const member = find()
    if (member === undefined) return 'not found'
    return (await verifyEd25519(defaultCrypto(), publicKey, utf8('anything'), member.signature)) ? 'verified' : 'not verified'
  } catch (error) {
    if (error instanceof Malformed) return 'malformed'
    throw error
  }
}

const NO_CASE: Case = {
  id: '',
  label: '',
  alg: '',
  keyid: '',
  message: '',
  signature_input: '',
  signature: '',
  signature_base: '',
}

/** The text after `label=`: what the profile calls `paramsText`. */
const paramsOf = (input: string): string => input.slice(input.indexOf('=') + 1)

const keyOf = (x: string | undefined): Ed25519PublicKey => parseEd25519Jwk({ kty: 'OKP', crv: 'Ed25519', x: x ?? '' })

const engines = [
  ['the default engine', defaultCrypto()],
  ['portable JavaScript', nobleCrypto()],
] as const

/** The value of a component of an HTTP/1.1 message, as far as the vectors use them. */
function valueOf(message: string, component: string): string {
  const [start = '', ...lines] = (message.split('\n\n')[0] ?? '').split('\n')
  const [first = '', second = ''] = start.split(' ')
  const field = (name: string): string =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
  if (component === '@method') return first
  if (component === '@path') return second.split('?')[0] ?? ''
  if (component === '@authority') return field('host')
  if (component === '@status') return second
  return field(component)
}

describe.skipIf(directory === undefined)('RFC 9421 appendix B (skipped: VECTORS_DIR is not set)', () => {
  const { keys, messages, cases } = load<AppendixB>('rfc9421-appendix-b.json', { keys: {}, messages: {}, cases: [] })
  const byId = (id: string): Case => cases.find((one) => one.id === id) ?? NO_CASE
  const ed25519 = byId('rfc9421-sig-b26')
  const names = ['date', '@method', '@path', '@authority', 'content-type', 'content-length']
  const message = messages[ed25519.message] ?? ''
  const key = directory === undefined ? importEd25519(new Uint8Array(32).fill(9)) : keyOf(keys[ed25519.keyid]?.jwk?.x)
  const signature = decodeBase64(ed25519.signature.slice('sig-b26=:'.length, -1))
  const baseWith = (changed?: string, value?: string): Uint8Array =>
    signatureBase(
      names.map((name) => [name, name === changed ? (value ?? '') : valueOf(message, name)] as const),
      paramsOf(ed25519.signature_input),
    )

  test('there are six cases, one of them Ed25519', () => {
    expect(cases.map(({ alg }) => alg)).toEqual([
      'rsa-pss-sha512',
      'rsa-pss-sha512',
      'rsa-pss-sha512',
      'ecdsa-p256-sha256',
      'hmac-sha256',
      'ed25519',
    ])
  })

  test.each(engines)('B.2.6: the signature base is the same bytes, and the signature verifies, with %s', async (_, crypto) => {
    expect(decodeUtf8(baseWith())).toBe(ed25519.signature_base)
    expect(await verifyEd25519(crypto, key, baseWith(), signature)).toBe(true)
  })

  test.each([
    ['date', 'Tue, 20 Apr 2021 02:07:56 GMT'],
    ['@method', 'GET'],
    ['@path', '/foo/'],
    ['@authority', 'example.org'],
    ['content-type', 'application/json; charset=utf-8'],
    ['content-length', '19'],
  ])('B.2.6: another %s does not verify', async (name, value) => {
    expect(await verifyEd25519(defaultCrypto(), key, baseWith(name, value), signature)).toBe(false)
  })

  test('B.2.6: another query still verifies, which is why the profile covers @target-uri', async () => {
    const other = message.replace('?param=Value', '?param=Other')
    const base = signatureBase(
      names.map((name) => [name, valueOf(other, name)] as const),
      paramsOf(ed25519.signature_input),
    )
    expect(other).not.toBe(message)
    expect(await verifyEd25519(defaultCrypto(), key, base, signature)).toBe(true)
  })

  test('deviation: none of the cases has a tag by which this profile would find it, but B.2.2', () => {
    const tagged = cases.filter(({ signature_input: input }) => input.includes('tag='))
    expect(tagged.map(({ id }) => id)).toEqual(['rfc9421-sig-b22'])
    for (const { signature_input: input, signature: value } of cases)
      expect(findSignature(input, value, 'aegis-pop')).toBeUndefined()
  })

  test('deviation: B.2.2 is found by its tag and refused, because a component has a parameter', () => {
    const { signature_input: input, signature: value } = byId('rfc9421-sig-b22')
    expect(() => findSignature(input, value, 'header-example')).toThrow(Malformed)
    expect(() => findSignature(input.replace(';name="Pet"', ''), value, 'header-example')).toThrow('64 bytes')
  })

  test.each(cases.filter(({ alg }) => alg !== 'ed25519').map((one) => [one.id, one] as const))(
    '%s is refused as unsupported, by its algorithm and by what it signs with',
    async (_, { alg, keyid, signature_input: input, signature: value }) => {
      expect(() => findSignature(`${input};tag="x";alg="${alg}"`.replace(/;tag="header-example"/, ''), value, 'x')).toThrow(
        Malformed,
      )
      expect(() => parseEd25519Jwk(keys[keyid]?.jwk)).toThrow(Malformed)
      // The ECDSA signature has 64 bytes too: it is found and does not verify.
      const outcome = await verdictOf(
        () => findSignature(input.includes('tag=') ? input : `${input};tag="header-example"`, value, 'header-example'),
        key,
      )
      expect(outcome).toBe(alg === 'ecdsa-p256-sha256' ? 'not verified' : 'malformed')
    },
  )

  test('with the key of B.2.6 the same request is signed under this profile and found again', async () => {
    const signer = createSigner(decodeBase64url('n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU'), 'test-key-ed25519')
    const paramsText = formatSignatureParams(names, { created: 1_618_884_473, keyid: 'test-key-ed25519', tag: 'x' })
    expect(paramsText).toBe(`${paramsOf(ed25519.signature_input)};tag="x"`)
    const components = names.map((name) => [name, valueOf(message, name)] as const)
    const headers = formatSignatureHeaders('any', paramsText, signer.sign(signatureBase(components, paramsText)))
    const member = found(findSignature(headers['Signature-Input'], headers.Signature, 'x'))
    checkComponents(member, names)
    expect(await verifyEd25519(defaultCrypto(), key, signatureBase(components, member.paramsText), member.signature)).toBe(true)
  })
})

describe.skipIf(directory === undefined)('Web Bot Auth (skipped: VECTORS_DIR is not set)', () => {
  for (const file of ['web_bot_auth_architecture_v1.json', 'web_bot_auth_architecture_v2.json']) {
    const entries = load<readonly BotEntry[]>(`web-bot-auth/${file}`, [])
    const find = (entry: BotEntry): SignatureMember | undefined =>
      findSignature(entry.signature_input, entry.signature, 'web-bot-auth')

    test(`${file}: two entries are RSA and refused, two are Ed25519`, () => {
      expect(entries.map(({ key }) => key.kty)).toEqual(['RSA', 'RSA', 'OKP', 'OKP'])
      for (const entry of entries.slice(0, 2)) expect(() => find(entry)).toThrow(Malformed)
    })

    test.each(engines)(`${file}: an Ed25519 entry over @authority and header fields verifies, with %s`, async (_, crypto) => {
      let verified = 0
      for (const entry of entries.slice(2)) {
        if (NOT_IN_PROFILE.has(`${file} ${entry.label}`)) continue
        const member = found(find(entry))
        const key = keyOf(entry.key.x)
        expect(member).toMatchObject({
          label: entry.label,
          paramsText: paramsOf(entry.signature_input),
          params: {
            created: entry.created_ms / 1000,
            expires: entry.expires_ms / 1000,
            keyid: thumbprint(crypto, key),
            nonce: entry.nonce,
            alg: 'ed25519',
          },
        })
        const base = signatureBase(
          member.components.map(
            (name) => [name, name === '@authority' ? new URL(entry.target_url).host : (entry.signature_agent ?? '')] as const,
          ),
          member.paramsText,
        )
        expect(await verifyEd25519(crypto, key, base, member.signature)).toBe(true)
        verified++
      }
      expect(verified).toBe(file.includes('v1') ? 2 : 1)
    })

    test(`${file}: an entry does not disturb a receiver that looks for another tag`, () => {
      for (const entry of entries) expect(findSignature(entry.signature_input, entry.signature, 'aegis-pop')).toBeUndefined()
    })
  }

  test('deviation: a component with a parameter is not in this profile', () => {
    for (const name of NOT_IN_PROFILE.keys()) {
      const [file = '', label] = name.split(' ')
      const entry = load<readonly BotEntry[]>(`web-bot-auth/${file}`, []).find(
        ({ key, label: own }) => key.kty === 'OKP' && own === label,
      )
      expect(entry?.signature_input).toContain('"signature-agent";key="agent2"')
      expect(() => findSignature(entry?.signature_input ?? '', entry?.signature ?? '', 'web-bot-auth')).toThrow(
        'a component is not a plain name',
      )
    }
  })
})

/** Ed25519 entries that are refused, and why. */
const NOT_IN_PROFILE = new Map([
  [
    'web_bot_auth_architecture_v2.json sig2',
    'covers "signature-agent";key="agent2"; the components of this profile have no parameters',
  ],
])

describe('another implementation of RFC 9421 as oracle', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index)
  const signer = createSigner(seed, 'agent')
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const request = {
    method: 'POST',
    url: 'https://api.example.com/orders/%C3%A9?dry=1&b=a+b',
    headers: { 'X-AEGIS-Token': 'e30.e30.AA', 'Content-Type': 'application/json' },
  }
  const names = ['@method', '@target-uri', 'x-aegis-token']
  const components = [
    ['@method', request.method],
    ['@target-uri', request.url],
    ['x-aegis-token', request.headers['X-AEGIS-Token']],
  ] as const

  test('what it signs we find, cover and verify', async () => {
    const signed = await httpbis.signMessage(
      {
        key: { id: 'agent', alg: 'ed25519', sign: (data) => Promise.resolve(sign(null, data, privateKey)) },
        name: 'theirs',
        fields: names,
        params: ['created', 'keyid', 'alg', 'nonce', 'tag', 'expires'],
        paramValues: {
          created: new Date(1_795_212_000_000),
          expires: new Date(1_795_212_060_000),
          nonce: 'n "1"',
          tag: 'aegis-pop',
        },
      },
      request,
    )
    const headers: Readonly<Record<string, unknown>> = signed.headers
    const member = found(findSignature(String(headers['Signature-Input']), String(headers['Signature']), 'aegis-pop'))
    checkComponents(member, names)
    expect(member.params).toEqual({
      created: 1_795_212_000,
      expires: 1_795_212_060,
      keyid: 'agent',
      alg: 'ed25519',
      nonce: 'n "1"',
      tag: 'aegis-pop',
    })
    expect(
      await verifyEd25519(defaultCrypto(), signer.publicKey, signatureBase(components, member.paramsText), member.signature),
    ).toBe(true)
  })

  test('what we sign it verifies, and not for another method', async () => {
    const paramsText = formatSignatureParams(names, {
      created: 1_795_212_000,
      keyid: 'agent',
      tag: 'aegis-pop',
      nonce: String.raw`a"b\c`,
      alg: 'ed25519',
    })
    const evidence = formatSignatureHeaders('ours', paramsText, signer.sign(signatureBase(components, paramsText)))
    const verify = (method: string): Promise<boolean | null> =>
      httpbis.verifyMessage(
        {
          keyLookup: () =>
            Promise.resolve({
              id: 'agent',
              algs: ['ed25519'],
              verify: async (data, signature) =>
                verifyEd25519(defaultCrypto(), importEd25519(signer.publicKey.bytes), data, signature),
            }),
          requiredFields: names,
          tolerance: 1e9,
        },
        { ...request, method, headers: { ...request.headers, ...evidence } },
      )
    expect(await verify('POST')).toBe(true)
    expect(await verify('PUT')).toBe(false)
  })
})
