/** What the story prints: one line a scene, the same width for all. @module */

/** What came of one scene. */
export interface Outcome {
  readonly status: number
  /** The code of the refusal, or what was done. */
  readonly code: string
  /** A line of its own under the scene. */
  readonly note?: string
}

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined

/** A heading. */
export function heading(text: string): void {
  console.log(`\n${bold(text)}`)
}

/** Indented text under a heading. */
export function say(text: string): void {
  console.log(`  ${text}`)
}

/** One scene: what was tried, how it ended, and one thing more about it. */
export function scene(name: string, { status, code, note }: Outcome, aside: string, expected: boolean): void {
  const mark = expected ? (status < 300 ? green('served ') : 'refused') : red('SURPRISE')
  console.log(`  ${mark}  ${name.padEnd(46)} ${String(status).padEnd(4)} ${code.padEnd(28)} ${aside}`)
  if (note !== undefined) console.log(`           ${dim(note)}`)
}

function bold(text: string): string {
  return paint('1', text)
}

function dim(text: string): string {
  return paint('2', text)
}

function green(text: string): string {
  return paint('32', text)
}

function red(text: string): string {
  return paint('31;1', text)
}

function paint(code: string, text: string): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text
}
