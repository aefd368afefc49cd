// Verdicts of every Ed25519 engine of this runtime over the edge cases and, when they are given, the vectors of Wycheproof.
import { createHash } from 'node:crypto'
import { nobleCrypto, nodeCrypto, webCrypto } from '../packages/protocol/dist/crypto.js'
import { importEd25519, verifyEd25519 } from '../packages/protocol/dist/ed25519.js'
import { ed25519Cases } from './ed25519-cases.mjs'

/** One row for each engine. `vectors` is the text of Wycheproof's file. */
export async function rows(vectors) {
  const cases = [...ed25519Cases(), ...wycheproof(vectors)]
  const engines = { 'node:crypto': nodeCrypto(), WebCrypto: webCrypto(), 'portable JavaScript': nobleCrypto() }
  const all = []
  for (const [engine, port] of Object.entries(engines)) all.push(await row(engine, port, cases))
  return all
}

async function row(engine, port, cases) {
  if (port === undefined) return { engine, cases: 0, wrong: ['the engine is missing'], digest: '' }
  const digest = createHash('sha256')
  const wrong = []
  let unguarded = 0
  for (const test of cases) {
    const verdict = await guarded(port, test)
    if (verdict !== test.valid) wrong.push(test.name)
    if ((await bare(port, test)) !== test.valid) unguarded++
    for (const part of [test.name, test.key, test.message, test.signature]) digest.update(part)
    digest.update(verdict ? '1' : '0')
  }
  return { engine, cases: cases.length, wrong, unguarded, digest: digest.digest('hex') }
}

async function guarded(port, { key, message, signature }) {
  let imported
  try {
    imported = importEd25519(key)
  } catch (error) {
    if (error.name === 'Malformed') return false
    throw error
  }
  return verifyEd25519(port, imported, message, signature)
}

/** What the engine says when nobody looks at the bytes first. */
async function bare(port, { key, message, signature }) {
  return key.length === 32 && signature.length === 64 && (await port.verifyEd25519(key, message, signature))
}

function wycheproof(text) {
  if (text === undefined) return []
  const { testGroups } = JSON.parse(text)
  return testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      name: `Wycheproof ${tcId}`,
      key: fromHex(publicKey.pk),
      message: fromHex(msg),
      signature: fromHex(sig),
      valid: result === 'valid',
    })),
  )
}

function fromHex(text) {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
