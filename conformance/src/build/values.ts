/** Values of changes that depend on world and clock: `{"now": -1}`, `{"did": "agent"}` (conformance/README.md). @module */
import { base64, base64url, hashOf, sha256, utf8 } from './bytes.ts'
import { base58, didKey, jwk, thumbprint } from './did.ts'
import { asJson, isList, isObject, type Json, type JsonObject } from './json.ts'
import { keyId, LOG_TYPE, verifierKey, WITNESS_TYPE } from './note.ts'
import { agentDid, didOf, keyOf, kidOf, ORIGINS, witnessName } from './parties.ts'
import type { World } from './types.ts'

/** Where values are taken from: one world at one moment, in one execution of one case. */
export interface Moment {
  readonly world: World
  /** Milliseconds. */
  readonly now: number
  /** Names execution and case. */
  readonly scope: string
  /** Names this request of it. */
  readonly instance: string
}

type Maker = (moment: Moment, argument: Json, all: JsonObject) => Json

const MAKERS: Readonly<Record<string, Maker>> = {
  now: ({ world, now }, seconds, all) => second(now) + integer(seconds) + (all['skew'] === true ? world.skew : 0),
  nowText: ({ now }, seconds) => String(second(now) + integer(seconds)),
  time: ({ world, now }, seconds, all) => timeText(second(now) + integer(seconds) + (all['skew'] === true ? world.skew : 0)),
  ts: ({ world, now }, seconds, all) =>
    new Date(now + (integer(seconds) + (all['skew'] === true ? world.skew : 0)) * 1000).toISOString(),
  tsMs: ({ now }, decimals) => timeText(second(now)).replace('Z', `.${text(decimals)}Z`),
  did: ({ world }, label) => didOf(world, text(label)),
  kid: ({ world }, label) => kidOf(world, text(label)),
  jkt: ({ world }, label) => thumbprint(keyOf(world.seed, text(label)).publicKey),
  jwk: ({ world }, label) => jwk(keyOf(world.seed, text(label)).publicKey),
  log: (_moment, label) => ORIGINS[text(label)] ?? '',
  vkey: ({ world }, label, all) => vkeyOf(world, text(label), all['name']),
  keyId: ({ world }, label) => hexOf(keyId(ORIGINS[text(label)] ?? '', LOG_TYPE, keyOf(world.seed, text(label)).publicKey)),
  agentDid: ({ world }, label) => agentDid(world, text(label)),
  hashOf: (_moment, argument) => hashOf(text(argument)),
  hash64: (_moment, argument) => base64(sha256(utf8(text(argument)))),
  didKey: ({ world }, form) => didKeyOf(keyOf(world.seed, 'agent').publicKey, text(form)),
  jktReordered: ({ world }, label) => hashOf(JSON.stringify(jwk(keyOf(world.seed, text(label)).publicKey))),
  unique: ({ instance }, name, all) => identifier(instance, text(name)).slice(0, integer(all['length'] ?? 26)),
  label: (moment, argument) => identifier(moment.scope, text(argument)),
  uri: ({ world }, path) => `${world.url.origin}${text(path)}`,
  own: ({ world }, form) => ownNames(world, text(form)),
  // A path that is made longer until its URI has so many characters.
  longPath: ({ world }, path, all) => text(path).padEnd(integer(all['length'] ?? 0) - world.url.origin.length, 'a'),
  hostUri: ({ world }, path) => `${world.hostUrl?.origin ?? ''}${text(path)}`,
  repeat: (_moment, argument, all) => text(argument).repeat(integer(all['times'] ?? 0)),
  list: (moment, argument, all) => Array.from({ length: integer(all['times'] ?? 0) }, () => resolve(moment, argument)),
  join: (moment, argument) => (isList(argument) ? argument.map((part) => text(resolve(moment, part))).join('') : ''),
  upper: (moment, argument) => text(resolve(moment, argument)).toUpperCase(),
  nested: (_moment, depth) => nested(integer(depth)),
  literal: (_moment, argument) => argument,
}

const WITH: Readonly<Record<string, string>> = {
  now: 'skew',
  time: 'skew',
  ts: 'skew',
  repeat: 'times',
  list: 'times',
  unique: 'length',
  longPath: 'length',
  vkey: 'name',
}

/** The value with everything made that has to be made. Throws `RangeError` for what cannot be. */
export function resolve(moment: Moment, value: unknown): Json {
  const json = asJson(value)
  if (isList(json)) return json.map((element) => resolve(moment, element))
  if (!isObject(json)) return json
  const made = make(moment, json)
  if (made !== undefined) return made
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, resolve(moment, member)]))
}

function make(moment: Moment, value: JsonObject): Json | undefined {
  const [name = ''] = Object.keys(value)
  const maker = MAKERS[name]
  const argument = value[name]
  const others = Object.keys(value).slice(1)
  if (maker === undefined || argument === undefined) {
    if (Object.keys(value).length === 1)
      throw new RangeError(`nothing makes ${JSON.stringify(name)}; an object of one member is written in "literal"`)
    return undefined
  }
  if (!others.every((other) => other === WITH[name])) throw new RangeError(`${name} is not made with ${others.join(', ')}`)
  return maker(moment, argument, value)
}

/** An identifier of 26 characters that belongs to one execution of one case. */
export function identifier(scope: string, name: string): string {
  return base64url(sha256(utf8(`${scope}\n${name}`))).slice(0, 26)
}

/** RFC 3339, whole seconds. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** Whole seconds of a clock in milliseconds. */
export function second(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}

function coded(...bytes: readonly number[]): string {
  return `did:key:z${base58(Uint8Array.from(bytes))}`
}

/** A text with `{authority}`, `{host}` and `{port}` of the receiver in it. */
function ownNames({ url }: World, form: string): string {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return form.replaceAll('{authority}', url.host).replaceAll('{host}', url.hostname).replaceAll('{port}', port)
}

/** A did:key in a form that is not its one spelling. */
function didKeyOf(publicKey: Uint8Array, form: string): string {
  const right = didKey(publicKey)
  const forms: Readonly<Record<string, string>> = {
    short: coded(0xed, 0x01, ...publicKey.slice(1)),
    long: coded(0xed, 0x01, ...publicKey, 7),
    zero: coded(0, 0xed, 0x01, ...publicKey),
    'no-z': right.replace(':z', ':'),
    'not-base58': right.replace(/.$/, '0'),
    upper: right.replace('did:key', 'did:KEY'),
    versioned: right.replace('did:key:', 'did:key:1.1:'),
    fragment: `${right}#${right.slice('did:key:'.length)}`,
  }
  const made = forms[form]
  if (made === undefined) throw new RangeError(`there is no form ${form} of a did:key`)
  return made
}

/** The verifier key of a log or a witness, under another name where one is given. */
function vkeyOf(world: World, label: string, name: Json | undefined): string {
  const origin = ORIGINS[label]
  const own = typeof name === 'string' ? name : (origin ?? witnessName(label))
  return verifierKey(own, origin === undefined ? WITNESS_TYPE : LOG_TYPE, keyOf(world.seed, label).publicKey)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function nested(depth: number): Json {
  return depth === 0 ? 0 : [nested(depth - 1)]
}

function text(value: Json): string {
  if (typeof value !== 'string') throw new RangeError(`a text is needed, not ${JSON.stringify(value)}`)
  return value
}

function integer(value: Json): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new RangeError(`an integer is needed, not ${JSON.stringify(value)}`)
  return value
}
