/** Judges `Expect`, so that content is asked for only when it will be read (RFC 9110 §10.1.1; spec chapter 15.5). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal } from '@aiegis/protocol'

/** Requests whose content waits for an invitation. Goes with the request. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

/** Keeps the invitation back that Node would send by itself. */
export function holdContent(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response)
}

/** Sends `100 Continue` when the request waits for it and `check` does not throw; the last step before its content is read. */
export function inviteContent(request: IncomingMessage, check: () => void): void {
  const response = waiting.get(request)
  if (response === undefined) return
  check()
  response.writeContinue()
}

/** Throws `expectation_unknown` for every expectation but `100-continue`. One in HTTP/1.0 means nothing. */
export function checkExpectation({ headers: { expect }, httpVersion }: IncomingMessage): void {
  if (expect !== undefined && httpVersion !== '1.0' && expect.toLowerCase() !== '100-continue')
    throw new Refusal('expectation_unknown', 'another expectation than 100-continue')
}
