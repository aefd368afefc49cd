/** What the command `aiegis-ledger` does: checks files of receivers without a network (spec chapters 5.6 and 10.3). @module */
import { readFile, stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { defaultCrypto, Malformed, Refusal } from '@aiegis/protocol'
import { checkFile, MAX_FILE } from './check.ts'
import { MAX_TRUST } from './trust.ts'

const USAGE = `usage: aiegis-ledger check FILE [--trust aiegis-trust.json]

FILE is a receipt (context.receipt()) or evidence against a log (ledger-evidence-….json).
Without --trust the keys in the file are used, and the answer says so.
Exit code 0: it holds, 1: it does not, 2: wrong call, 4: own fault.`

/** Where a command reads and writes. */
export interface CommandPorts {
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Runs the command and resolves to its exit code. Never rejects for anything that is in a file. */
export async function runCommand(args: readonly string[], { print, complain }: CommandPorts): Promise<0 | 1 | 2> {
  const call = readCall(args)
  if (call === undefined) {
    complain(USAGE)
    return 2
  }
  try {
    const file = await bytesOf(call.file, MAX_FILE)
    const trust = call.trust === undefined ? undefined : await bytesOf(call.trust, MAX_TRUST)
    for (const line of await checkFile(defaultCrypto(), file, trust)) print(shown(line))
    return 0
  } catch (error) {
    if (error instanceof Unreadable) {
      complain(shown(error.message))
      return 2
    }
    if (!(error instanceof Malformed) && !(error instanceof Refusal)) throw error
    complain(shown(`does not hold: ${error.message}`))
    return 1
  }
}

/** A sentence on one line, with signs that nobody sees as their numbers: what is in a file could else write sentences, or hide some. */
function shown(sentence: string): string {
  return sentence.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** A file that the caller named and that cannot be read. */
class Unreadable extends Error {}

async function bytesOf(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > maxBytes) throw new Unreadable(`${path} is larger than ${maxBytes} bytes`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw new Unreadable(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function readCall(args: readonly string[]): { readonly file: string; readonly trust: string | undefined } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { trust: { type: 'string' } },
    })
    const [command, file, ...more] = positionals
    return command === 'check' && file !== undefined && more.length === 0 ? { file, trust: values.trust } : undefined
  } catch (error) {
    // parseArgs throws TypeError for what it does not know.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
