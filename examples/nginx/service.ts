import type { RequestListener } from 'node:http'
import { createContextVerifier, Refusal, type ContextReceiver } from '@aiegis/verifier'

/** An application behind the gate, which learns from it who acts. */
export function orders(receivers: readonly ContextReceiver[], now: () => number = Date.now): RequestListener {
  const contexts = createContextVerifier({ audience: 'orders.internal', receivers, now })
  return (request, response) => {
    const { method = '', url: target = '', rawHeaders: headers } = request
    contexts.verify({ method, target, headers }).then(
      ({ presenter, action }) => response.end(`${action} by ${presenter.did}\n`),
      (error: unknown) => response.writeHead(error instanceof Refusal ? 401 : 500).end(),
    )
  }
}
