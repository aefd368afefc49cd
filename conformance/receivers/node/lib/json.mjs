/** Reads JSON as spec chapter 2.2 says; throws `Malformed` for everything that two programs could read differently. @module */
import { textOf } from './encoding.mjs'
import { must } from './refusal.mjs'

const MAX_DEPTH = 16
const MAX_MEMBERS = 2048
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SPACE = /[ \t\n\r]*/y
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
]

/** The value; the size is compared before anything is read (AHP-BYTES-7). */
export function parseJson(bytes, maxBytes, maxMembers = MAX_MEMBERS) {
  must(bytes.length <= maxBytes, 'longer than its limit')
  return new Reader(textOf(bytes), maxMembers).all()
}

/** The same for what has to be an object. */
export function parseObject(bytes, maxBytes, maxMembers) {
  const value = parseJson(bytes, maxBytes, maxMembers)
  must(isObject(value), 'not an object')
  return value
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

class Reader {
  #text
  #at = 0
  #left

  constructor(text, maxMembers) {
    this.#text = text
    this.#left = maxMembers
  }

  all() {
    const value = this.#value(0)
    this.#match(SPACE)
    must(this.#at === this.#text.length, 'something follows')
    return value
  }

  #value(depth) {
    if (this.#take('{')) return this.#object(depth + 1)
    if (this.#take('[')) return this.#list(depth + 1)
    if (this.#text[this.#at] === '"') return this.#string()
    const word = WORDS.find(([name]) => this.#take(name))
    return word === undefined ? this.#number() : word[1]
  }

  #object(depth) {
    const result = {}
    must(depth <= MAX_DEPTH, 'nested too deep')
    if (this.#take('}')) return this.#count(result)
    do {
      this.#count()
      this.#match(SPACE)
      const name = this.#string()
      must(name !== '__proto__' && !Object.hasOwn(result, name), 'a member that is there twice, or __proto__')
      must(this.#take(':'), 'a member without a value')
      result[name] = this.#value(depth)
    } while (this.#take(','))
    must(this.#take('}'), 'an object without an end')
    return result
  }

  #list(depth) {
    const result = []
    must(depth <= MAX_DEPTH, 'nested too deep')
    if (this.#take(']')) return this.#count(result)
    do {
      this.#count()
      result.push(this.#value(depth))
    } while (this.#take(','))
    must(this.#take(']'), 'a list without an end')
    return result
  }

  #string() {
    const literal = this.#match(STRING)
    must(literal !== undefined, 'not a string')
    const text = JSON.parse(literal)
    must(text.isWellFormed(), 'a lone surrogate')
    return text
  }

  #number() {
    const literal = this.#match(NUMBER)
    must(literal !== undefined, 'no value where one must be')
    const number = Number(literal)
    must(Number.isFinite(number) && !Object.is(number, -0), 'negative zero, or no finite double')
    must(!Number.isInteger(number) || Number.isSafeInteger(number), 'an integer beyond 2^53 - 1')
    return number
  }

  #count(result) {
    this.#left -= 1
    must(this.#left >= 0, 'more members and elements than allowed')
    return result
  }

  #take(text) {
    this.#match(SPACE)
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #match(pattern) {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }
}
