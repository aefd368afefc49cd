/** The proof of a decision: leaf, path through a tree of any size, checkpoint, text (spec chapters 4 and 5). @module */
import { base64, base64url, concat, fromHex, sha256, utf8 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import type { Changes } from './changes.ts'
import { canonical, isList, isObject, textsOf, type Json, type JsonObject } from './json.ts'
import { leafHash, rootOf, sides } from './merkle.ts'
import { keyId, LOG_TYPE, signatureLine, WITNESS_TYPE } from './note.ts'
import { HONEST, isCosigned, placeOf } from './logs.ts'
import { keyOf, ORIGINS, WITNESSES, witnessName } from './parties.ts'
import type { Recipe } from './recipes.ts'
import { signed } from './signatures.ts'
import { second } from './values.ts'

/** A proof with what it is made of. */
export interface Proof {
  readonly text: string
  /** The header value. */
  readonly encoded: string
  readonly index: string
  readonly size: string
  readonly origin: string
}

/** How a leaf becomes a hash; one way is right (RFC 9162, section 2.1.1). */
const LEAF_HASHES: Readonly<Record<string, (leaf: Uint8Array) => Uint8Array>> = {
  right: leafHash,
  'no-prefix': sha256,
  'node-prefix': (leaf) => sha256(concat(Uint8Array.of(1), leaf)),
}

/** The proof that the log of the recipe has this leaf; the other leaves of its tree are nobody's. */
export function proofOf(changes: Changes, recipe: Recipe, leafObject: JsonObject): Proof {
  const leaf = changes.bytes('leaf', utf8(canonical(changes.object('leaf', leafObject))))
  const place = HONEST.has(recipe.log) ? placeOf(changes.moment.world, recipe.log, leaf) : undefined
  const tree = changes.object(
    'tree',
    place === undefined ? { ...recipe.tree } : { index: String(place.index), size: String(place.size) },
  )
  const [index, size] = [member(tree, 'index'), member(tree, 'size')]
  const path = place?.path ?? siblings(changes.moment.scope, BigInt(index), BigInt(size))
  const [hashing] = changes.take('leaf.hash', ['edit'])
  const hashLeaf = LEAF_HASHES[hashing?.edit ?? 'right']
  if (hashLeaf === undefined) throw new ChangeError(`leaf.hash: there is no edit ${hashing?.edit ?? ''}`)
  const root = rootOf(hashLeaf(leaf), BigInt(index), BigInt(size), path)
  const head = changes.object('checkpoint', { origin: ORIGINS[recipe.log] ?? '', size, root: base64(root), extension: '' })
  const lines = `${member(head, 'origin')}\n${member(head, 'size')}\n${member(head, 'root')}\n${member(head, 'extension')}`
  const checkpoint = changes.text('checkpoint', lines)
  const proof = changes.object('proof', {
    version: 'c2sp.org/tlog-proof@v1',
    index,
    hashes: path.map((hash) => base64(hash)),
    note: `${checkpoint}\n${signatureLines(changes, recipe.log, checkpoint)}`,
  })
  const text = changes.text('proof', proofText(proof))
  const encoded = changes.text('proof.encoded', base64url(utf8(text)))
  return { text, encoded, index, size, origin: member(head, 'origin') }
}

function proofText(proof: JsonObject): string {
  const hashes = textsOf(proof, 'hashes').map((hash) => `${hash}\n`)
  return `${member(proof, 'version')}\nindex ${member(proof, 'index')}\n${hashes.join('')}\n${member(proof, 'note')}`
}

/** Hashes that stand beside the way, each from the name of its place. */
function siblings(scope: string, index: bigint, size: bigint): readonly Uint8Array[] {
  return sides(index, size).map((side, step) => sha256(utf8(`${scope}\n${side} ${step}`)))
}

/** The signature lines: objects with `name`, `key` (label), `type`, and for witnesses `time`; `id` in place of the computed key id. */
function signatureLines(changes: Changes, log: string, checkpoint: string): string {
  const witnesses = isCosigned(log) ? WITNESSES : []
  const time = second(changes.moment.now)
  const planned = changes.object('checkpoint.lines', {
    lines: [
      { name: ORIGINS[log] ?? '', key: log, type: LOG_TYPE },
      ...witnesses.map((key) => ({ name: witnessName(key), key, type: WITNESS_TYPE, time })),
    ],
  })
  const lines = isList(planned['lines']) ? planned['lines'] : []
  return lines
    .map((line, index) => (isObject(line) ? lineOf(changes, line, index, checkpoint) : typeof line === 'string' ? line : ''))
    .join('')
}

function lineOf(changes: Changes, line: JsonObject, index: number, checkpoint: string): string {
  const [name, label] = [member(line, 'name'), member(line, 'key')]
  const witness = line['type'] === WITNESS_TYPE
  const time = witness ? BigInt(integer(line['time'])) : 0n
  const key = keyOf(changes.moment.world.seed, label).publicKey
  const id = line['id'] === undefined ? keyId(name, witness ? WITNESS_TYPE : LOG_TYPE, key) : fromHex(member(line, 'id'))
  const message = utf8(witness ? `cosignature/v1\ntime ${time}\n${checkpoint}` : checkpoint)
  const signature = signed(changes, `checkpoint.sign[${index}]`, label, message)
  return signatureLine(name, concat(id, ...(witness ? [fromHex(time.toString(16).padStart(16, '0'))] : []), signature))
}

function integer(value: Json | undefined): number {
  if (typeof value !== 'number') throw new ChangeError('a line of a witness needs a time')
  return value
}

function member(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw new ChangeError(`${name} is a text here`)
  return value
}
