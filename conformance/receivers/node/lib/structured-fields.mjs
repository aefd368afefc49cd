/** Dictionaries of RFC 8941, as Signature-Input, Signature and Content-Digest are written. Throws `Malformed`. @module */
import { must } from './refusal.mjs'

const KEY = /[a-z*][a-z0-9_.*-]*/y
const BARE = [
  ['string', /"(?:[ !#-[\]-~]|\\["\\])*"/y],
  ['bytes', /:[A-Za-z0-9+/]*=*:/y],
  ['boolean', /\?[01]/y],
  ['decimal', /-?[0-9]{1,12}\.[0-9]{1,3}(?![0-9.])/y],
  ['integer', /-?[0-9]{1,15}(?![0-9.])/y],
  ['token', /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y],
]

/**
 * Members by label. A member has `text`, as it was sent after `=`; `items`, of an inner list, or `item`; and `parameters`, pairs as
 * often as they are there. Items are `{type, text, value, parameters}`.
 */
export function parseDictionary(text, maxMembers) {
  const reader = new Reader(text.replaceAll(/^ +| +$/g, ''))
  const members = new Map()
  while (!reader.isDone()) {
    const label = reader.key()
    const member = reader.member()
    must(!members.has(label) && members.size < maxMembers, 'a label twice, or too many members')
    members.set(label, member)
    reader.skip(/[ \t]*/y)
    if (reader.isDone()) break
    must(reader.take(','), 'no comma between members')
    reader.skip(/[ \t]*/y)
    must(!reader.isDone(), 'a comma at the end')
  }
  return members
}

/** The value of a parameter: of several with one name the last (RFC 8941 section 4.2.3.2). */
export function parameterOf({ parameters }, name) {
  return parameters.findLast(([known]) => known === name)?.[1]
}

class Reader {
  #text
  #at = 0

  constructor(text) {
    this.#text = text
  }

  isDone() {
    return this.#at === this.#text.length
  }

  take(text) {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  skip(pattern) {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  key() {
    const found = this.skip(KEY)
    must(found !== undefined, 'not a key')
    return found
  }

  member() {
    const isValued = this.take('=')
    const start = this.#at
    const member = !isValued ? { item: undefined } : this.take('(') ? { items: this.#innerList() } : { item: this.#bare() }
    const parameters = this.#parameters()
    return { ...member, parameters, text: this.#text.slice(start, this.#at) }
  }

  #innerList() {
    const items = []
    for (;;) {
      const spaces = this.skip(/ */y)
      if (this.take(')')) return items
      must(items.length === 0 || spaces !== '', 'no space between items')
      items.push({ ...this.#bare(), parameters: this.#parameters() })
    }
  }

  #parameters() {
    const pairs = []
    while (this.take(';')) {
      this.skip(/ */y)
      const name = this.key()
      pairs.push([name, this.take('=') ? this.#bare() : { type: 'boolean', text: '?1', value: true }])
    }
    return pairs
  }

  #bare() {
    for (const [type, pattern] of BARE) {
      const text = this.skip(pattern)
      if (text !== undefined) return { type, text, value: VALUES[type](text) }
    }
    return must(false, 'not an item')
  }
}

const VALUES = {
  string: (text) => text.slice(1, -1).replaceAll(/\\(.)/g, '$1'),
  bytes: (text) => bytesOf(text.slice(1, -1)),
  boolean: (text) => text === '?1',
  decimal: Number,
  integer: Number,
  token: (text) => text,
}

/** Leniently, as section 4.2.7 asks: who needs the one spelling prints the bytes again. */
function bytesOf(text) {
  must(text.replace(/=+$/, '').length % 4 !== 1, 'not base64')
  return Buffer.from(text, 'base64')
}
