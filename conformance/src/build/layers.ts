/** The layers of a request and the kinds of changes that each takes (conformance/README.md). @module */
import type { Change } from './types.ts'

const OBJECT = ['set', 'remove', 'add'] as const
const BYTES = ['text', 'bytes', 'flip', 'edit'] as const
const SET = ['set'] as const
const SIGN = ['key', 'edit', 'bytes', 'flip'] as const
const TEXT = ['text', 'edit'] as const

const SEALED = {
  claims: OBJECT,
  bytes: BYTES,
  header: [...OBJECT, ...BYTES],
  length: SET,
  input: TEXT,
  sign: SIGN,
  compact: TEXT,
}

const LAYERS: Readonly<Record<string, readonly Change['op'][]>> = {
  recipe: SET,
  request: OBJECT,
  'request.content': BYTES,
  ...sealedLayers('passport'),
  ...sealedLayers('delegation'),
  ...sealedLayers('token'),
  chain: TEXT,
  leaf: [...OBJECT, ...BYTES],
  'leaf.hash': ['edit'] as const,
  tree: OBJECT,
  checkpoint: [...OBJECT, ...TEXT],
  'checkpoint.lines': OBJECT,
  'checkpoint.sign': SIGN,
  proof: [...OBJECT, ...TEXT],
  'proof.encoded': TEXT,
  possession: OBJECT,
  'possession.member': TEXT,
  'possession.base': TEXT,
  'possession.sign': SIGN,
  fields: [...OBJECT, 'text', 'bytes', 'edit'],
  sent: OBJECT,
  content: BYTES,
  wire: BYTES,
  bundle: OBJECT,
  'bundle.text': TEXT,
  'bundle.file': ['edit'] as const,
}

/** Whether a layer of this name takes changes of this kind. `passport[1].claims` is a layer as `passport.claims` is. */
export function takes(at: string, op: string): boolean {
  const indexed = /^(passport|delegation)\[[0-2]\](\..+)$|^(checkpoint\.sign)\[\d\]$/.exec(at)
  const name = indexed === null ? at : (indexed[3] ?? `${indexed[1] ?? ''}${indexed[2] ?? ''}`)
  if (indexed === null && /^(?:passport|delegation)\.|^checkpoint\.sign$/.test(at)) return false
  return LAYERS[name]?.some((known) => known === op) === true
}

function sealedLayers(name: string): Readonly<Record<string, readonly Change['op'][]>> {
  return Object.fromEntries(Object.entries(SEALED).map(([layer, ops]) => [`${name}.${layer}`, ops]))
}
