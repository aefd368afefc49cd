/** Which witnesses of a log count, and how many of them must have signed (spec chapters 5 and 14). @module */
import { encodeBase64, parseVkey, WITNESS_KEY_TYPE, type Vkey } from '@aiegis/protocol'
import type { KeyRing } from './trust-keys.ts'
import { elements, integer, members, parsed, unique, wrong, type Spot } from './trust-reader.ts'

/** Witnesses of one log, each key once. */
export interface Witnesses {
  readonly quorum: number
  readonly witnesses: readonly Vkey[]
}

/** Reads `witnesses`: none with `proof`, and with `cosigned` a quorum that these witnesses can reach. */
export function parseWitnesses(spot: Spot, assurance: 'proof' | 'cosigned', ring: KeyRing): Witnesses {
  if (spot.value === undefined) {
    if (assurance === 'cosigned') wrong(spot, 'missing, and the assurance is "cosigned"', `write ${EXAMPLE}`)
    return { quorum: 0, witnesses: [] }
  }
  const member = members(spot, { required: { quorum: '"quorum": 1', vkeys: '"vkeys": ["…"]' } })
  const spots = elements(member('vkeys'), 0, 8, 'write the verifier keys of at most 8 witnesses')
  if (assurance === 'proof') {
    const cure = 'write "assurance": "cosigned", or { "quorum": 0, "vkeys": [] }'
    if (spots.length > 0 || member('quorum').value !== 0)
      wrong(spot, 'witnesses that nobody would ask, since the assurance is "proof"', cure)
    return { quorum: 0, witnesses: [] }
  }
  const witnesses = spots.map((element) => parseWitness(element, ring))
  unique(witnesses.map(({ name, spot: { path } }) => ({ path, value: name })))
  const quorum = integer(member('quorum'), 1, 8, 1)
  if (quorum > witnesses.length)
    wrong(
      member('quorum'),
      `more than the ${witnesses.length} witnesses below, so no head could have it`,
      'write a smaller quorum, or more witnesses',
    )
  return { quorum, witnesses: witnesses.map(({ vkey }) => vkey) }
}

/** A witness, and the name of its key without the name of the witness: one key is one witness. */
function parseWitness(spot: Spot, ring: KeyRing): { readonly vkey: Vkey; readonly name: string; readonly spot: Spot } {
  const vkey = parsed(spot, parseVkey, 'write the verifier key that the witness publishes: name+id+base64')
  if (vkey.type !== WITNESS_KEY_TYPE) wrong(spot, 'not a key of a witness', 'write a key of note type 0x04; 0x01 is for logs')
  ring.claim(spot, 'witness', vkey.key)
  return { vkey, name: encodeBase64(vkey.key.bytes), spot }
}

const EXAMPLE = '"witnesses": { "quorum": 1, "vkeys": ["witness.example+…"] }'
