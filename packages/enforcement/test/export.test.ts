/** What the ledger of a harness can give to the person that an entry is about (spec chapters 4.4 and 17.7). @module */
import { exportAbout, type ExportedEntry } from '@aiegis/ledger'
import { defaultCrypto, formatDidKey, TOKEN_TYPE } from '@aiegis/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { claimsOf, createScene, shows } from './scene.ts'

test('AHP-CUSTODY-8 the clear text of each decision opens its leaf, with the signed text and the chain, until it is erased', async () => {
  const scene = await createScene()
  onTestFinished(() => scene.close())
  const { log } = scene.enforcement
  const agent = formatDidKey(scene.agent.publicKey)
  const collect = async (): Promise<readonly ExportedEntry[]> => {
    const found: ExportedEntry[] = []
    for await (const entry of exportAbout(log, defaultCrypto(), agent)) found.push(entry)
    return found
  }
  const { json } = await scene.ask(shows('GET', '/a'))
  await scene.askUnsigned({ action: 'orders.read', target: '/b' })
  await scene.ask(shows('GET', '/c'))
  const found = await collect()
  expect(found.map(({ index, opens }) => [index, opens])).toEqual([
    [0, true],
    [2, true],
  ])
  const clear = found[0]?.clear ?? {}
  expect(clear).toMatchObject({ agent_did: agent, chain: [agent], jws: json['token'] })
  // So what the leaf has of the signature can be verified again.
  expect(await claimsOf(scene, clear['jws'], TOKEN_TYPE)).toMatchObject({
    sub: agent,
    entry: clear['entry'],
    salt: clear['salt'],
  })
  await log.custody?.erase(0n, 'asked for')
  expect((await collect()).map(({ index }) => index)).toEqual([2])
})
