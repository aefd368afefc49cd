/** Removes headers from every view that Node gives of them (spec chapter 7.7). @module */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Afterwards neither `rawHeaders` nor `headers` nor `headersDistinct` has a header of `names`, which are lower case. */
export function stripHeaders(request: IncomingMessage, names: ReadonlySet<string>): void {
  if (names.size === 0) return
  const { rawHeaders, headers } = request
  // Requests of HTTP/2 lack this view.
  const distinct: NodeJS.Dict<string[]> | undefined = isMadeLater(request) ? undefined : request.headersDistinct
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (names.has((rawHeaders[at] ?? '').toLowerCase())) rawHeaders.splice(at, 2)
  }
  for (const name of names) {
    delete headers[name]
    delete distinct?.[name]
  }
  if (KEYS !== undefined && distinct === undefined) Reflect.set(request, KEYS.count, rawHeaders.length)
}

/** Whether Node will make `headersDistinct` of all that `rawHeaders` has by the time that somebody asks for it. */
function isMadeLater(request: IncomingMessage): boolean {
  if (KEYS === undefined) return false
  const made: unknown = Reflect.get(request, KEYS.distinct)
  return (made ?? undefined) === undefined && Reflect.get(request, KEYS.count) === request.rawHeaders.length
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
