/** The options of all commands, read once: each command says which of them it takes (spec chapter 17.12). @module */
import { parseArgs } from 'node:util'
import { WrongCall } from './failures.ts'

/** What a command was called with; `undefined` where an option was not given. */
export interface Values {
  readonly db?: string | undefined
  readonly url?: string | undefined
  readonly vkey?: string | undefined
  readonly 'former-vkey'?: readonly string[] | undefined
  readonly trust?: string | undefined
  readonly since?: string | undefined
  readonly keep?: string | undefined
  readonly minimum?: string | undefined
  readonly by?: string | undefined
  readonly reason?: string | undefined
  readonly key?: string | undefined
  readonly 'also-key'?: string | undefined
  readonly 'last-checkpoint'?: string | undefined
  readonly witnesses?: string | undefined
  readonly lines?: string | undefined
  readonly interval?: string | undefined
  readonly release?: boolean | undefined
  readonly once?: boolean | undefined
  readonly json?: boolean | undefined
  readonly help?: boolean | undefined
}

/** Name of an option. */
export type OptionName = keyof Values

/** A call that was read. */
export interface Call {
  readonly values: Values
  readonly words: readonly string[]
}

/** Reads a call; `undefined` for an option that nobody knows or that lacks its value. */
export function readCall(args: readonly string[]): Call | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        db: text,
        url: text,
        vkey: text,
        'former-vkey': { ...text, multiple: true },
        trust: text,
        since: text,
        keep: text,
        minimum: text,
        by: text,
        reason: text,
        key: text,
        'also-key': text,
        'last-checkpoint': text,
        witnesses: text,
        lines: text,
        interval: text,
        release: flag,
        once: flag,
        json: flag,
        help: flag,
      },
    })
    return { values, words: positionals }
  } catch (error) {
    // parseArgs throws TypeError for what it does not know.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** A count or an index from the command line. Throws `WrongCall`. */
export function countIn(text: string, what: string): number {
  const count = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(count)) throw new WrongCall(`${what} is a whole number, not ${JSON.stringify(text)}`)
  return count
}
