/** What a command of the auditor is (spec chapter 17.12). @module */
import type { ExitCode } from './failures.ts'
import type { Call, OptionName } from './options.ts'
import type { Output } from './output.ts'

/** One command. */
export interface Command {
  /** How it is called, in the list of all. */
  readonly line: string
  readonly summary: string
  readonly help: string
  /** What it takes beside `--json` and `--help`. */
  readonly options: readonly OptionName[]
  /** How many words it takes, at least and at most. */
  readonly words: readonly [least: number, most: number]
  /** Rejects with what `failureOf` knows, and for defects. */
  run(call: Call, output: Output): Promise<ExitCode>
}
