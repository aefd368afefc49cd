/** The two agents of the example: a key, a passport, a name to print. @module */
import { randomBytes } from 'node:crypto'
import type { Enforcement, PassportRequest } from '@aiegis/enforcement'
import { createSigner, type SyncSigner } from '@aiegis/protocol'
import { kidOf } from '../story/world.ts'

/** An agent with a key that only it has. */
export interface Agent {
  readonly name: string
  readonly did: string
  readonly signer: SyncSigner
  readonly passport: string
}

/** Makes a key and has a passport issued for it. */
export async function createAgent(name: string, issuer: Enforcement, request: Omit<PassportRequest, 'agent'>): Promise<Agent> {
  const signer = createSigner(randomBytes(32), kidOf)
  const { passport, agentDid } = await issuer.issuePassport({ agent: signer.publicKey, ...request })
  return { name, did: agentDid, signer, passport }
}
