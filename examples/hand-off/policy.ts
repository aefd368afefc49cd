/** What the harness of the example allows: one pack, signed by a key of its own (spec chapter 16). @module */
import { randomBytes } from 'node:crypto'
import { signPack, type EnforcementOptions } from '@aiegis/enforcement'
import { createSigner, formatDidKey } from '@aiegis/protocol'
import { kidOf } from '../story/world.ts'

const MODULE = `package example

import rego.v1

allowed := {
	"orders.read",
	"orders.create",
	"tasks.give",
}

default decision := "DENY"

decision := "ALLOW" if input.action in allowed
`

/** Orders are read and made, and tasks are given; nothing else is done. */
export async function policy(): Promise<Pick<EnforcementOptions, 'packs' | 'packKeys'>> {
  const signer = createSigner(randomBytes(32), kidOf)
  const manifest = {
    spec_version: 'ahp-policy-pack/0.1',
    pack_id: 'hand-off',
    pack_name: 'Orders and tasks',
    issuer: formatDidKey(signer.publicKey),
    issued_at: '2026-01-01T00:00:00Z',
    expires_at: '2036-01-01T00:00:00Z',
    jurisdictions: ['*'],
    rules: [
      {
        rule_id: 'listed',
        match: { action: '*', fields: ['action'] },
        policy: { language: 'rego', rego_version: 'v1', module: MODULE },
        deny_reason: 'neither orders nor tasks',
        layer: 'L8-Tool-Sandbox',
      },
    ],
    default_decision: 'DENY',
  }
  return {
    packs: [{ name: 'hand-off.json', bytes: await signPack(manifest, signer) }],
    packKeys: [{ kid: signer.kid, key: signer.publicKey }],
  }
}
