/** What a `Request` shows of what was sent: less than a server does, so what is doubtful is refused (spec chapter 7.8). @module */
import { Refusal } from '@aiegis/protocol'
import type { ContentLimits, ReceivedRequest } from '../request.ts'
import type { TrustConfig } from '../trust.ts'
import { readContent } from './content.ts'

/**
 * The request as the verifier wants it, and `content()` the bytes that it read. Cannot show repeated lines apart, a target in other than
 * normal form, the version of HTTP, or trailers. `beneath` is what the framework says the request was made of: one of Node's shows all
 * that, and is then `misconfigured` here. With `isKept` the content stays in `request` too.
 */
export function receivedOf(
  request: Request,
  trust: Pick<TrustConfig, 'bases'> | undefined,
  beneath?: unknown,
  isKept: boolean = false,
): { readonly received: ReceivedRequest; readonly content: () => Uint8Array<ArrayBuffer> } {
  let content = new Uint8Array(0)
  const { authority, target } = partsOf(request.url)
  return {
    received: {
      method: request.method,
      target,
      // Thrown where the verifier reads: it is a refusal then.
      get headers() {
        checkBeneath(beneath)
        return linesOf(request.headers, authority, trust)
      },
      async content(limits: ContentLimits) {
        content = await readContent(request, limits, isKept)
        return content
      },
    },
    content: () => content,
  }
}

/** Text, not `URL`: what the runtime shows is compared, not what becomes of it when it is parsed once more. */
function partsOf(url: string): { readonly authority: string; readonly target: string } {
  const [, authority = '', target = ''] = /^[a-z]+:\/\/([^/]*)(.*)$/s.exec(url) ?? []
  return { authority: authority.toLowerCase(), target }
}

function linesOf(headers: Headers, authority: string, trust: Pick<TrustConfig, 'bases'> | undefined): readonly string[] {
  // One line and two are shown alike, with a comma.
  if (headers.get('content-type')?.includes(',')) throw new Refusal('content_type_repeated', 'a comma in Content-Type')
  const host = headers.get('host')
  // HTTP/2 has `:authority`, which runtimes show in the URL alone.
  if (host === null) return [...headers, ['host', authority]].flat()
  // An absolute-form target, or a URL that the runtime was told to make up: handlers and the base would mean two hosts.
  if (host.toLowerCase() !== authority && !isAnyHost(trust)) throw new Refusal('request_malformed', 'Host is not that of the URL')
  return [...headers].flat()
}

function checkBeneath(beneath: unknown): void {
  if (typeof beneath === 'object' && beneath !== null && 'rawHeaders' in beneath)
    throw new Refusal(
      'misconfigured',
      'Node has received this request and shows more of it: use the adapter for Node, @aiegis/fetch/hono-node',
    )
}

/** Whether the operator has said that `Host` is not looked at. */
function isAnyHost(trust: Pick<TrustConfig, 'bases'> | undefined): boolean {
  return trust?.bases.some(({ authority }) => authority === 'fixed') ?? false
}
