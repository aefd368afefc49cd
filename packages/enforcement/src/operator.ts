/** The operator's key: who has it enrols agents, revokes passports and interrupts agents and tasks (spec chapter 19.1). @module */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { HASH, Refusal } from '@aiegis/protocol'
import { bearerOf } from './fields.ts'
import { readPrivate, writePrivate } from './keys.ts'
import { UsageError } from './usage.ts'

/** Throws `operator_required` unless the header lines (name, value, …) carry the operator's key. */
export type OperatorCheck = (lines: readonly string[]) => void

/** Reads the key, 32 bytes in base64url, or makes it. Throws `UsageError`, for the same files as the private keys. */
export function loadOperatorKey(file: string): string {
  const found = readPrivate(file)
  if (found === undefined) writePrivate(file, `${randomBytes(32).toString('base64url')}\n`)
  const key = (found ?? readPrivate(file) ?? '').trimEnd()
  if (!HASH.test(key)) throw new UsageError(`${file}: it holds no 32 bytes as base64url; remove it, a new one will be made`)
  return key
}

/** Takes the same time for every wrong key: what is compared are hashes. */
export function createOperatorCheck(key: string): OperatorCheck {
  const expected = hash(key)
  return (lines) => {
    const given = bearerOf(lines)
    if (given === undefined || !timingSafeEqual(hash(given), expected))
      throw new Refusal('operator_required', given === undefined ? 'no bearer' : 'another bearer')
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
