/** One mutant for each place of the receiver that refuses: the check is made and what it finds is not minded. @module */
import { sourceOf, type Mutant } from './mutant.ts'

/** The compiled files that a request meets on its way to the handler, and what is read in the background for it. */
export const ROAD: readonly string[] = [
  ...below(
    'protocol',
    'base64 bytes checkpoint delegation did did-document did-web ed25519 http-signature jcs json jwk jws leaf',
  ),
  ...below('protocol', 'members mission note passport status-list structured-fields time tlog-proof token url'),
  ...below('verifier/steps', 'binding content decision decode delegations extract joins ledger passports possession replay'),
  ...below('verifier/steps', 'requirement signed status token'),
  ...below('verifier', 'audit-origin audit-round did-keys narrow node/content node/verifier status status-read'),
]

function below(folder: string, names: string): readonly string[] {
  return names.split(' ').map((name) => `${folder}/${name}.js`)
}

const THROWN = /new (Refusal|Malformed|RepeatedTag|JwsHeaderError)\(([^;\n]*)/g

/** The mutants of all files of the road, in the order of the files and of the text. */
export function suppressedMutants(): readonly Mutant[] {
  return ROAD.flatMap((file) => mutantsOf(file, sourceOf(file)))
}

/** `throw new Refusal(…)` becomes `void new Refusal(…)`; where one is returned or handed on, nothing is. */
function mutantsOf(file: string, source: string): readonly Mutant[] {
  const seen = new Map<string, number>()
  return [...source.matchAll(THROWN)].map((match) => {
    const text = match[2] ?? ''
    const words = /'((?:[^'\\]|\\.)*)'|`([^`]*)`|"([^"]*)"/g
    const said = [...text.matchAll(words)].map((found) => found[1] ?? found[2] ?? found[3] ?? '')
    const code = match[1] === 'Refusal' ? said[0] : undefined
    const name = (said.join(': ') || text).replaceAll(/\$\{[^}]*\}/g, '…').slice(0, 80)
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    const start = source.slice(0, match.index).endsWith('throw ') ? match.index - 'throw '.length : match.index
    // From the line's beginning, and as much after it as makes the text the only one of its kind.
    const { find, at } = uniqueAround(source, start, match.index + match[0].length)
    const replace = `${find.slice(0, start - at)}void ${find.slice(match.index - at)}`
    return {
      id: `suppress ${file.slice(0, -'.js'.length)}: ${name}${nth === 1 ? '' : ` (${nth})`}`,
      defect: `does not mind it: ${name}`,
      file,
      find,
      replace,
      ...(code !== undefined && /^[a-z][a-z0-9_]{2,39}$/.test(code) ? { code } : {}),
    }
  })
}

function uniqueAround(source: string, start: number, end: number): { readonly find: string; readonly at: number } {
  let at = source.lastIndexOf('\n', start) + 1
  while (source.indexOf(source.slice(at, end)) !== source.lastIndexOf(source.slice(at, end))) {
    at = source.lastIndexOf('\n', at - 2) + 1
  }
  return { find: source.slice(at, end), at }
}
