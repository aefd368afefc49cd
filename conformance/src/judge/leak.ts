/** Finds exact codes in a refusal that shows another: why it was refused is for the log of the receiver (AHP-REFUSE-5). @module */
import type { Response } from '../wire/response.ts'
import { objectIn } from '../values.ts'
import type { Registry } from './registry.ts'

/** A sentence for the first code of the registry that is found in a refusal which may show `shown`; none when there is none. */
export function faultsOfLeak(response: Response, registry: Registry, shown: readonly (string | undefined)[]): readonly string[] {
  const said = shown
    .filter((code) => code !== undefined)
    .toSorted((one, other) => other.length - one.length)
    .reduce((text, code) => text.replaceAll(code, ''), plain(textOf(response)))
  // Without an underscore it is a word as any other.
  const leaked = [...registry.keys()].find((code) => code.includes('_') && said.includes(code))
  return leaked === undefined ? [] : [`the refusal names ${leaked}, which is not the code that it shows (AHP-REFUSE-5)`]
}

/** All that a client can read, but the title of `misconfigured`, which is for the owner of the receiver (AHP-REFUSE-6). */
function textOf({ reason, fields, trailers, content }: Response): string {
  const problem = objectIn(content)
  const { title: _title, ...others } = problem ?? {}
  const body = problem?.['code'] === 'misconfigured' ? JSON.stringify(others) : Buffer.from(content).toString('latin1')
  return [reason, ...[...fields, ...trailers].flat(), body].join('\n')
}

/** `Token-Key-Unknown` is the code as well. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll('-', '_')
}
