/** A request as bytes and lines: what a test sends, over a socket or straight into a verifier. @module */
import { Refusal } from '@aiegis/protocol'
import type { ReceivedRequest } from '@aiegis/verifier'

/** One HTTP/1.1 request, field lines in order and repeated where a test wants that. */
export interface RawRequest {
  readonly method: string
  /** The request target as it stands in the request line. */
  readonly target: string
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** How the content travels; `stall` stops before the last byte and waits, `cut` closes there. */
  readonly sending?: 'whole' | 'stall' | 'cut'
}

/** The value of the first line called `name`, case aside. */
export function lineOf(request: RawRequest, name: string): string | undefined {
  return request.lines.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1]
}

/** The request with every line called `name` replaced by one for each value. */
export function withLine(request: RawRequest, name: string, ...values: readonly string[]): RawRequest {
  const others = request.lines.filter(([known]) => known.toLowerCase() !== name.toLowerCase())
  return { ...request, lines: [...others, ...values.map((value) => [name, value] as const)] }
}

/** The request as an adapter hands it to a verifier, for tests without a socket; broken sending is reported as an adapter would. */
export function receivedFrom(request: RawRequest): ReceivedRequest {
  return {
    method: request.method,
    target: request.target,
    headers: request.lines.flat(),
    content: ({ maxBytes }) => {
      if (request.body.length > maxBytes) throw new Refusal('content_too_large', `more than ${maxBytes} bytes`)
      if (request.sending === 'stall') throw new Refusal('content_timeout', 'the content stalled')
      if (request.sending === 'cut') throw new Refusal('content_incomplete', 'the connection broke')
      return request.body
    },
  }
}
