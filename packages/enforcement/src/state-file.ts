/** Reads files of the state directory that must be there and whole, or the server does not start (spec chapters 9 and 15.9). @module */
import { readFileSync } from 'node:fs'
import { Malformed, parseJson, Refusal, type JsonLimits, type JsonValue } from '@aiegis/protocol'
import { codeOf } from './keys.ts'
import { UsageError } from './usage.ts'

/** What `parse` makes of the JSON in `file`. Throws `UsageError`; `lost` says what it means that the file is missing, and what to do. */
export function readStateFile<T>(file: string, lost: string, limits: JsonLimits, parse: (value: JsonValue) => T): T {
  const bytes = read(file)
  if (bytes === undefined) throw new UsageError(`${file}: it is missing, ${lost}`)
  try {
    return parse(parseJson(bytes, limits))
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refusal)
      throw new UsageError(
        `${file}: it is damaged (${error instanceof Refusal ? error.detail : error.message}); put a good copy back`,
        { cause: error },
      )
    throw error
  }
}

function read(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new UsageError(`${file}: it cannot be read (${codeOf(error)}); the server needs it`, { cause: error })
  }
}
