/** What a mutation gives to the soak: a request, and what the specification says about it, which nobody asks the verifier. @module */
import type { RawRequest } from '@aiegis/testing'
import type { Random } from './random.ts'
import type { Base, World } from './world.ts'

/** A changed request and its verdict. */
export interface Mutant {
  /** What was changed, for the report. */
  readonly name: string
  readonly request: RawRequest
  /** `unchanged`: not sent at all. `open`: nothing that a decision covers was changed, and the specification leaves the spelling to the receiver; only crashes count. */
  readonly expected: 'served' | 'refused' | 'open' | 'unchanged'
  /** What was changed; a mutant that equals it is no mutant. */
  readonly base?: Base
  /** Puts back what the mutation did to the world. */
  readonly undo?: () => void | Promise<void>
}

/** Makes one mutant. */
export type Mutate = (world: World, random: Random) => Mutant | Promise<Mutant>

/** True when both are the same bytes. */
export function isSame(one: RawRequest, other: RawRequest): boolean {
  return textOf(one) === textOf(other)
}

/** The request with other text in the line called `name`, which stays where it is. */
export function setLine(request: RawRequest, name: string, value: string): RawRequest {
  return { ...request, lines: request.lines.map((line) => (line[0] === name ? [name, value] : line)) }
}

function textOf({ method, target, lines, body, sending = 'whole' }: RawRequest): string {
  return JSON.stringify([method, target, lines, sending, Buffer.from(body).toString('base64')])
}

const EVIDENCE = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature']

/** AHP-BIND-4, AHP-BYTES-14: evidence that is longer than any receiver reads. */
export function isTooLarge({ lines }: RawRequest): boolean {
  const sizes = lines
    .filter(([name]) => EVIDENCE.includes(name.toLowerCase()))
    .map(([name, value]) => name.length + 2 + value.length)
  return sizes.some((size) => size > 8000) || sizes.reduce((sum, size) => sum + size, 0) > 12_288 || lines.some(hasLongPart)
}

function hasLongPart([name, value]: readonly [string, string]): boolean {
  switch (name.toLowerCase()) {
    case 'x-aegis-token':
    case 'x-aegis-proof':
      return value.length > 4096
    case 'signature-input':
    case 'signature':
      return value.length > 2048
    case 'x-aegis-passport':
      return value.length > 7980 || value.split('~').some((part, at) => part.length > (at % 2 === 0 ? 4096 : 1100))
    default:
      return false
  }
}
