/** One mutant for each member of token, passport and delegation: it is taken as it comes, or not found missing. @module */
import { sourceOf, type Mutant } from './mutant.ts'
import { uniqueAround } from './suppressed.ts'

const FILES: readonly string[] = ['protocol/token.js', 'protocol/passport.js', 'protocol/delegation.js']

/** A reader with the object and the name of the member in it. */
const READER =
  /(?:claim\.(?:string|text|textOrNull|integer|oneOf|list)|asciiText|did|seconds|boolean|uniqueDids|exactList)\((\w+), '(@?\w+)'/g
/** A closed object, and what it is called. */
const CLOSED = /claim\.closed\(([\w.[\]']+), ('[^']*'|FACT_NAMES\[fact\])/g
/** A parser of one member whose value is used as it is. */
const PARSER = /claim\.parse\('"[\w.]+"', \(\) => parse(?:Mission|Milliseconds|NormalUrl)\((\w+(?:\['(\w+)'\])?)/g

/** The mutants of all three, in the order of the text. */
export function uncheckedMutants(): readonly Mutant[] {
  return FILES.flatMap((file) => {
    const source = sourceOf(file)
    const found = [
      ...[...source.matchAll(READER)].map((match) => ({ match, value: `${match[1]}['${match[2]}']`, name: `"${match[2]}"` })),
      ...[...source.matchAll(CLOSED)].map((match) => ({ match, value: `${match[1]}`, name: `the members of ${match[1]}` })),
      ...[...source.matchAll(PARSER)].map((match) => ({
        match,
        value: `${match[1]}`,
        name: `what ${match[2] ?? match[1]} says`,
      })),
    ]
    const seen = new Map<string, number>()
    return found.map(({ match, value, name }): Mutant => {
      const nth = (seen.get(name) ?? 0) + 1
      seen.set(name, nth)
      const end = endOfCall(source, match.index)
      const { find, at } = uniqueAround(source, match.index, end)
      return {
        id: `unchecked ${file.slice(0, -'.js'.length)}: ${name}${nth === 1 ? '' : ` (${nth})`}`,
        defect: `does not check ${name}`,
        file,
        find,
        replace: `${find.slice(0, match.index - at)}(${value})`,
      }
    })
  })
}

/** Behind the parenthesis that closes the first one after `start`. No text of these calls holds one. */
function endOfCall(source: string, start: number): number {
  let depth = 0
  for (let at = source.indexOf('(', start); ; at++) {
    if (source[at] === '(') depth++
    if (source[at] === ')') depth--
    if (depth === 0) return at + 1
  }
}
