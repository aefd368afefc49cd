/** Removes headers from every view that Node gives of them (spec chapter 7.7). @module */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Afterwards neither `rawHeaders` nor `headers` nor `headersDistinct` has a header of `names`, which are lower case. */
export function stripHeaders(request: IncomingMessage, names: ReadonlySet<string>): void {
  if (names.size === 0) return
  const { rawHeaders, headers } = request
  const count = countOf(request)
  // Requests of HTTP/2 lack this view.
  const distinct: NodeJS.Dict<string[]> | undefined = count === undefined ? request.headersDistinct : undefined
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (names.has((rawHeaders[at] ?? '').toLowerCase())) rawHeaders.splice(at, 2)
  }
  for (const name of names) {
    delete headers[name]
    delete distinct?.[name]
  }
  if (count !== undefined) Reflect.set(request, count, rawHeaders.length)
}

/**
 * Where Node keeps how many strings of `rawHeaders` it will make `headersDistinct` of when somebody asks for it. `undefined` where somebody
 * has, where it is not to be made of all of them, and where another view stands in its place.
 */
function countOf(request: IncomingMessage): symbol | undefined {
  if (KEYS === undefined || !hasNodesView(request)) return undefined
  const made: unknown = Reflect.get(request, KEYS.distinct)
  const isLater = (made ?? undefined) === undefined && Reflect.get(request, KEYS.count) === request.rawHeaders.length
  return isLater ? KEYS.count : undefined
}

function hasNodesView(request: IncomingMessage): boolean {
  let owner: object | null = request
  while (owner !== null && !Object.hasOwn(owner, 'headersDistinct')) owner = Reflect.getPrototypeOf(owner)
  return owner === IncomingMessage.prototype
}

/** Where Node keeps `headersDistinct`, and how many strings of `rawHeaders` it makes that of. */
interface Keys {
  readonly distinct: symbol
  readonly count: symbol
}

/**
 * To ask for `headersDistinct`, which hardly any handler does, costs more than all the rest of this file. `undefined` where the runtime has
 * no such keys, or where they turn out to mean something else.
 */
const KEYS: Keys | undefined = findKeys()

function findKeys(): Keys | undefined {
  try {
    const probe = new IncomingMessage(new Socket())
    const keyOf = (name: string): symbol | undefined =>
      Object.getOwnPropertySymbols(probe).find(({ description }) => description === name)
    const count = keyOf('kHeadersCount')
    if (count === undefined) return undefined
    probe.rawHeaders.push('a', '1', 'b', '2')
    Reflect.set(probe, count, 2)
    const made = probe.headersDistinct
    const distinct = keyOf('kHeadersDistinct')
    const isMeant = Object.keys(made).join() === 'a' && distinct !== undefined && Reflect.get(probe, distinct) === made
    return isMeant ? { distinct, count } : undefined
  } catch {
    return undefined // no request can be made here without a server
  }
}
