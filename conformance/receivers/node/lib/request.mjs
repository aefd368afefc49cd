/** A request of node:http as the road reads it: every field line, and content only when it is asked for. @module */
import { Refusal } from './refusal.mjs'

/** `{method, target, fields, readContent, isRead}`; `isWaiting` says that the client waits to be asked for content. */
export function requestOf(incoming, response, isWaiting) {
  const { method, url: target, rawHeaders, headers } = incoming
  const fields = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    fields.push([rawHeaders[index].toLowerCase(), rawHeaders[index + 1].replaceAll(/^[ \t]+|[ \t]+$/g, '')])
  const hasContent = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return {
    method,
    target,
    fields,
    isRead: !hasContent,
    /** All of it, or a refusal with a code of the step content. */
    async readContent(limit, seconds) {
      if (!hasContent) return Buffer.alloc(0)
      if (Number(headers['content-length'] ?? 0) > limit) throw new Refusal('content_too_large')
      if (isWaiting) response.writeContinue() // AHP-ROAD-13
      const content = await collect(incoming, limit, seconds)
      this.isRead = true
      if (incoming.rawTrailers.length > 0) throw new Refusal('trailer_refused')
      return content
    },
  }
}

function collect(incoming, limit, seconds) {
  return new Promise((resolve, reject) => {
    const parts = []
    let size = 0
    const fail = (code) => {
      clearTimeout(timer)
      incoming.pause()
      reject(new Refusal(code))
    }
    const timer = setTimeout(() => fail('content_timeout'), seconds * 1000)
    incoming.on('data', (part) => {
      size += part.length
      if (size > limit) fail('content_too_large')
      else parts.push(part)
    })
    incoming.once('end', () => {
      clearTimeout(timer)
      if (incoming.complete) resolve(Buffer.concat(parts))
      else reject(new Refusal('content_incomplete'))
    })
    incoming.once('aborted', () => fail('content_incomplete'))
    incoming.once('error', () => fail('content_incomplete'))
  })
}
