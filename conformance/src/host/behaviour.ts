/** How a resource of the suite host behaves: a list of small instructions, as cases write them. @module */

/** One instruction. */
export type Instruction =
  | { readonly status: number }
  | { readonly header: readonly [string, string] }
  /** Milliseconds before the answer begins. */
  | { readonly delay: number }
  /** So many bytes, then a pause of so many milliseconds, and again. */
  | { readonly trickle: readonly [number, number] }
  /** Ends the connection after so many bytes of content, though more were promised. */
  | { readonly truncate: number }
  /** Breaks the connection after so many bytes of content. */
  | { readonly reset: number }
  /** Never answers. */
  | { readonly hang: true }
  | { readonly redirect: string }
  /** Content of so many bytes, all spaces. */
  | { readonly size: number }
  /** Content of gzip that inflates to so many bytes. */
  | { readonly gzipbomb: number }
  /** What would be answered, in the content coding gzip. */
  | { readonly gzip: true }
  | { readonly body: string }
  /** The content of another resource of the host. */
  | { readonly resource: string }
  /** One list per request, the last for all that follow. */
  | { readonly sequence: readonly Behaviour[] }
  /** For so many seconds the first list, from then on the second. */
  | { readonly until: readonly [number, Behaviour, Behaviour] }

/** None: the resource is served as it is. */
export type Behaviour = readonly Instruction[]

/** A script that is not of this form, in one sentence. */
export class BehaviourError extends Error {
  override readonly name = 'BehaviourError'
}

type Reader = (value: unknown, where: string) => Instruction

const READERS: Readonly<Record<string, Reader>> = {
  status: (value, where) => ({ status: whole(value, 100, 599, where) }),
  header: (value, where) => {
    const [name, text, ...rest] = listOf(value, where)
    if (typeof name !== 'string' || typeof text !== 'string' || rest.length > 0) throw wrong(where, 'a name and a value')
    return { header: [name, text] }
  },
  delay: (value, where) => ({ delay: whole(value, 0, 60_000, where) }),
  trickle: (value, where) => {
    const [bytes, pause] = listOf(value, where)
    return { trickle: [whole(bytes, 1, 65_536, where), whole(pause, 1, 60_000, where)] }
  },
  truncate: (value, where) => ({ truncate: whole(value, 0, 1e9, where) }),
  reset: (value, where) => ({ reset: whole(value, 0, 1e9, where) }),
  hang: (value, where) => ({ hang: yes(value, where) }),
  gzip: (value, where) => ({ gzip: yes(value, where) }),
  redirect: (value, where) => ({ redirect: textOf(value, where) }),
  size: (value, where) => ({ size: whole(value, 0, 1e8, where) }),
  gzipbomb: (value, where) => ({ gzipbomb: whole(value, 0, 1e8, where) }),
  body: (value, where) => ({ body: textOf(value, where) }),
  resource: (value, where) => ({ resource: textOf(value, where) }),
  sequence: (value, where) => ({ sequence: listOf(value, where).map((each) => parseBehaviour(each, where)) }),
  until: (value, where) => {
    const [seconds, before, after] = listOf(value, where)
    return { until: [whole(seconds, 0, 600, where), parseBehaviour(before, where), parseBehaviour(after, where)] }
  },
}

/** Reads a list of instructions, each an object with one member. Throws `BehaviourError`. */
export function parseBehaviour(value: unknown, where: string): Behaviour {
  return listOf(value, where).map((each) => {
    const entries = typeof each === 'object' && each !== null ? Object.entries(each) : []
    const [[name, argument] = ['', undefined]] = entries
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    if (entries.length !== 1 || reader === undefined)
      throw new BehaviourError(`${where}: write each instruction as an object with one of ${Object.keys(READERS).join(', ')}`)
    return reader(argument, `${where}: ${name}`)
  })
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(where, 'a list')
  return value
}

function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw wrong(where, 'a text')
  return value
}

function yes(value: unknown, where: string): true {
  if (value !== true) throw wrong(where, 'true')
  return value
}

function whole(value: unknown, least: number, most: number, where: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw wrong(where, `a whole number from ${least} to ${most}`)
  return value
}

function wrong(where: string, what: string): BehaviourError {
  return new BehaviourError(`${where}: write ${what}`)
}
