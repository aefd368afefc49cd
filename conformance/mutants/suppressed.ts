/** One mutant for each place of the receiver that refuses: the check is made and what it finds is not minded. @module */
import { sourceOf, type Mutant } from './mutant.ts'

/** The compiled files that a request meets on its way to the handler, and what is read in the background for it. */
export const ROAD: readonly string[] = [
  ...below(
    'protocol',
    'base64 bytes checkpoint delegation did did-document did-web ed25519 http-signature jcs json jwk jws leaf',
  ),
  ...below('protocol', 'members mission note passport status-list structured-fields time tlog-proof token url'),
  ...below(
    'verifier/steps',
    'binding check content decision decode delegations extract joins ledger passports possession replay',
  ),
  ...below('verifier/steps', 'requirement signed status token'),
  ...below('verifier', 'audit-origin audit-round body-requirement did-keys narrow node/content node/verifier status status-read'),
]

function below(folder: string, names: string): readonly string[] {
  return names.split(' ').map((name) => `${folder}/${name}.js`)
}

/** What reads the trust bundle at the start. */
const START: readonly string[] = [
  ...below('verifier', 'trust trust-bases trust-did-web trust-keys trust-parties trust-reader trust-settings trust-witnesses'),
  ...below('verifier/node', 'load-trust trusted-file'),
]
/** Where that is refused: the sentence of a wrong bundle, and what is thrown. Verb, what is made, and what is said in it. */
const SAID = /(throw |(?<!function )wrong(?=\())(new \w+|\w+|)\(([^;\n]*)/g

/** Verifier keys are read at the start alone. */
const OF_KEYS = /^(?:not a verifier key|a verifier key (?:of|whose) |not a name of a note key)/

const THROWN = /(throw )?(new (?:Refusal|Malformed|RepeatedTag|JwsHeaderError))\(([^;\n]*)/g

/** The mutants of all files, in the order of the files and of the text. */
export function suppressedMutants(): readonly Mutant[] {
  return [
    ...ROAD.flatMap((file) => mutantsOf(file, THROWN)),
    ...START.flatMap((file) => mutantsOf(file, SAID).map((mutant) => ({ ...mutant, isOfStart: true as const }))),
  ]
}

/** `throw new Refusal(…)` becomes `void new Refusal(…)`; where one is returned or handed on, nothing is. */
function mutantsOf(file: string, form: RegExp): readonly Mutant[] {
  const source = sourceOf(file)
  const seen = new Map<string, number>()
  return [...source.matchAll(form)].map((match) => {
    const [all, verb = '', made = '', text = ''] = match
    const words = /'((?:[^'\\]|\\.)*)(?:'|$)|`([^`]*)(?:`|$)|"([^"]*)"/g
    const said = [...text.matchAll(words)].map((found) => found[1] ?? found[2] ?? found[3] ?? '')
    const code = made === 'new Refusal' ? said[0] : undefined
    const name = (said.join(': ') || text).replaceAll(/\$\{[^}]*\}/g, '…').slice(0, 80)
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    // From the line's beginning, and as much after it as makes the text the only one of its kind.
    const { find, at } = uniqueAround(source, match.index, match.index + all.length)
    const replace = `${find.slice(0, match.index - at)}void ${find.slice(match.index + verb.length - at)}`
    return {
      id: `suppress ${file.slice(0, -'.js'.length)}: ${name}${nth === 1 ? '' : ` (${nth})`}`,
      defect: `does not mind it: ${name}`,
      file,
      find,
      replace,
      ...(OF_KEYS.test(name) ? { isOfStart: true as const } : {}),
      ...(code !== undefined && /^[a-z][a-z0-9_]{2,39}$/.test(code) ? { code } : {}),
    }
  })
}

/** Text from the beginning of a line to `end` that is there once, and where it begins. */
export function uniqueAround(source: string, start: number, end: number): { readonly find: string; readonly at: number } {
  let at = source.lastIndexOf('\n', start) + 1
  while (source.indexOf(source.slice(at, end)) !== source.lastIndexOf(source.slice(at, end))) {
    at = source.lastIndexOf('\n', at - 2) + 1
  }
  return { find: source.slice(at, end), at }
}
