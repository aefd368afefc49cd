/** Gets one thing over HTTP within bounds: no redirect, no proxy, no coding, so many bytes, so much time. @module */
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import { Malformed } from './refusal.mjs'

/**
 * `{content, fields}` of an answer with status 200 whose media type is one of `types`. `seconds` count for everything together.
 * Throws `Malformed` for every other answer and for none.
 */
export async function fetchWithin(url, { types, maxBytes, seconds, connection = {} }) {
  const signal = AbortSignal.timeout(Math.ceil(seconds * 1000))
  const get = url.startsWith('https://') ? getHttps : getHttp
  const options = {
    ...connection,
    signal,
    agent: false,
    headers: { Accept: types.join(', ') },
    minVersion: 'TLSv1.2',
    maxHeaderSize: 16_384,
  }
  const response = await new Promise((resolve, reject) => get(url, options, resolve).once('error', reject)).catch(unusable)
  try {
    check(response, types)
    return { content: await contentOf(response, maxBytes), fields: response.headers }
  } catch (error) {
    response.destroy()
    return unusable(error)
  }
}

function check({ statusCode, headers }, types) {
  const type = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  if (statusCode !== 200) throw new Malformed(`status ${statusCode}`)
  if (headers['content-encoding'] !== undefined) throw new Malformed('a content coding')
  if (!types.includes(type)) throw new Malformed(`the type ${type}`)
}

async function contentOf(response, maxBytes) {
  const parts = []
  let size = 0
  for await (const part of response) {
    size += part.length
    if (size > maxBytes) throw new Malformed('too many bytes')
    parts.push(part)
  }
  if (!response.complete) throw new Malformed('an answer that broke off')
  return Buffer.concat(parts)
}

/** Whatever went wrong out there is no fault of this program. */
function unusable(error) {
  throw error instanceof Malformed ? error : new Malformed(`no answer: ${error.code ?? error.name}`)
}
