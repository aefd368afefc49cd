/** What is said of a passport whose issuer may not vouch for it, and of one that is wrong in two ways (spec chapter 19.3). @module */
import { defaultCrypto, parseEd25519Jwk } from '@aiegis/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChains, type KnownIssuer } from '../src/chains.ts'
import { verifyPassport } from '../src/verify-passport.ts'
import { createScene, NOW, type Scene } from './scene.ts'

interface Pinned {
  readonly did: string
  readonly keys: readonly { readonly kid: string; readonly jwk: unknown }[]
  readonly status: { readonly lists: readonly string[] }
}

let scene: Scene
beforeAll(async () => {
  scene = await createScene()
})
afterAll(() => scene.close())

/** The answer of a server for which the scene's issuer has these roles. */
function verify(passport: string, roles: KnownIssuer['roles'], isRevoked = false): ReturnType<typeof verifyPassport> {
  const [issuer] = scene.enforcement.trustFragment()['issuers'] as unknown as readonly Pinned[]
  if (issuer === undefined) throw new Error('no issuer')
  const keys = issuer.keys.map(({ kid, jwk }) => ({ kid, key: parseEd25519Jwk(jwk) }))
  const known = { did: issuer.did, keys, roles, lists: issuer.status.lists, isRevoked: () => isRevoked }
  return verifyPassport(passport, createChains([known], defaultCrypto()), Math.floor(NOW / 1000))
}

test('AHP-ISSUE-9 a first passport of an issuer without the role root is not valid', async () => {
  expect(await verify(scene.passport, ['root'])).toMatchObject({ valid: true, code: null })
  const refused = await verify(scene.passport, ['hop'])
  expect(refused).toMatchObject({ valid: false, revoked: false, checks: { evidence: true, place: false, status: true } })
  expect(refused.code).toBe('issuer_role_missing')
})

test('AHP-ISSUE-9 of two checks that fail, the code is that of the first', async () => {
  const passport = await scene.issue({ delegatedOnly: true })
  expect(await verify(passport, ['root'], true)).toMatchObject({
    valid: false,
    revoked: true,
    checks: { evidence: true, place: false, status: false },
    code: 'delegated_only',
  })
})
