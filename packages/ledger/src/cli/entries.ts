/** Reads what an entry says: its leaf, its clear text, and whether the one opens the other (spec chapters 4, 17.4 and 17.7). @module */
import { isObject, Malformed, parseJson, type CryptoPort, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { opensLeaf, readClear } from '../custody/openings.ts'
import { BrokenLog } from '../verify-log.ts'
import { NotThere, WrongCall } from './failures.ts'
import { leafAt } from './heads.ts'
import type { OpenLog } from './one-log.ts'
import { quoted } from './output.ts'
import type { LogSource } from './sources/source.ts'

const MAX_LEAF = 65_535
const PAGE = 256
const INDEX = /^(?:0|[1-9][0-9]{0,14})$/
const RECEIPT_ID = /^[A-Za-z0-9_-]{16,64}$/

/** The leaf as JSON; `undefined` for one that is none: a log may hold anything. */
export function readLeaf(leaf: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(leaf, { maxBytes: MAX_LEAF })
    return isObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** An object in an object. */
export function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = memberOf(object, name)
  return isObject(value) ? value : undefined
}

/** Text in an object. */
export function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' ? value : undefined
}

function memberOf(object: JsonObject | undefined, name: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}

/** Clear text of an entry. */
export interface Clear {
  /** `gone`: nobody reads it any more. `elsewhere`: what is read here is public and has none. */
  readonly state: 'there' | 'gone' | 'elsewhere'
  readonly value: JsonObject | undefined
  /** Whether it opens the leaf. What does not is no evidence: it was changed. */
  readonly opens: boolean
}

/** The clear text of an entry. */
export async function clearOf(crypto: CryptoPort, { own }: LogSource, index: number, leaf: Uint8Array): Promise<Clear> {
  if (own === undefined) return { state: 'elsewhere', value: undefined, opens: false }
  const bytes = await own.clear(index)
  if (bytes === undefined) return { state: 'gone', value: undefined, opens: false }
  const value = readClear(bytes)
  return { state: 'there', value, opens: value !== undefined && opensLeaf(crypto, leaf, value) }
}

/** The index of an entry: the number itself, or that of the decision with this receipt id, which is in clear text only. */
export async function indexOf(
  { crypto, source, head }: Pick<OpenLog, 'crypto' | 'source' | 'head'>,
  word: string,
): Promise<number> {
  if (INDEX.test(word)) return Number(word)
  if (!RECEIPT_ID.test(word)) throw new WrongCall(`${quoted(word)} is neither the number of an entry nor a receipt id`)
  if (source.own === undefined)
    throw new WrongCall('a receipt id is in the clear text of a log only, which no URL serves; name the number of the entry')
  const { custody } = source.own
  for (let start = 0; ;) {
    const page = await custody.clearFrom(start, PAGE)
    const last = page.at(-1)
    if (last === undefined) break
    for (const { index, clear } of page)
      if (Buffer.from(clear).includes(word) && textIn(readClear(clear), 'jti') === word) {
        // Another entry could else be proven, shown or erased in the place of this one.
        if (!(await clearOf(crypto, source, index, await leafAt(source, Number(head.size), index))).opens)
          throw new BrokenLog(`the clear text of entry ${index} names this decision and does not open its leaf; it was changed`, {
            index,
          })
        return index
      }
    start = last.index + 1
  }
  throw new NotThere(
    `no entry of ${head.origin} says that it is decision ${word}: it is of another log, or its clear text was erased; a receipt file has the number of its entry`,
  )
}

/** What a leaf says without its clear text. */
export function leafSentence(leaf: JsonObject | undefined): string {
  const entry = objectIn(leaf, 'entry')
  if (entry !== undefined)
    return `${textIn(entry, 'ts') ?? 'at some time'} ${textIn(entry, 'decision') ?? 'a decision'}${layerOf(entry)}`
  const act = objectIn(leaf, 'act')
  if (act === undefined) return 'no entry of a harness'
  const [first, last] = [act['first'], act['last']]
  const isRange = typeof first === 'number' && typeof last === 'number'
  const range = !isRange ? '' : first === last ? ` of entry ${first}` : ` of entries ${first} to ${last}`
  const id = textIn(act, 'id')
  return `${textIn(act, 'ts') ?? 'at some time'} act: ${textIn(act, 'kind') ?? 'unknown'}${range}${id === undefined ? '' : `, hold ${id}`}`
}

function layerOf(entry: JsonObject): string {
  const layer = textIn(entry, 'deciding_layer')
  return layer === undefined ? '' : ` by layer ${quoted(layer)}`
}

/** What clear text says in short; nothing where it does not open its leaf. */
export function clearSentence({ value, opens }: Clear): string | undefined {
  if (!opens) return undefined
  const entry = objectIn(value, 'entry')
  if (entry === undefined) return `reason ${quoted(textIn(objectIn(value, 'act'), 'reason') ?? '')}`
  return `${quoted(textIn(entry, 'action') ?? '')} on ${quoted(textIn(entry, 'target') ?? '')} for ${textIn(value, 'agent_did') ?? 'nobody who signed'}`
}
