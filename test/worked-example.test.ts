/** The worked example of the specification, made without any code of ours, says what our code says. @module */
import { gunzipSync } from 'node:zlib'
import {
  buildLeaf,
  checkComponents,
  decodeBase64url,
  decodeDelegation,
  decodePassport,
  decodeProofHeader,
  decodeToken,
  encodeBase64url,
  findSignature,
  hashLeaf,
  hashText,
  nodeCrypto,
  parseDelegation,
  parseDidDocument,
  parseEd25519Jwk,
  parsePassport,
  parseTokenClaims,
  parseVkey,
  Refusal,
  signatureBase,
  thumbprint,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyEd25519,
  verifyInclusion,
  verifyJws,
  type CryptoPort,
  type Ed25519PublicKey,
} from '@aiegis/protocol'
import { createMockHarness } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { filesBelow, read } from './repository.ts'

interface Signed {
  readonly claims: Record<string, unknown>
  readonly text: string
}

interface Example {
  readonly now: number
  readonly keys: Readonly<
    Record<
      'harness' | 'issuer' | 'status' | 'agent' | 'worker' | 'log',
      { readonly jwk: unknown; readonly kid: string; readonly thumbprint: string }
    >
  >
  readonly trustBundle: unknown
  readonly passport: Signed
  readonly statusList: Signed
  readonly token: Signed
  readonly decision: Signed
  readonly leaf: { readonly text: string; readonly hash: string }
  readonly log: { readonly vkey: string; readonly leaves: readonly string[]; readonly root: string }
  readonly possession: { readonly base: string }
  readonly request: {
    readonly method: string
    readonly target: string
    readonly content: string
    readonly headers: readonly (readonly [string, string])[]
  }
  readonly handOff: {
    readonly passport: Signed
    readonly delegation: Signed
    readonly chain: string
    readonly reference: string
    readonly token: Signed
    readonly leaf: { readonly text: string }
    readonly headers: readonly (readonly [string, string])[]
  }
  readonly didDocument: unknown
  readonly interrupt: Signed
}

const example: Example = JSON.parse(read('spec/worked-example.json'))
const crypto = cryptoOfNode()
const header = (name: string): string => example.request.headers.find(([found]) => found === name)?.[1] ?? ''
const keyOf = (role: keyof Example['keys']): Ed25519PublicKey => parseEd25519Jwk(example.keys[role].jwk)

