/** Holds values against spec/schemas: the part of JSON Schema 2020-12 that they use. @module */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { isObject } from './json.mjs'
import { must, SPEC } from './refusal.mjs'

const IGNORED = ['$schema', '$id', '$defs', 'title', 'description', '$comment']
const TYPES = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
}
const files = new Map()
const patterns = new Map()

/** Throws `Malformed` where `value` is not as the schema of this name says. */
export function checkSchema(value, name) {
  must(isValid(value, load(`${name}.schema.json`)), `not as the schema ${name} says`)
}

/** Each keyword says whether the value is right; keywords about another type of value say nothing. */
const KEYWORDS = {
  $ref: (value, reference) => isValid(value, resolve(reference)),
  type: (value, names) => [names].flat().some((name) => TYPES[name](value)),
  const: (value, wanted) => isDeepStrictEqual(value, wanted),
  enum: (value, wanted) => wanted.some((each) => isDeepStrictEqual(value, each)),
  oneOf: (value, schemas) => schemas.filter((schema) => isValid(value, schema)).length === 1,
  not: (value, schema) => !isValid(value, schema),
  pattern: (value, text) => typeof value !== 'string' || patternOf(text).test(value),
  minLength: (value, least) => typeof value !== 'string' || charactersOf(value) >= least,
  maxLength: (value, most) => typeof value !== 'string' || charactersOf(value) <= most,
  minimum: (value, least) => typeof value !== 'number' || value >= least,
  maximum: (value, most) => typeof value !== 'number' || value <= most,
  minItems: (value, least) => !Array.isArray(value) || value.length >= least,
  maxItems: (value, most) => !Array.isArray(value) || value.length <= most,
  uniqueItems: (value, wanted) =>
    !wanted || !Array.isArray(value) || value.every((a, i) => !value.slice(0, i).some((b) => isDeepStrictEqual(a, b))),
  items: (value, schema) => !Array.isArray(value) || value.every((each) => isValid(each, schema)),
  required: (value, names) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (value, schemas) =>
    !isObject(value) ||
    Object.entries(schemas).every(([name, schema]) => !Object.hasOwn(value, name) || isValid(value[name], schema)),
  additionalProperties: (value, wanted, { properties }) =>
    wanted || !isObject(value) || Object.keys(value).every((name) => Object.hasOwn(properties, name)),
}

function isValid(value, schema) {
  if (schema === true) return true
  return Object.entries(schema).every(([keyword, argument]) => {
    if (IGNORED.includes(keyword)) return true
    if (!Object.hasOwn(KEYWORDS, keyword)) throw new TypeError(`${keyword} is not known here`)
    return KEYWORDS[keyword](value, argument, schema)
  })
}

/** Code points, not code units. */
function charactersOf(text) {
  return Array.from(text).length
}

function load(file) {
  if (!files.has(file)) files.set(file, JSON.parse(readFileSync(new URL(`schemas/${file}`, SPEC), 'utf8')))
  return files.get(file)
}

function resolve(reference) {
  const [file, path = ''] = reference.split('#')
  return path
    .split('/')
    .slice(1)
    .reduce((schema, name) => schema[name], load(file))
}

function patternOf(text) {
  if (!patterns.has(text)) patterns.set(text, new RegExp(text, 'u'))
  return patterns.get(text)
}
