/** JSON read strictly and written canonically (RFC 8259, RFC 8785): case files may not say one thing twice. @module */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** The value in the text. Throws `SyntaxError` for what JSON does not allow, for a name that stands twice, and for `__proto__`. */
export function parseJson(text: string): Json {
  const parsed: unknown = JSON.parse(text)
  new NameReader(text).read()
  return asJson(parsed)
}

/** RFC 8785: members sorted by UTF-16, no white space, strings and numbers as ECMAScript writes them. */
export function canonical(value: Json): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`)
  return `{${members.join(',')}}`
}

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is a list. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

/** A member that is a text; the empty text when it is not there, or something else. */
export function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}

/** The texts of a list; what is no text is left out. */
export function textsOf(object: JsonObject, name: string): readonly string[] {
  const value = object[name]
  return isList(value) ? value.filter((item) => typeof item === 'string') : []
}

/** A value of unknown origin as JSON. Throws `TypeError` for what JSON does not have. */
export function asJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(asJson)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asJson(member)]))
  throw new TypeError('not JSON')
}

/** Walks over text that is JSON and looks only at the names of members. */
class NameReader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  /** Reads one value. */
  read(): void {
    this.skip()
    const first = this.text[this.at]
    if (first === '{') this.members()
    else if (first === '[') this.elements()
    else if (first === '"') this.string()
    else while (this.at < this.text.length && !',]} \t\n\r'.includes(this.text[this.at] ?? '')) this.at += 1
  }

  private members(): void {
    const names = new Set<string>()
    this.each('}', () => {
      const name = this.string()
      if (names.has(name) || name === '__proto__')
        throw new SyntaxError(`the name ${JSON.stringify(name)} stands twice or is not allowed`)
      names.add(name)
      this.skip()
      this.at += 1 // the colon
      this.read()
    })
  }

  private elements(): void {
    this.each(']', () => this.read())
  }

  private each(end: string, item: () => void): void {
    this.at += 1
    this.skip()
    while (this.text[this.at] !== end) {
      item()
      this.skip()
      if (this.text[this.at] === ',') this.at += 1
      this.skip()
    }
    this.at += 1
  }

  private string(): string {
    const start = this.at
    this.at += 1
    while (this.text[this.at] !== '"') this.at += this.text[this.at] === '\\' ? 2 : 1
    this.at += 1
    const value: unknown = JSON.parse(this.text.slice(start, this.at))
    return typeof value === 'string' ? value : ''
  }

  private skip(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at += 1
  }
}
