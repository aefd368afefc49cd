/** The packs that come with the server, signed by its own pack key when it starts (spec chapter 16). @module */
import { readFile } from 'node:fs/promises'
import { isObject, parseJson, type Signer } from '@aiegis/protocol'
import { signPack } from './policy/pack-signature.ts'
import type { PackFile } from './policy/pack.ts'

const NAMES = ['pii-block', 'tool-allowlist', 'rate-limit'] as const

/** The three reference packs, in load order, signed by `signer`. Its DID becomes their issuer. */
export async function referencePacks(signer: Signer): Promise<readonly PackFile[]> {
  return Promise.all(
    NAMES.map(async (name) => {
      const bytes = await readFile(new URL(`../packs/${name}.json`, import.meta.url))
      const manifest = parseJson(bytes, { maxBytes: 1_048_576, maxDepth: 64, maxMembers: 100_000 })
      if (!isObject(manifest)) throw new TypeError(`the reference pack ${name} is no object`)
      return { name: `${name}.json`, bytes: await signPack(manifest, signer) }
    }),
  )
}
