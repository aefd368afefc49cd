/** For every code about hand-offs: one change to a valid chain that provokes exactly that code. @module */
import { formatDidKey, type JsonObject, type ReasonCode } from '@aiegis/protocol'
import type { Broken } from './breakage.ts'
import { minted } from './breakage-edits.ts'
import type { MockHarness } from './harness.ts'

type ChainCode = Extract<ReasonCode, `delegation_${string}` | 'agent_repeated' | 'token_passed_on'>
type Change = (claims: JsonObject, depth: number) => JsonObject

/** A chain of two hand-offs in which one delegation has other members. */
function delegated(harness: MockHarness, members: JsonObject, depth = 1): Broken {
  const change: Change = (claims, at) => (at === depth ? { ...claims, ...members } : claims)
  return minted(harness, { handOffs: 2 }, { delegation: change })
}

/** A chain of one hand-off whose text was changed after everything in it was signed. */
function rejoined(harness: MockHarness, change: (parts: readonly string[]) => readonly string[]): Broken {
  return minted(harness, { handOffs: 1 }, { chain: (chain) => change(chain.split('~')).join('~') })
}

/** One way to provoke each code. */
export const CHAIN_BREAKAGE: { readonly [Code in ChainCode]: (harness: MockHarness) => Broken } = {
  delegation_malformed: (h) => rejoined(h, ([p0 = '', d1 = '', p1 = '']) => [p0, `${d1}=`, p1]),
  delegation_header_invalid: (h) => minted(h, { handOffs: 1 }, { delegationHeader: (header) => ({ ...header, typ: 'jwt' }) }),
  delegation_signer_mismatch: (h) =>
    minted(h, { handOffs: 1 }, { delegationHeader: (header) => ({ ...header, kid: h.keys.stranger.kid }) }),
  delegation_signature_invalid: (h) => minted(h, { handOffs: 1 }, { delegationSigner: () => h.keys.stranger }),
  delegation_claims_invalid: (h) => delegated(h, { nbf: h.clock.seconds() }),
  delegation_lifetime_too_long: (h) => delegated(h, { exp: h.clock.seconds() + 86_401 }),
  delegation_parent_mismatch: (h) => delegated(h, { par: 'A'.repeat(43) }, 2),
  delegation_subject_mismatch: (h) => delegated(h, { sub: formatDidKey(h.keys.stranger.publicKey) }, 2),
  delegation_depth_mismatch: (h) => delegated(h, { depth: 1 }, 2),
  delegation_depth_exceeded: (h) => delegated(h, { maxDepth: 1 }, 2),
  delegation_outlives_parent: (h) => delegated(h, { exp: h.clock.seconds() + 3601 }, 2),
  agent_repeated: comesBack,
  delegation_repeated: (h) =>
    minted(h, { handOffs: 2 }, { delegation: (claims) => ({ ...claims, jti: '01MOCKHANDOFF0000000000001' }) }),
  delegation_not_yet_valid: (h) => delegated(h, { iat: h.clock.seconds() + 6 }, 2),
  delegation_expired: (h) => delegated(h, { iat: h.clock.seconds() - 60, exp: h.clock.seconds() }, 2),
  token_passed_on: (h) =>
    minted(h, { handOffs: 1 }, { claims: (claims) => ({ ...claims, sub: formatDidKey(h.keys.agent.publicKey) }) }),
  delegation_audience_mismatch: (h) => delegated(h, { aud: ['https://other.example'] }),
  delegation_task_mismatch: (h) => delegated(h, { txn: '01MOCKOTHERTASK00000000000' }),
}

/** The worker hands back to the agent that began. */
function comesBack(h: MockHarness): Broken {
  const sub = formatDidKey(h.keys.agent.publicKey)
  return minted(
    h,
    { handOffs: 2 },
    {
      passport: (credential, at) => (at === 2 ? h.passport(0) : credential),
      delegation: (claims, depth) => (depth === 2 ? { ...claims, sub } : claims),
    },
  )
}
