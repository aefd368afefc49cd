/** What the handlers of the fixtures on our adapters count and answer (conformance/README.md). @module */
import { createHash } from 'node:crypto'
import type { AiegisContext } from '@aiegis/verifier'

/** What no handler may see. */
const WATCHED = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', 'cookie', 'authorization']

/** Actions that routes declare; other methods of these paths are not mapped. */
export const ACTIONS = { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' }

/** What the route at `/conformance/aimed` declares besides. */
export const TARGET = 'https://target.conformance.example/thing'

/** True for the paths that declare `TARGET`, in every spelling that a router takes for them. */
export function isAimed(path: string): boolean {
  return /^\/conformance\/aimed(?:\/|$)/i.test(path)
}

/** Effects by nonce. */
export interface Effects {
  count(nonce: string): number
  /** Counts one effect, whether there is a context or not, and gives what the handler answers. `header` gives what the handler is shown of a header, nothing when there is none. */
  echo(context: () => AiegisContext, content: Uint8Array, header: (name: string) => string | undefined): object
}

export function createEffects(): Effects {
  const effects = new Map<string, number>()
  return {
    count: (nonce) => effects.get(nonce) ?? 0,
    echo(context, content, header) {
      const nonce = header('x-conformance-nonce') ?? 'none'
      effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
      const { principal, presenter, path, depth, action, target, decision, receiptId, task, ledger } = context()
      return {
        nonce,
        agent: presenter.did,
        principal: principal.did,
        path: path.map(({ did }) => did),
        depth,
        action,
        target,
        decision,
        receiptId,
        task,
        // Indexes and sizes are decimal text: numbers of JSON end at 2^53 in most languages.
        ledger: { ...ledger, index: String(ledger.index), size: String(ledger.size) },
        contentSha256: createHash('sha256').update(content).digest('base64url'),
        contentType: header('content-type') ?? null,
        seen: WATCHED.filter((name) => header(name) !== undefined),
      }
    },
  }
}
