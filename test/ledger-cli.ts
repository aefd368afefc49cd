/** The auditor's commands as a caller sees them, and logs that somebody changed, for tests. @module */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../packages/ledger/src/cli/command.ts'
import { connect, temporaryDirectory } from '../packages/ledger/test/logs.ts'

/** What a command said, and how it ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command to its end. The log must not be open in this process, whose locks the command would give back. */
export async function ledger(...args: string[]): Promise<Ended> {
  const [out, err]: string[][] = [[], []]
  const code = await runCommand(args, { print: (line) => void out?.push(line), complain: (line) => void err?.push(line) })
  return { code, out: out?.join('\n') ?? '', err: err?.join('\n') ?? '' }
}

/** The same with `--json`: every line is one object with a type. */
export async function ledgerJson(...args: string[]): Promise<{
  readonly code: number
  readonly lines: readonly Record<string, unknown>[]
  readonly last: Record<string, unknown>
}> {
  const { code, out, err } = await ledger(...args, '--json')
  if (err !== '') throw new Error(`with --json everything is on one side, not: ${err}`)
  const lines = out.split('\n').map((line): Record<string, unknown> => JSON.parse(line))
  if (lines.some(({ type }) => typeof type !== 'string')) throw new Error('a line without a type')
  return { code, lines: lines.filter(({ type }) => type !== 'progress'), last: lines.at(-1) ?? {} }
}

/** What the owner of a file can do: statements with all triggers away, which are put back but for `away`. */
export function asOwner(directory: string, statements: string, away: 'all' | (string & {}) = ''): void {
  const database = connect(directory)
  const triggers = database.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`).all() as {
    name: string
    sql: string
  }[]
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`)
  database.exec(statements)
  for (const trigger of triggers) if (away !== 'all' && trigger.name !== away) database.exec(trigger.sql)
  database.close()
}

/** A file with this content, until the test is over. */
export function fileWith(content: string | Uint8Array, name = 'file'): string {
  const file = join(temporaryDirectory(), name)
  writeFileSync(file, content)
  return file
}

/** Bytes as SQL. */
export function blob(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes).toString('hex')}'`
}
