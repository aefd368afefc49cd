/** Answers one line: `{"id","op","args"}` in, `{"id","ok","code"?,"value"?}` out. @module */
import { isObject, parseJson, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { argumentsOf } from './arguments.ts'
import { codeOf, type Operation } from './operations.ts'

/** Longest line in bytes, without its end. */
export const MAX_LINE = 4_194_304

const LIMITS = { maxBytes: MAX_LINE, maxDepth: 64, maxMembers: 1_000_000 }
const BAD = answerOf(null, { ok: false, code: 'request_malformed' })

/** The answer to a line, without a line feed; `undefined` stands for a line over `MAX_LINE`. Never throws for what a line says. */
export async function answer(line: Uint8Array | undefined, operations: ReadonlyMap<string, Operation>): Promise<string> {
  const request = line === undefined ? undefined : requestOf(line)
  if (request === undefined) return BAD
  const { id, op, args } = request
  const operation = operations.get(op)
  if (operation === undefined) return answerOf(id, { ok: false, code: 'unsupported' })
  try {
    return answerOf(id, await operation.run(argumentsOf(args, operation.arguments)))
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    return answerOf(id, { ok: false, code })
  }
}

interface Request {
  readonly id: string | number
  readonly op: string
  readonly args: JsonValue | undefined
}

function requestOf(line: Uint8Array): Request | undefined {
  const value = parsed(line)
  if (!isObject(value) || Object.keys(value).toSorted().join() !== 'args,id,op') return undefined
  const { id, op, args } = value
  if ((typeof id !== 'string' && typeof id !== 'number') || typeof op !== 'string') return undefined
  return { id, op, args }
}

function parsed(line: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(line, LIMITS)
  } catch (error) {
    if (codeOf(error) === 'malformed') return undefined
    throw error
  }
}

function answerOf(id: string | number | null, result: JsonObject | { readonly ok: boolean }): string {
  return JSON.stringify({ id, ...result })
}