describe('the worked example', () => {
  test('has objects of the schemas', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
    for (const path of filesBelow('spec/schemas')) ajv.addSchema(JSON.parse(read(path)))
    const objects = {
      token: example.token.claims,
      decision: example.decision.claims,
      passport: example.passport.claims,
      'status-list': example.statusList.claims,
      'trust-bundle': example.trustBundle,
      leaf: JSON.parse(example.leaf.text),
    }
    const more = [
      ['passport', example.handOff.passport.claims],
      ['delegation', example.handOff.delegation.claims],
      ['token', example.handOff.token.claims],
      ['leaf', JSON.parse(example.handOff.leaf.text)],
      ['decision', example.interrupt.claims],
    ]
    for (const [name, object] of [...Object.entries(objects), ...more]) {
      expect(ajv.validate(`${name}.schema.json`, object), `${name}: ${ajv.errorsText()}`).toBe(true)
    }
  })

  test('AHP-BYTES-20 names keys by the thumbprints that we compute', () => {
    for (const role of ['harness', 'issuer', 'status', 'agent', 'worker', 'log'] as const) {
      expect(thumbprint(crypto, keyOf(role))).toBe(example.keys[role].thumbprint)
    }
  })

  test('has a token and a passport that we verify, with the claims that it lists', async () => {
    const token = await verifyJws(crypto, decodeToken(header('X-AEGIS-Token')), keyOf('harness'))
    expect(parseTokenClaims(token ?? new Uint8Array())).toEqual(example.token.claims)
    const passport = await verifyJws(crypto, decodePassport(header('X-AEGIS-Passport')), keyOf('issuer'))
    expect(parsePassport(passport ?? new Uint8Array()).subject).toBe(example.token.claims['sub'])
  })

  test('AHP-BYTES-8 AHP-LEAF-3 AHP-LEAF-4 has the leaf that we build from the token', () => {
    const { kid, signatureText, text } = decodeToken(example.token.text)
    const { entry, sub, salt } = parseTokenClaims(utf8(JSON.stringify(example.token.claims)))
    const leaf = buildLeaf(crypto, {
      entry,
      agentDid: sub,
      harnessKid: kid,
      ledgerSig: signatureText,
      token: text,
      salt: decodeBase64url(salt),
    })
    expect(leaf).toEqual(utf8(example.leaf.text))
    expect(toHex(hashLeaf(crypto, leaf))).toBe(example.leaf.hash)
  })

  test('has a proof that leads from the leaf to a checkpoint that we verify', async () => {
    const { index, path, checkpoint } = decodeProofHeader(header('X-AEGIS-Proof'))
    const leafHash = hashLeaf(crypto, utf8(example.leaf.text))
    expect(toHex(checkpoint.root)).toBe(example.log.root)
    expect(verifyInclusion(crypto, { index, size: checkpoint.size, leafHash, path, root: checkpoint.root })).toBe(true)
    const vkey = parseVkey(example.log.vkey)
    expect(vkey.key.bytes).toEqual(keyOf('log').bytes)
    expect(await verifyCheckpoint(crypto, checkpoint, 'ledger.example/aiegis/1', vkey)).toBe('ok')
  })

  test('AHP-POP-9 has the signed text that we build, and a signature that we verify', async () => {
    const member = findSignature(header('Signature-Input'), header('Signature'), 'aegis-pop')
    expect(member).toBeDefined()
    if (member === undefined) return
    checkComponents(member, ['@method', '@target-uri', 'x-aegis-token'])
    const { htm, htu } = parseTokenClaims(utf8(JSON.stringify(example.token.claims)))
    const values = [
      ['@method', htm],
      ['@target-uri', htu],
      ['x-aegis-token', example.token.text],
    ] as const
    const base = signatureBase(values, member.paramsText)
    expect(base).toEqual(utf8(example.possession.base))
    expect(await verifyEd25519(crypto, keyOf('agent'), base, member.signature)).toBe(true)
    expect(member.params.keyid).toBe(example.keys.agent.thumbprint)
  })

  test('binds content and chain by the hashes that we compute', () => {
    expect(encodeBase64url(crypto.sha256(utf8(example.request.content)))).toBe(example.token.claims['htd'])
    expect(encodeBase64url(crypto.sha256(utf8(header('X-AEGIS-Passport'))))).toBe(example.token.claims['psp'])
  })

  test('is served by a receiver with its bundle whose clock says now, and by none that trusts another log', async () => {
    const { jti } = example.token.claims
    expect(await served(example.trustBundle, [example.request.headers])).toEqual([jti])
    const { vkey } = createMockHarness({ logSize: 1 }).log
    const other: unknown = JSON.parse(JSON.stringify(example.trustBundle).replace(example.log.vkey, vkey))
    expect(await served(other, [example.request.headers])).toEqual(['checkpoint_unsigned'])
  })

  test('AHP-PASS-2 AHP-PASS-23 has a hand-off that is served too, the second time by its digest, and whose delegation names what precedes it', async () => {
    const { chain, delegation, headers, reference, token } = example.handOff
    const byDigest = headers.map(([name, value]) => [name, name === 'X-AEGIS-Passport' ? reference : value] as const)
    const { jti } = token.claims
    expect(await served(example.trustBundle, [byDigest, headers, byDigest])).toEqual(['passport_required', jti, jti])
    const [principal = '', between = ''] = chain.split('~')
    const payload = await verifyJws(crypto, decodeDelegation(between), keyOf('agent'))
    expect(parseDelegation(payload ?? new Uint8Array())).toEqual(delegation.claims)
    expect(delegation.claims['par']).toBe(hashText(crypto, utf8(principal)))
  })

  test('AHP-BYTES-25 has a DID document in which we find the key of the harness', () => {
    const { keys } = parseDidDocument(utf8(JSON.stringify(example.didDocument)), 'did:web:harness.example')
    const [found, ...others] = keys.values()
    expect([found?.kid, found?.key.bytes, others]).toEqual([example.keys.harness.kid, keyOf('harness').bytes, []])
  })

  test('AHP-STATUS-10 has a list in which the one bit with index 42 is set', () => {
    const { encodedList } = example.statusList.claims['credentialSubject'] as { readonly encodedList: string }
    const bits = gunzipSync(decodeBase64url(encodedList.slice(1)))
    expect(bits.length).toBe(131_072 / 8)
    expect([...bits.entries()].filter(([, byte]) => byte !== 0)).toEqual([[5, 0b0010_0000]])
  })
})

/** What one receiver says to requests with these headers, one after the other: the receipt, or the code. */
async function served(trust: unknown, all: readonly Example['request']['headers'][]): Promise<readonly unknown[]> {
  const { method, target, content } = example.request
  const verifier = createVerifier({
    trust,
    get: async () => ({ status: 200, contentType: 'application/vc+jwt', body: utf8(example.statusList.text) }),
    inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
    now: () => example.now * 1000,
    replay: { scope: 'shared', claim: () => 'fresh' },
    actions: { 'POST /orders': 'orders.create' },
  })
  await verifier.warm()
  const answers: unknown[] = []
  for (const headers of all) {
    const request = { method, target, headers: headers.flat(), content: () => utf8(content) }
    answers.push(
      await verifier.verify(request).then(
        ({ receiptId }) => receiptId,
        (error: unknown) => (error instanceof Refusal ? error.code : error),
      ),
    )
  }
  verifier.close()
  return answers
}

function cryptoOfNode(): CryptoPort {
  const found = nodeCrypto()
  if (found === undefined) throw new Error('these tests run under Node')
  return found
}
