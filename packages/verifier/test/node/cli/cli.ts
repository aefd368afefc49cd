/** A folder with files of a test, and the command run in it. @module */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { RawRequest } from '@aiegis/testing'
import { runCommand } from '../../../src/node/cli/command.ts'

/** Removed with the test. */
export function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(tmpdir(), 'aiegis-cli-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content, { mode: 0o644 })
  return path
}

/** Exit code and everything that was printed. */
export async function run(directory: string, args: readonly string[], now: () => number = Date.now) {
  const lines: string[] = []
  const say = (line: string): void => void lines.push(line)
  const code = await runCommand(args, { print: say, complain: say, trustFile: undefined, directory, now })
  return { code, text: lines.join('\n') }
}

/** As it stands on the wire. */
export function wireOf({ method, target, lines, body }: RawRequest, newline = '\r\n'): Buffer {
  const head = [`${method} ${target} HTTP/1.1`, ...lines.map((line) => line.join(': ')), '', ''].join(newline)
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
