/** Finds the addresses of names so that a name whose servers hang holds up no other (spec chapters 2.8 and 9.3). @module */
import { lookup, promises, type LookupAddress } from 'node:dns'

/** Finds all addresses of a name, as `dns.lookup` does. */
export type LookupAll = (
  name: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

/** What names are looked up with. */
export interface NamePorts {
  /** Asks DNS without a thread; made anew for each name. */
  readonly resolver?: () => Pick<promises.Resolver, 'resolve4' | 'resolve6' | 'cancel'>
  /** What the system knows, such as its hosts file: getaddrinfo, which takes a thread for as long as it likes. */
  readonly system?: LookupAll
  /** For one name in DNS: 3,000 unless said otherwise. */
  readonly timeoutMs?: number
}

/** The ways to find a name. In each of them a name is looked up once at a time, whoever waits for it. */
export interface Names {
  /** In DNS alone; fails when the time is over. */
  readonly dns: LookupAll
  /** As the system does it, hosts file and DNS. At most two names at once: files and inflating need threads of the same pool. */
  readonly system: LookupAll
  /** In DNS, and as the system does it when DNS says that there is no such name, and for `localhost`. */
  readonly either: LookupAll
}

/** Creates the ways to find a name, on given ports: how tests show that each rule bites. */
export function createNames(ports: NamePorts = {}): Names {
  const { resolver = () => new promises.Resolver({ timeout: 3000, tries: 1 }), timeoutMs = 3000 } = ports
  const dns = once((name) => ask(resolver(), name, timeoutMs))
  const system = once(atMost(SYSTEM_LOOKUPS, (name) => promised(ports.system ?? lookup, name)))
  const either = async (name: string): Promise<LookupAddress[]> => {
    // RFC 6761 §6.3: no name of DNS.
    if (name === 'localhost') return system(name)
    try {
      return await dns(name)
    } catch (error) {
      if (!(error instanceof Error && ABSENT.includes(Reflect.get(error, 'code')))) throw error
      return system(name)
    }
  }
  return { dns: calledBack(dns), system: calledBack(system), either: calledBack(either) }
}

type Find = (name: string) => Promise<LookupAddress[]>

/** A family that fails does not take the other with it: nothing but the addresses that came is connected to. */
async function ask(
  resolver: ReturnType<NonNullable<NamePorts['resolver']>>,
  name: string,
  timeoutMs: number,
): Promise<LookupAddress[]> {
  const timer = setTimeout(() => resolver.cancel(), timeoutMs)
  timer.unref()
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  clearTimeout(timer)
  const found = [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ]
  if (found.length > 0) return found
  // What was not answered is not absent.
  const errors = [v4, v6].flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
  throw errors.find((error) => !ABSENT.includes(Reflect.get(Object(error), 'code'))) ?? errors[0]
}

/** Whoever asks for a name that is being looked up waits for that lookup. */
function once(find: Find): Find {
  const pending = new Map<string, Promise<LookupAddress[]>>()
  return (name) => {
    const known = pending.get(name)
    if (known !== undefined) return known
    const found = find(name).finally(() => pending.delete(name))
    pending.set(name, found)
    return found
  }
}

/** The others wait in turn. */
function atMost(count: number, find: Find): Find {
  const waiting: (() => void)[] = []
  let free = count
  return async (name) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await find(name)
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

async function promised(find: LookupAll, name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    find(name, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
  })
}

function calledBack(find: Find): LookupAll {
  return (name, _options, callback) => {
    find(name).then(
      (addresses) => callback(null, addresses),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), []),
    )
  }
}

/** No such name, none of its addresses, nobody to ask. */
const ABSENT: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED']
/** Of the four threads that there are unless the environment says otherwise. */
const SYSTEM_LOOKUPS = 2

/** Those of this process: readers that share a name share its lookup. */
export const names: Names = createNames()
