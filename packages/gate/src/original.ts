/** Decides which request a proxy asks about: its method, target, fields and content, as the client sent them (spec chapter 21). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal, type ContentLimits, type ReceivedRequest } from '@aiegis/verifier'
import { receivedOf } from '@aiegis/verifier/node'

/**
 * How a proxy asks. `auth-request`: nginx, in a subrequest without content that names the request in fields. `accel-redirect`: nginx,
 * with the request itself, and the answer tells it where to go on. `ext-authz`: Envoy, with a copy of the request.
 */
export const PROXIES = ['auth-request', 'accel-redirect', 'ext-authz'] as const
/** One way of asking. */
export type Proxy = (typeof PROXIES)[number]

/** What the proxy says of a request besides forwarding it; the proxy overwrites each of these. */
export const SAYS: Readonly<Record<Proxy, readonly string[]>> = {
  'auth-request': ['x-aiegis-original-method', 'x-aiegis-original-uri', 'x-aiegis-original-content'],
  'accel-redirect': ['x-aiegis-original-content'],
  'ext-authz': ['x-aiegis-original-content'],
}

/**
 * The request behind the question. Its fields throw `misconfigured` when the proxy does not say what it has to, and `override_header` when
 * something is said twice, for then a client said it too, or a name has `_`. Its content throws `content_too_large` where the proxy keeps it, and
 * `content_incomplete` where less comes than the client announced (AHP-BIND-28).
 */
export function originalOf(proxy: Proxy, request: IncomingMessage, response: ServerResponse): ReceivedRequest {
  const received = receivedOf(request, response)
  let split: Split | undefined
  const said = (): Split => (split ??= splitFields(SAYS[proxy], received.headers))
  return {
    get method() {
      return said().of('x-aiegis-original-method') ?? received.method
    },
    get target() {
      return said().of('x-aiegis-original-uri') ?? received.target
    },
    get headers() {
      return said().rest
    },
    content: async (limits) => CONTENT[proxy](said(), received, limits),
  }
}

interface Split {
  /** What the proxy says under that name. */
  readonly of: (name: string) => string | undefined
  /** The field lines that are the client's. */
  readonly rest: readonly string[]
}

function splitFields(names: readonly string[], lines: readonly string[]): Split {
  const found = new Map<string, string>()
  const rest: string[] = []
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [written = '', value = ''] = lines.slice(at, at + 2)
    const name = written.toLowerCase()
    if (!names.includes(name)) {
      // CGI, WSGI and others read X_AEGIS_Context as X-AEGIS-Context; what the gate looked at must be what the application reads.
      if (name.includes('_')) throw new Refusal('override_header', 'a field name with "_", which applications read as "-"')
      rest.push(written, value)
      continue
    }
    if (found.has(name)) throw new Refusal('override_header', `${name} twice: the proxy adds it instead of overwriting it`)
    found.set(name, value)
  }
  const silent = names.find((name) => !found.has(name))
  if (silent !== undefined)
    throw new Refusal('misconfigured', `the proxy does not send ${silent}: use the configuration of @aiegis/gate for it`)
  return { of: (name) => found.get(name), rest }
}

/** `$content_length` and `$http_transfer_encoding` of nginx. */
const FRAMING = /^length=([0-9]{0,15}); coding=(.*)$/
/** What the configuration for Envoy adds beside `with_request_body`. */
const FORWARDED = 'forwarded'

type ReadContent = (said: Split, received: ReceivedRequest, limits: ContentLimits) => Promise<Uint8Array>

const CONTENT: Readonly<Record<Proxy, ReadContent>> = {
  'auth-request': async (said, received, limits) => {
    const { length, coding } = framingIn(said)
    if (length > 0 || coding !== '') throw new Refusal('content_too_large', 'auth_request of nginx forwards no content')
    return received.content(limits)
  },
  'accel-redirect': async (said, received, limits) => {
    const { length, coding } = framingIn(said)
    const content = await received.content(limits)
    // When nginx has read content to its end it names its length, however that was framed.
    if (content.length !== length)
      throw new Refusal('content_incomplete', `${content.length} bytes came of content with "${length}" "${coding}"`)
    return content
  },
  'ext-authz': async (said, received, limits) => {
    if (said.of('x-aiegis-original-content') !== FORWARDED)
      throw new Refusal('misconfigured', 'Envoy does not say that it forwards content: use the configuration of @aiegis/gate')
    if (said.rest.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'upgrade'))
      throw new Refusal('content_too_large', 'Envoy forwards no content of a request that asks for another protocol')
    const cut = said.rest.some((name, at) => at % 2 === 0 && name.toLowerCase() === PARTIAL && said.rest[at + 1] !== 'false')
    if (cut) throw new Refusal('content_too_large', 'Envoy forwards a part of the content: set allow_partial_message to false')
    return received.content(limits)
  },
}

/** Envoy marks content that it has cut off. */
const PARTIAL = 'x-envoy-auth-partial-body'

/** `length` is 0 where none is named. */
function framingIn(said: Split): { readonly length: number; readonly coding: string } {
  const [, length, coding] = FRAMING.exec(said.of('x-aiegis-original-content') ?? '') ?? []
  if (length === undefined || coding === undefined)
    throw new Refusal('misconfigured', 'X-Aiegis-Original-Content is not what the configuration of @aiegis/gate sends')
  return { length: Number(length), coding }
}
